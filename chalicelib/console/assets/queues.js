// Queues: how much is in them, pauses and limits, and the messages that nobody could handle.

import { get, may } from "./api.js";
import { limits, orders } from "./controls.js";
import { showLetters } from "./dead_letters.js";
import { h } from "./dom.js";
import { duration, many, number } from "./format.js";
import { openFleet } from "./list.js";
import { button, note, table } from "./parts.js";
import { link } from "./route.js";

export function open(main) {
  const letters = h("div");
  return openFleet(main, {
    title: "Queues",
    about: "Numbers are those of the record, over all projects.",
    below: letters,
    load: async (signal) => {
      const [{ queues }, { limits: controls }] = await Promise.all([
        get("queues", { signal }),
        get("limits", { signal }),
      ]);
      return { queues, controls };
    },
    page: (found) => page(found, letters),
  });
}

function page({ queues, controls }, letters) {
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
    many(queue.held),
    number(queue.in_flight),
    queue.oldest_seconds === null ? "–" : duration(queue.oldest_seconds),
    h(
      "div",
      { class: "buttons" },
      h("a", { class: "button small", href: link("jobs", [], { queue: queue.name }) }, "Jobs"),
      orders("queue", queue.name, of(queue.name)),
      may("admin") &&
        button("Dead letters", () => showLetters(letters, queue.name), "small", {
          "data-key": `dead-${queue.name}`,
        }),
    ),
  ]);
  return table("Queues", ["Queue", "Waiting", "Later", "Held", "Running", "Oldest", ""], rows);
}
