// What can be asked of the list of jobs: states and filters, kept in the address.

import { getOnce } from "./api.js";
import { h } from "./dom.js";
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
const FILTERS = ["state", "task", "queue", "tag", "key", "parent_id", "error"];

/** The criteria of the API for the filters in an address. */
export function criteria(query) {
  const asked = Object.fromEntries(
    FILTERS.map((name) => [name, query[name]]).filter(([, value]) => value),
  );
  if (query.since > 0)
    asked.created_after = new Date(Date.now() - 1000 * query.since).toISOString();
  return asked;
}

/** Whether an address asks for less than all. */
export const isNarrowed = (query) => Boolean(FILTERS.some((name) => query[name]) || query.since);

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
  const change = (name) => (event) => {
    const asked = { ...read().query, [name]: event.target.value.trim(), after: "" };
    if (asked.error && !asked.state) asked.state = "FAILURE"; // as the API takes it
    go("jobs", [], asked);
  };
  const names = new Set([...tasks.map((task) => task.name), query.task].filter(Boolean));
  const text = (name, label, width) =>
    h("input", {
      type: "search",
      value: query[name] ?? "",
      placeholder: label,
      "aria-label": label,
      class: width,
      "data-key": `filter-${name}`,
      onchange: change(name),
    });
  const isFiltered = isNarrowed(query);
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
    choice(query.since ?? "", SINCE, change("since"), {
      "aria-label": "Submitted in",
      "data-key": "filter-since",
    }),
    text("tag", "Tag", "narrow"),
    text("key", "Key", "narrow"),
    text("error", "Text of error", ""),
    isFiltered && h("a", { href: link("jobs") }, "Clear filters"),
  );
}
