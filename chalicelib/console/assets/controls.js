// Orders to queues, tasks and clouds: pause, resume, and limits of how many jobs begin or run.

import { call, may, path } from "./api.js";
import { dialogForm, input } from "./dialog_form.js";
import { h } from "./dom.js";
import { duration } from "./format.js";
import { ask, attempt, button } from "./parts.js";
import { refresh } from "./watch.js";

/** What limits a queue, task or cloud, in words; nothing if nothing does. */
export function limits(control) {
  if (!control) return null;
  const told = [
    control.rate_count !== null && `${control.rate_count} in ${duration(control.rate_seconds)}`,
    control.at_once !== null && `${control.at_once} at once`,
  ].filter(Boolean);
  return told.length > 0 && h("small", {}, ` at most ${told.join(", ")}`);
}

/** Buttons that pause or resume, and limit. `scope`: "queue" or "task". */
export function orders(scope, name, control) {
  if (!may("admin")) return null;
  const place = [`${scope}s`, name];
  const order = (verb, text, done) =>
    button(
      text,
      async () => {
        if (verb === "pause" && !(await askToPause(scope, name))) return;
        await attempt(() => call("POST", path([...place, verb])), done);
        refresh();
      },
      "small",
      { "data-key": `pause-${scope}-${name}` },
    );
  return [
    control?.paused_at
      ? order("resume", "Resume", "Jobs begin again.")
      : order("pause", "Pause", "No more jobs of it begin."),
    limiter(place, control),
  ];
}

const askToPause = (scope, name) =>
  ask(`Pause the ${scope} ${name}?`, "Pause it", {
    content: [
      h("p", {}, "No job of it begins until it is resumed, of no project. Jobs that run go on."),
    ],
  });

/** A button that asks how many jobs may begin and run. `place`: parts of the path, as "queues", name. */
export const limiter = (place, control) =>
  button("Limit …", () => limit(place, control), "small", {
    "data-key": `limit-${place.join("-")}`,
  });

function limit(place, control) {
  const value = (name) => control?.[name] ?? "";
  dialogForm(
    `Limit ${place[1]}`,
    [
      [
        "rate_count",
        "Jobs that may begin",
        input({ type: "number", min: 1, value: value("rate_count") }),
        "In so many seconds as stand below. Empty: any number.",
      ],
      [
        "rate_seconds",
        "Seconds",
        input({ type: "number", min: 1, value: value("rate_seconds") || 1 }),
      ],
      [
        "at_once",
        "Jobs that may run at once",
        input({ type: "number", min: 1, value: value("at_once") }),
        "Empty: any number.",
      ],
    ],
    {
      yes: "Set the limit",
      done: refresh,
      send: ({ rate_count = null, rate_seconds = 1, at_once = null }) =>
        rate_count || at_once
          ? call("PUT", path([...place, "limit"]), { rate_count, rate_seconds, at_once })
          : call("DELETE", path([...place, "limit"])),
    },
  );
}
