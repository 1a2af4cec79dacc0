// What can be asked of the list of jobs: states and filters, kept in the address.

import { Problem, getOnce } from "./api.js";
import { h } from "./dom.js";
import { asAddress, asLocal } from "./format.js";
import { choice } from "./parts.js";
import { go, link, read } from "./route.js";

const STATES = ["PENDING", "STARTED", "RETRY", "SUCCESS", "FAILURE", "REVOKED"];
const SINCE = [
  ["", "any time"],
  ["900", "the last 15 minutes"],
  ["3600", "the last hour"],
  ["86400", "the last day"],
  ["604800", "the last week"],
];
const BETWEEN = "between";
const FILTERS = ["state", "task", "queue", "tag", "key", "parent_id", "error"];
const TIMES = ["since", "from", "to"];
const MOMENT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/;

/** The criteria of the API for the filters in an address. Throws Problem for times that are none. */
export function criteria(query) {
  const asked = Object.fromEntries(
    FILTERS.map((name) => [name, query[name]]).filter(([, value]) => value),
  );
  if (query.since) asked.created_after = before(query.since);
  if (query.from) asked.created_after = moment("from", query.from);
  if (query.to) asked.created_before = moment("to", query.to);
  if (query.from && query.to && asked.created_after >= asked.created_before)
    throw wrong("The end of the time is not behind its beginning, so no job can be in it.");
  return asked;
}

function before(seconds) {
  if (!/^[1-9]\d{0,8}$/.test(seconds))
    throw wrong(`"since=${seconds}" is no number of seconds, such as 3600.`);
  return new Date(Date.now() - 1000 * seconds).toISOString();
}

function moment(name, text) {
  const at = readMoment(text);
  if (!at) throw wrong(`"${name}=${text}" is no moment, such as 2026-11-25T14:05Z.`);
  return at.toISOString();
}

/** A moment of an address; without a zone it is meant by the clock of who looks. Null: it is none. */
function readMoment(text) {
  // JavaScript takes a date without a time for one of Greenwich, and with one for a local one.
  const at = new Date(text?.includes("T") ? text : `${text}T00:00`);
  return MOMENT.test(text) && !Number.isNaN(at.getTime()) ? at : null;
}

const wrong = (detail) => new Problem(422, { detail });

/** Whether an address asks for less than all. */
export const isNarrowed = (query) => [...FILTERS, ...TIMES].some((name) => query[name]);

/** Links to the states. */
export function states(query) {
  const one = (state, text) =>
    h(
      "a",
      {
        href: link("jobs", [], { ...query, state, after: "" }),
        "aria-current": (query.state ?? "") === state ? "true" : null,
        "data-key": `state-${state}`,
      },
      text,
    );
  return h(
    "nav",
    { class: "tabs", "aria-label": "State" },
    one("", "All"),
    STATES.map((state) => one(state, state)),
  );
}

/** The form of the filters; a change goes to another address. */
export async function filters(query) {
  const [{ tasks }, { queues }] = await Promise.all([getOnce("tasks"), getOnce("queues")]);
  const names = new Set([...tasks.map((task) => task.name), query.task].filter(Boolean));
  return h(
    "form",
    {
      class: "filters",
      role: "search",
      "aria-label": "Filter jobs",
      onsubmit: (event) => event.preventDefault(),
    },
    choice(
      query.task ?? "",
      [["", "any task"], ...[...names].sort().map((name) => [name, name])],
      change("task"),
      { "aria-label": "Task", "data-key": "filter-task" },
    ),
    choice(
      query.queue ?? "",
      [["", "any queue"], ...queues.map(({ name }) => [name, name])],
      change("queue"),
      { "aria-label": "Queue", "data-key": "filter-queue" },
    ),
    times(query),
    text(query, "tag", "Tag", "narrow"),
    text(query, "key", "Key", "narrow"),
    text(query, "error", "Text of error", "narrow"),
    h("input", {
      type: "search",
      placeholder: "Id of a job",
      "aria-label": "Id of a job",
      class: "narrow",
      onchange: (event) => event.target.value.trim() && go("job", event.target.value.trim()),
    }),
    query.parent_id &&
      h("span", {}, "that follow ", h("a", { href: link("job", query.parent_id) }, "this job")),
    isNarrowed(query) && h("a", { href: link("jobs") }, "Clear filters"),
  );
}

const change = (name) => (event) => ask({ [name]: event.target.value.trim() });

function ask(changed) {
  const asked = { ...read().query, ...changed, after: "" };
  if (asked.error && !asked.state) asked.state = "FAILURE"; // as the API takes it
  go("jobs", [], asked);
}

const text = (query, name, label, width) =>
  h("input", {
    type: "search",
    value: query[name] ?? "",
    placeholder: label,
    "aria-label": label,
    class: width,
    "data-key": `filter-${name}`,
    onchange: change(name),
  });

/** When they were submitted: since some time ago, or between two moments. */
function times(query) {
  const isBetween = query.from || query.to;
  const known = SINCE.some(([value]) => value === (query.since ?? ""));
  const options = [...SINCE, ...(known ? [] : [[query.since, `since ${query.since} s`]])];
  const hourAgo = () => asAddress(Date.now() - 3600_000);
  const chosen = ({ target }) =>
    ask(
      target.value === BETWEEN
        ? { since: "", from: hourAgo(), to: "" }
        : { since: target.value, from: "", to: "" },
    );
  const one = (name, label) =>
    h("input", {
      type: "datetime-local",
      value: readMoment(query[name]) > 0 ? asLocal(readMoment(query[name])) : "",
      "aria-label": label,
      title: label,
      "data-key": `filter-${name}`,
      onchange: ({ target }) => ask({ [name]: target.value && asAddress(target.value) }),
    });
  return [
    choice(
      isBetween ? BETWEEN : (query.since ?? ""),
      [...options, [BETWEEN, "between …"]],
      chosen,
      { "aria-label": "Submitted in", "data-key": "filter-since" },
    ),
    isBetween && [one("from", "Submitted from"), one("to", "Submitted before")],
  ];
}
