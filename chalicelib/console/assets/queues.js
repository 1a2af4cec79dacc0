// Queues: how much is in them, pauses and limits, and the messages that nobody could handle.

import { call, get, getOnce, may, path } from "./api.js";
import { dialogForm, input } from "./dialog_form.js";
import { h, swap } from "./dom.js";
import { showLetters } from "./dead_letters.js";
import { ago, duration, many, number } from "./format.js";
import { ask, attempt, button, card, choice, head, note, table } from "./parts.js";
import { link } from "./route.js";
import { watch } from "./watch.js";

export async function open(main) {
  const place = h("div");
  const letters = h("div");
  main.replaceChildren(
    head("Queues", "Numbers are those of the record, over all projects."),
    place,
    letters,
  );
  let last = "";
  const load = async (signal) => {
    const [{ queues }, { limits: controls }] = await Promise.all([
      get("queues", { signal }),
      get("limits", { signal }),
    ]);
    return { queues, controls };
  };
  const watcher = watch(
    place,
    load,
    (found) => {
      const now = JSON.stringify(found);
      if (now !== last) swap(place, page(found, refresh, letters));
      last = now;
    },
    4,
  );
  function refresh() {
    last = "";
    watcher.refresh();
  }
  addEventListener("refresh", refresh);
  return () => {
    watcher.stop();
    removeEventListener("refresh", refresh);
  };
}

function page({ queues, controls }, refresh, letters) {
  const of = (name) => controls.find((one) => one.scope === "queue" && one.name === name);
  const rows = queues.map((queue) => [
    [
      h("strong", {}, queue.name),
      " ",
      of(queue.name)?.paused_at && note("waiting", "paused"),
      limits(of(queue.name)),
    ],
    many(queue.depth),
    many(queue.delayed),
    number(queue.in_flight),
    queue.oldest_seconds === null ? "–" : duration(queue.oldest_seconds),
    h(
      "div",
      { class: "buttons" },
      h("a", { class: "button small", href: link("jobs", [], { queue: queue.name }) }, "Jobs"),
      orders("queue", queue.name, of(queue.name), refresh),
      may("admin") &&
        button("Dead letters", () => showLetters(letters, queue.name), "small", {
          "data-key": `dead-${queue.name}`,
        }),
    ),
  ]);
  const others = controls.filter((one) => one.scope === "task");
  return [
    table("Queues", ["Queue", "Waiting", "Later", "Running", "Oldest", ""], rows),
    card(
      "Tasks that are paused or limited",
      others.length
        ? table(
            "Tasks that are paused or limited",
            ["Task", "Since", ""],
            others.map((one) => [
              [one.name, " ", one.paused_at && note("waiting", "paused"), limits(one)],
              ago(one.paused_at),
              h("div", { class: "buttons" }, orders("task", one.name, one, refresh)),
            ]),
          )
        : h("p", { class: "quiet" }, "None."),
      may("admin") &&
        h(
          "p",
          { class: "below" },
          button("Pause or limit a task …", () => chooseTask(refresh), "small"),
        ),
    ),
  ];
}

function limits(control) {
  if (!control) return null;
  const told = [
    control.rate_count !== null && `${control.rate_count} in ${duration(control.rate_seconds)}`,
    control.at_once !== null && `${control.at_once} at once`,
  ];
  return told.some(Boolean) && h("small", {}, ` at most ${told.filter(Boolean).join(", ")}`);
}

function orders(scope, name, control, refresh) {
  if (!may("admin")) return null;
  const place = [`${scope}s`, name];
  const order = (verb, text, done) =>
    button(
      text,
      async () => {
        if (
          verb === "pause" &&
          !(await ask(`Pause the ${scope} ${name}?`, "Pause it", {
            content: [
              h(
                "p",
                {},
                "No job of it begins until it is resumed, of no project. Jobs that run go on.",
              ),
            ],
          }))
        )
          return;
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
    button("Limit …", () => limit(place, control, refresh), "small"),
  ];
}

function limit(place, control, refresh) {
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

async function chooseTask(refresh) {
  const { tasks } = await getOnce("tasks");
  dialogForm(
    "Pause or limit a task",
    [
      [
        "task",
        "Task",
        choice(
          tasks[0].name,
          tasks.map(({ name }) => [name, name]),
        ),
      ],
      [
        "at_once",
        "Jobs that may run at once",
        input({ type: "number", min: 0 }),
        "0 pauses the task.",
      ],
    ],
    {
      yes: "Set it",
      done: refresh,
      send: ({ task, at_once = 0 }) =>
        at_once
          ? call("PUT", path(["tasks", task, "limit"]), { at_once })
          : call("POST", path(["tasks", task, "pause"])),
    },
  );
}
