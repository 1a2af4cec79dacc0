// Schedules: which jobs are made by themselves, when next, and how to stop that.

import { call, get, getOnce, may, path } from "./api.js";
import { dialogForm, input } from "./dialog_form.js";
import { h } from "./dom.js";
import { ago, duration, full } from "./format.js";
import { openList } from "./list.js";
import {
  ask,
  attempt,
  button,
  card,
  choice,
  crumbs,
  empty,
  facts,
  head,
  jsonCard,
  note,
} from "./parts.js";
import { go, link } from "./route.js";
import { schemaForm } from "./schema_form.js";
import { follow, refresh } from "./watch.js";

export async function open(main, { id, query }) {
  if (id) return follow(main, (signal) => get(path(["schedules", id]), { signal }), page, 5);
  return openList(main, {
    page: "schedules",
    title: "Schedules",
    about: "Jobs that are made by themselves, by cron or every so many seconds.",
    asked: ["schedules"],
    rows: "schedules",
    query,
    columns: ["Name", "Task", "When", "Next run", "Last job", ""],
    row: (one) => [
      [
        h("a", { class: "line", href: link("schedules", one.id), "data-key": one.id }, one.name),
        " ",
        one.paused_at && note("waiting", "paused"),
      ],
      one.task,
      timing(one),
      ago(one.next_runs[0], "none"),
      one.last_job_id
        ? h("a", { href: link("job", one.last_job_id) }, ago(one.last_run_at))
        : "never",
      orders(one, true),
    ],
    none: () =>
      empty(
        "No schedules",
        "A schedule makes a job at certain times. ",
        may("write")
          ? "Press New schedule to make the first."
          : "A token that may write can make one.",
      ),
    buttons: () => [may("write") && button("New schedule", create, "primary")],
  });
}

const page = (one) => [
  crumbs("schedules", "Schedules", one.id),
  head(one.name, null, ...orders(one, false)),
  h(
    "div",
    { class: "columns" },
    h(
      "div",
      {},
      jsonCard("Parameters", one.parameters),
      card(
        "Next runs",
        one.next_runs.length
          ? h(
              "ul",
              {},
              one.next_runs.map((run) => h("li", {}, full(run), " (", ago(run), ")")),
            )
          : h("p", { class: "quiet" }, "None while it is paused."),
      ),
    ),
    card(
      "Facts",
      facts([
        ["Task", h("a", { href: link("jobs", [], { task: one.task }) }, one.task)],
        ["When", timing(one)],
        ["Missed runs", one.if_missed === "skip" ? "are left out" : "one run makes up for them"],
        ["Paused", one.paused_at && ago(one.paused_at)],
        [
          "Last job",
          one.last_job_id && h("a", { href: link("job", one.last_job_id) }, ago(one.last_run_at)),
        ],
        ["Made", ago(one.created_at)],
        ["Id", h("code", {}, one.id)],
      ]),
    ),
  ),
];

const timing = (one) =>
  one.cron
    ? [h("code", {}, one.cron), h("small", {}, ` ${one.time_zone}`)]
    : `every ${duration(one.every_seconds)}`;

function orders(one, isShort) {
  if (!may("write")) return isShort ? "" : [];
  const order = (verb, done) => async () => {
    await attempt(() => call("POST", path(["schedules", one.id, verb])), done);
    refresh();
  };
  const buttons = [
    button("Run now", order("run", "A job was made."), isShort ? "small" : "", {
      "data-key": `run-${one.id}`,
    }),
    !isShort && button("Change …", () => change(one)),
    one.paused_at
      ? button("Resume", order("resume", "It goes on from now."), isShort ? "small" : "", {
          "data-key": `pause-${one.id}`,
        })
      : button(
          "Pause",
          order("pause", "It makes no more jobs until it is resumed."),
          isShort ? "small" : "",
          { "data-key": `pause-${one.id}` },
        ),
    button(
      "Delete",
      async () => {
        if (
          !(await ask(`Delete the schedule ${one.name}?`, "Delete it", {
            content: [h("p", {}, "The jobs that it made stay.")],
          }))
        )
          return;
        if (await attempt(() => call("DELETE", path(["schedules", one.id])), "It is deleted."))
          isShort ? refresh() : go("schedules");
      },
      isShort ? "small danger" : "danger",
    ),
  ];
  return isShort ? h("div", { class: "buttons" }, buttons) : buttons;
}

async function create() {
  const { tasks } = await getOnce("tasks");
  const names = tasks.filter((task) => task.is_public).map(({ name }) => name);
  let form;
  const parameters = h("div");
  const task = choice(
    names[0],
    names.map((name) => [name, name]),
    () => select(),
  );
  const select = () => {
    form = schemaForm(tasks.find(({ name }) => name === task.value).parameters);
    parameters.replaceChildren(h("h3", {}, "Parameters"), form.element);
  };
  select();
  const [name, ...times] = fields({});
  dialogForm("New schedule", [name, ["task", "Task", task], ...times], {
    path: "schedules",
    after: [parameters],
    others: () => form.controls,
    body: (values) => ({ ...values, parameters: form.read() }),
    done: refresh,
  });
}

/** What of a schedule is changed is sent: its task stays what it is. */
async function change(one) {
  const { tasks } = await getOnce("tasks");
  const task = tasks.find(({ name }) => name === one.task);
  const form = task && schemaForm(task.parameters, one.parameters);
  const isOther = (value, was) => JSON.stringify(value) !== JSON.stringify(was);
  dialogForm(`Change ${one.name}`, fields(one), {
    method: "PUT",
    path: path(["schedules", one.id]),
    yes: "Change it",
    after: form ? [h("h3", {}, "Parameters"), form.element] : [],
    others: () => form?.controls ?? {},
    body: (values) => {
      const parameters = form?.read() ?? one.parameters;
      return {
        ...Object.fromEntries(Object.entries(values).filter(([key, said]) => said !== one[key])),
        ...(isOther(parameters, one.parameters) ? { parameters } : {}),
      };
    },
    done: refresh,
  });
}

const fields = (one) => [
  ["name", "Name", input({ value: one.name ?? "" })],
  [
    "cron",
    "Cron",
    input({ placeholder: "30 4 * * MON", value: one.cron ?? "" }),
    "Minute, hour, day, month, day of the week; or every so many seconds below.",
  ],
  ["time_zone", "Time zone", input({ value: one.time_zone ?? "UTC" })],
  [
    "every_seconds",
    "Every so many seconds",
    input({ type: "number", min: 1, value: one.every_seconds ?? "" }),
  ],
  [
    "if_missed",
    "Missed runs",
    choice(one.if_missed ?? "run_once", [
      ["run_once", "one run makes up for them"],
      ["skip", "are left out"],
    ]),
  ],
];
