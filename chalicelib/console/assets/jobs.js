// The list of jobs: filters in the address, live states, orders to some or to all that match.

import { get, may, path } from "./api.js";
import { allBar, chosenBar } from "./bulk.js";
import { h, patch, swap } from "./dom.js";
import { criteria, filters, isNarrowed, states } from "./job_filters.js";
import { row } from "./job_row.js";
import { clock, number } from "./format.js";
import { attempt, button, empty, head, problem } from "./parts.js";
import { link } from "./route.js";
import { watch } from "./watch.js";

export async function open(main, { query }) {
  const chosen = new Set();
  const counted = {};
  const bar = h("div", { class: "bar" });
  const list = h("div");
  let page = { jobs: [] };
  const changed = () => {
    const all = page.jobs.length > 0 && allBar(criteria(query));
    swap(bar, chosen.size ? chosenBar(chosen, page.jobs, clear) : all);
    const every = list.querySelector("thead input");
    if (every) {
      every.checked = chosen.size > 0 && chosen.size === page.jobs.length;
      every.indeterminate = chosen.size > 0 && chosen.size < page.jobs.length;
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
  main.replaceChildren(title(), states(query), await filters(query), bar, list);
  try {
    criteria(query);
  } catch (error) {
    list.replaceChildren(problem(error));
    return () => {};
  }
  return watch(
    list,
    (signal) =>
      get(path(["jobs"], { ...criteria(query), after: query.after, limit: 50 }), { signal }),
    (answer) => {
      page = answer;
      for (const id of chosen) if (!page.jobs.some((job) => job.id === id)) chosen.delete(id);
      show(list, page, query, { choose, chosen, counted });
      changed();
    },
    query.after ? 15 : 3,
  );
}

const title = () =>
  head(
    "Jobs",
    null,
    may("write") && h("a", { class: "button primary", href: link("submit") }, "Submit a job"),
  );

function show(list, page, query, { choose, chosen, counted }) {
  if (!page.jobs.length) {
    const filtered = isNarrowed(query);
    list.replaceChildren(
      filtered
        ? empty(
            "No job matches",
            "Nothing fulfils all of these filters. ",
            h("a", { href: link("jobs") }, "Clear filters"),
            ".",
          )
        : empty(
            "No jobs yet",
            "When something is submitted it appears here within seconds. ",
            may("write") && h("a", { href: link("submit") }, "Submit the first one"),
            may("write") && ".",
          ),
    );
    return;
  }
  let body = list.querySelector("tbody");
  if (!body) {
    list.replaceChildren(frame(choose, chosen, list), pager());
    body = list.querySelector("tbody");
  }
  patch(body, page.jobs, (job) => row(job, choose, chosen));
  for (const box of body.querySelectorAll("input")) box.checked = chosen.has(box.value);
  swap(list.querySelector(".pager"), pages(page, query, counted));
}

const pager = () => h("nav", { class: "pager", "aria-label": "Pages of the list" });

function frame(choose, chosen, list) {
  const all = (event) => {
    for (const box of list.querySelectorAll("tbody input"))
      if (box.checked !== event.target.checked) {
        box.checked = event.target.checked;
        choose(box.value, box.checked);
      }
  };
  const columns = ["State", "Task", "Queue", "Attempts", "Submitted", "Waited", "Ran"];
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Jobs" },
    h(
      "table",
      { class: "jobs" },
      h("caption", { class: "unseen" }, "Jobs, newest first"),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          may("write") &&
            h(
              "th",
              { scope: "col", class: "check" },
              h("input", {
                type: "checkbox",
                "aria-label": "Select all of this page",
                onchange: all,
              }),
            ),
          columns.map((name) => h("th", { scope: "col" }, name)),
        ),
      ),
      h("tbody"),
    ),
  );
}

function pages(page, query, counted) {
  return [
    query.after &&
      h("a", { class: "button", href: link("jobs", [], { ...query, after: "" }) }, "Newest"),
    query.after &&
      h(
        "a",
        {
          class: "button",
          href: "#",
          onclick: (event) => {
            event.preventDefault();
            history.back();
          },
        },
        "Back",
      ),
    h("span", { class: "quiet", role: "status" }, counted.words ?? `${page.jobs.length} shown`),
    (page.next || query.after) && counter(query, counted),
    page.next &&
      h(
        "a",
        {
          class: "button",
          "data-key": "older",
          href: link("jobs", [], { ...query, after: page.next }),
        },
        "Older",
      ),
  ];
}

/** Counts all that match when asked to: the more there are, the longer it takes. */
const counter = (query, counted) =>
  button(
    "Count all",
    ({ target }) =>
      attempt(async () => {
        const asked = { ...criteria(query), limit: 1, total: true };
        const { total } = await get(path(["jobs"], asked));
        counted.words = `${number(total)} match, as of ${clock(new Date())}`;
        target.closest("nav").querySelector("[role=status]").textContent = counted.words;
      }),
    "small",
    { "data-key": "count" },
  );
