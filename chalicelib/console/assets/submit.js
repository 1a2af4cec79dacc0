// Submits a job by a form made from what its task takes.

import { call, get, getOnce, path } from "./api.js";
import { h, swap } from "./dom.js";
import { complain, field, valuesOf } from "./fields.js";
import { card, choice, empty, head, toast } from "./parts.js";
import { go } from "./route.js";
import { schemaForm } from "./schema_form.js";

export async function open(main, { query }) {
  const [{ tasks }, { queues }, like] = await Promise.all([
    getOnce("tasks"),
    getOnce("queues"),
    query.like ? get(path(["jobs", query.like])) : null,
  ]);
  const open = tasks.filter((task) => task.is_public);
  if (!open.length) {
    main.replaceChildren(head("Submit a job"), none());
    return;
  }
  const wanted = query.task ?? like?.task;
  let task = open.find((one) => one.name === wanted) ?? open[0];
  let form;
  const parameters = h("div");
  const about = h("p", { class: "quiet" });
  const select = () => {
    form = schemaForm(task.parameters, like?.task === task.name ? like.parameters : {});
    about.textContent = task.description;
    swap(parameters, form.element);
  };
  const names = choice(
    task.name,
    open.map(({ name }) => [name, name]),
    (event) => {
      task = open.find((one) => one.name === event.target.value);
      select();
    },
  );
  const options = optionControls(queues, like);
  const controls = Object.fromEntries(
    Object.entries(options).map(([name, { control }]) => [name, control]),
  );
  const told = h("div");
  const submit = async (event) => {
    event.preventDefault();
    const all = { task: names, ...controls, ...form.controls };
    complain(all, told, null);
    try {
      const job = await call("POST", "jobs", {
        task: task.name,
        parameters: form.read(),
        ...readOptions(controls),
      });
      toast("The job is accepted.");
      go("job", job.id);
    } catch (error) {
      complain(all, told, error);
    }
  };
  select();
  main.replaceChildren(
    head("Submit a job", origin(wanted, task, like)),
    page({ submit, names, about, parameters, told, options }),
  );
}

/** Where what is filled in comes from. */
function origin(wanted, task, like) {
  if (wanted && wanted !== task.name)
    return `There is no task ${wanted} that may be submitted. Choose one of these.`;
  return like ? "Filled in from the job that it is to be like." : null;
}

const page = ({ submit, names, about, parameters, told, options }) =>
  h(
    "form",
    { class: "columns sent", onsubmit: submit, novalidate: true },
    h("div", {}, card(null, field("Task", names), about), card("Parameters", parameters)),
    h("div", {}, card("Options", ...Object.values(options).map(({ element }) => element))),
    h("div", {}, told, h("button", { class: "primary" }, "Submit")),
  );

const none = () =>
  empty(
    "No task may be submitted",
    "The tasks of this deployment are started by the system alone. docs/add-a-task.md says how to add one.",
  );

function optionControls(queues, like) {
  const one = (label, control, help) => ({ control, element: field(label, control, help) });
  return {
    queue: one(
      "Queue",
      choice(like?.queue ?? "", [
        ["", "the task's own"],
        ...queues.map(({ name }) => [name, name]),
      ]),
      null,
    ),
    delay_seconds: one(
      "Delay in seconds",
      h("input", { type: "number", min: 0, step: "any" }),
      "Not before so many seconds from now.",
    ),
    key: one(
      "Key",
      h("input", { type: "text", value: like?.key ?? "" }),
      "Jobs that share a key run one at a time, in order.",
    ),
    tags: one(
      "Tags",
      h("input", { type: "text", value: like?.tags.join(", ") ?? "" }),
      "Words to find it by, with commas between them.",
    ),
    max_attempts: one(
      "Attempts at most",
      h("input", { type: "number", min: 1, max: 100 }),
      "Empty: as the task says.",
    ),
    timeout_seconds: one(
      "Time limit in seconds",
      h("input", { type: "number", min: 1, max: 43200 }),
      "An attempt is interrupted after it.",
    ),
    unique: one(
      "Unique",
      h("input", { type: "checkbox" }),
      "No second one while a job like it has not ended.",
    ),
  };
}

function readOptions(controls) {
  const { tags = "", unique, ...given } = valuesOf(controls);
  const words = tags.split(",").map((tag) => tag.trim());
  return {
    ...given,
    ...(unique ? { unique } : {}),
    ...(tags ? { tags: words.filter(Boolean) } : {}),
  };
}
