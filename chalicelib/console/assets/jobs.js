// The list of jobs: filters in the address, live states, orders to some or to all that match.

import { get, getOnce, may, path } from "./api.js";
import { allBar, chosenBar } from "./bulk.js";
import { breakable, h, patch, swap } from "./dom.js";
import { ago, duration, seconds } from "./format.js";
import { badge, choice, empty, head } from "./parts.js";
import { progressOf } from "./progress.js";
import { go, link, read } from "./route.js";
import { watch } from "./watch.js";

const STATES = ["PENDING", "STARTED", "RETRY", "SUCCESS", "FAILURE", "REVOKED"];
const SINCE = [["", "any time"], ["900", "the last 15 minutes"], ["3600", "the last hour"], ["86400", "the last day"], ["604800", "the last week"]];
export const FILTERS = ["state", "task", "queue", "tag", "key", "parent_id", "error"];

/** The criteria of the API for the filters in an address. */
export function criteria(query) {
  const asked = Object.fromEntries(FILTERS.map((name) => [name, query[name]]).filter(([, value]) => value));
  if (query.since > 0) asked.created_after = new Date(Date.now() - 1000 * query.since).toISOString();
  return asked;
}

export async function open(main, { query }) {
  const chosen = new Set();
  const bar = h("div", { class: "bar" });
  const list = h("div");
  let page = { jobs: [] };
  const changed = () => {
    swap(bar, chosen.size ? chosenBar(chosen, page.jobs, refresh, clear) : allBar(criteria(query), refresh));
    const all = list.querySelector("thead input");
    if (all) {
      all.checked = chosen.size > 0 && chosen.size === page.jobs.length;
      all.indeterminate = chosen.size > 0 && chosen.size < page.jobs.length;
    }
  };
  const clear = () => {
    chosen.clear();
    for (const box of list.querySelectorAll("input[type=checkbox]")) box.checked = false;
    changed();
  };
  const choose = (id, isChosen) => {
    if (isChosen) chosen.add(id);
    else chosen.delete(id);
    changed();
  };
  main.replaceChildren(
    head("Jobs", null, may("write") && h("a", { class: "button primary", href: link("submit") }, "Submit a job")),
    states(query), await filters(query), bar, list);
  const watcher = watch(list, (signal) => get(path(["jobs"], { ...criteria(query), after: query.after, limit: 50 }), { signal }), (answer) => {
    page = answer;
    for (const id of chosen) if (!page.jobs.some((job) => job.id === id)) chosen.delete(id);
    show(list, page, query, choose, chosen);
    changed();
  }, query.after ? 15 : 3);
  function refresh() {
    watcher.refresh();
  }
  addEventListener("refresh", refresh);
  return () => { watcher.stop(); removeEventListener("refresh", refresh); };
}

function states(query) {
  const one = (state, text) => h("a", { href: link("jobs", [], { ...query, state, after: "" }),
    "aria-current": (query.state ?? "") === state ? "true" : null, "data-key": `state-${state}` }, text);
  return h("nav", { class: "tabs", "aria-label": "State" }, one("", "All"), STATES.map((state) => one(state, state)));
}

async function filters(query) {
  const [{ tasks }, { queues }] = await Promise.all([getOnce("tasks"), getOnce("queues")]);
  const change = (name) => (event) => {
    const asked = { ...read().query, [name]: event.target.value.trim(), after: "" };
    if (asked.error && !asked.state) asked.state = "FAILURE"; // as the API takes it
    go("jobs", [], asked);
  };
  const names = new Set([...tasks.map((task) => task.name), query.task].filter(Boolean));
  const text = (name, label, width) => h("input", { type: "search", value: query[name] ?? "", placeholder: label, "aria-label": label, class: width, "data-key": `filter-${name}`, onchange: change(name) });
  const isFiltered = FILTERS.some((name) => query[name]) || query.since;
  return h("form", { class: "filters", role: "search", "aria-label": "Filter jobs", onsubmit: (event) => event.preventDefault() },
    choice(query.task ?? "", [["", "any task"], ...[...names].sort().map((name) => [name, name])], change("task"), { "aria-label": "Task", "data-key": "filter-task" }),
    choice(query.queue ?? "", [["", "any queue"], ...queues.map(({ name }) => [name, name])], change("queue"), { "aria-label": "Queue", "data-key": "filter-queue" }),
    choice(query.since ?? "", SINCE, change("since"), { "aria-label": "Submitted in", "data-key": "filter-since" }),
    text("tag", "Tag", "narrow"), text("key", "Key", "narrow"), text("error", "Text of error", ""),
    isFiltered && h("a", { href: link("jobs") }, "Clear filters"));
}

