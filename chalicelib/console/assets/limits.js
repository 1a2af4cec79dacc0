// Limits: what of the fleet is paused or held back, by task and by cloud.

import { call, get, getOnce, may, path } from "./api.js";
import { breakerTable } from "./breakers.js";
import { limiter, limits, orders } from "./controls.js";
import { dialogForm, input } from "./dialog_form.js";
import { h } from "./dom.js";
import { invalid } from "./fields.js";
import { ago } from "./format.js";
import { openFleet } from "./list.js";
import { button, card, choice, note, table } from "./parts.js";
import { refresh } from "./watch.js";

export const open = (main) =>
  openFleet(main, {
    title: "Limits",
    about:
      "What holds jobs back: over the whole fleet, for all projects. Queues have their own page.",
    load: async (signal) => {
      const [{ limits: controls }, { circuit_breakers: breakers }] = await Promise.all([
        get("limits", { signal }),
        get("circuit-breakers", { signal }),
      ]);
      return { controls, breakers };
    },
    page,
  });

function page({ controls, breakers }) {
  const tasks = controls.filter((one) => one.scope === "task");
  const of = (name) => controls.find((one) => one.scope === "upstream" && one.name === name);
  return [
    card(
      "Tasks that are paused or limited",
      tasks.length
        ? table(
            "Tasks that are paused or limited",
            ["Task", "Paused", ""],
            tasks.map((one) => [
              [one.name, " ", one.paused_at && note("waiting", "paused"), limits(one)],
              ago(one.paused_at),
              h("div", { class: "buttons" }, orders("task", one.name, one)),
            ]),
          )
        : h("p", { class: "quiet" }, "None: every task begins when a worker is free."),
      may("admin") &&
        h("p", { class: "below" }, button("Pause or limit a task …", chooseTask, "small")),
    ),
    card(
      "Clouds",
      h(
        "p",
        { class: "quiet" },
        "A cloud that fails again and again is left alone for a while: its circuit breaker opens, its jobs wait, and one of them tries.",
      ),
      breakers.length
        ? breakerTable(
            breakers,
            (one) => limits(of(one.upstream)),
            (one) => limiter(["upstreams", one.upstream], of(one.upstream)),
          )
        : h("p", { class: "quiet" }, "No task of this deployment calls one."),
    ),
  ];
}

async function chooseTask() {
  const { tasks } = await getOnce("tasks");
  dialogForm(
    "Pause or limit a task",
    [
      ["task", "Task", choice("", [["", "choose one"], ...tasks.map(({ name }) => [name, name])])],
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
      send: ({ task, at_once }) => {
        const wrong = [
          !task && { pointer: "#/task", detail: "Which task?" },
          at_once === undefined && { pointer: "#/at_once", detail: "How many? 0 pauses the task." },
        ].filter(Boolean);
        if (wrong.length) throw invalid(wrong);
        return at_once
          ? call("PUT", path(["tasks", task, "limit"]), { at_once })
          : call("POST", path(["tasks", task, "pause"]));
      },
    },
  );
}