function show(list, page, query, choose, chosen) {
  if (!page.jobs.length) {
    const filtered = FILTERS.some((name) => query[name]) || query.since;
    list.replaceChildren(filtered
      ? empty("No job matches", "Nothing fulfils all of these filters. ", h("a", { href: link("jobs") }, "Clear filters"), ".")
      : empty("No jobs yet", "When something is submitted it appears here within seconds. ", may("write") && h("a", { href: link("submit") }, "Submit the first one"), may("write") && "."));
    return;
  }
  let body = list.querySelector("tbody");
  if (!body) {
    list.replaceChildren(frame(choose, chosen, list), pager());
    body = list.querySelector("tbody");
  }
  patch(body, page.jobs, (job) => row(job, choose, chosen));
  for (const box of body.querySelectorAll("input")) box.checked = chosen.has(box.value);
  swap(list.querySelector(".pager"), pages(page, query));
}

const pager = () => h("nav", { class: "pager", "aria-label": "Pages of the list" });

function frame(choose, chosen, list) {
  const all = (event) => {
    for (const box of list.querySelectorAll("tbody input")) if (box.checked !== event.target.checked) {
      box.checked = event.target.checked;
      choose(box.value, box.checked);
    }
  };
  const columns = ["State", "Task", "Queue", "Attempts", "Submitted", "Waited", "Ran"];
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Jobs" },
    h("table", { class: "jobs" }, h("caption", { class: "unseen" }, "Jobs, newest first"),
      h("thead", {}, h("tr", {}, may("write") && h("th", { scope: "col", class: "check" }, h("input", { type: "checkbox", "aria-label": "Select all of this page", onchange: all })),
        columns.map((name) => h("th", { scope: "col" }, name)))), h("tbody")));
}

function row(job, choose, chosen) {
  const box = h("input", { type: "checkbox", value: job.id, checked: chosen.has(job.id), "aria-label": `Select job ${job.id}`, onchange: (event) => choose(job.id, event.target.checked) });
  return h("tr", {}, may("write") && h("td", { class: "check" }, box),
    h("td", {}, badge(job.state), job.held_by && h("small", {}, ` held: ${job.held_by}`)),
    h("td", { class: "wide" }, h("a", { href: link("job", job.id), class: "line", "data-key": job.id }, breakable(job.task)),
      job.state === "STARTED" && progressOf(job.progress),
      h("small", { class: job.error && job.state !== "SUCCESS" ? "said bad-text" : "said" }, told(job))),
    h("td", {}, job.queue), h("td", { class: "number" }, `${job.attempts} / ${job.max_attempts}`),
    h("td", {}, ago(job.created_at)),
    amount(duration(waited(job))),
    amount(job.started_at && job.state === "STARTED" ? ago(job.started_at) : duration(seconds(job.started_at, job.finished_at))));
}

const amount = (content) => h("td", { class: content === "–" ? "number blank" : "number" }, content);

/** The line under a task: why it failed, or what it was given. */
function told(job) {
  if (job.error && job.state !== "SUCCESS") return `${job.error.type}: ${job.error.message}`;
  const given = JSON.stringify(job.parameters);
  return given === "{}" ? job.id : given.slice(0, 160);
}

/** Seconds from when it was allowed to run to when it did. */
function waited(job) {
  if (!job.started_at || job.attempts !== 1) return null;
  const due = job.run_at && job.run_at > job.created_at ? job.run_at : job.created_at;
  return due <= job.started_at ? seconds(due, job.started_at) : null;
}

function pages(page, query) {
  return [
    query.after && h("a", { class: "button", href: link("jobs", [], { ...query, after: "" }) }, "Newest"),
    query.after && h("a", { class: "button", href: "#", onclick: (event) => { event.preventDefault(); history.back(); } }, "Back"),
    h("span", { class: "quiet" }, `${page.jobs.length} shown`),
    page.next && h("a", { class: "button", "data-key": "older", href: link("jobs", [], { ...query, after: page.next }) }, "Older"),
  ];
}
