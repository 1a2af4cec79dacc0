// Orders to many jobs: to those that were selected, or to all that match the filters.

import { call, may } from "./api.js";
import { h } from "./dom.js";
import { full, number } from "./format.js";
import { ask, button, toast } from "./parts.js";
import { refresh } from "./watch.js";

const CANCELLABLE = new Set(["PENDING", "RETRY", "STARTED"]);
const RETRIABLE = new Set(["FAILURE", "REVOKED"]);
const WORDS = { created_after: "submitted from", created_before: "submitted before" };
const DONE = { cancel: "cancelled", retry: "put back to run again" };

/** The bar for jobs that were selected. */
export function chosenBar(chosen, jobs, clear) {
  const of = (states) =>
    jobs.filter((job) => chosen.has(job.id) && states.has(job.state)).map((job) => job.id);
  const order = (verb, states) => {
    const ids = of(states);
    const word = verb === "cancel" ? "Cancel" : "Retry";
    return button(
      `${word} ${ids.length}`,
      async () => {
        if (
          !(await ask(`${word} ${counted(ids.length)}?`, `${word} ${counted(ids.length)}`, {
            kind: verb === "cancel" ? "danger" : "primary",
          }))
        )
          return;
        await one_by_one(verb, ids);
        clear();
        refresh();
      },
      verb === "cancel" ? "danger" : "",
      { disabled: !ids.length, "data-key": verb },
    );
  };
  return [
    h("strong", { role: "status" }, `${counted(chosen.size)} selected`),
    order("retry", RETRIABLE),
    order("cancel", CANCELLABLE),
    button("Clear selection", clear, "", { "data-key": "clear" }),
  ];
}

/** The bar for everything that matches. */
export function allBar(criteria) {
  if (!may("write"))
    return [h("span", { class: "quiet" }, "This token may look, and change nothing.")];
  const order = (verb, text) =>
    button(text, () => sweep(verb, criteria), "small", { "data-key": `all-${verb}` });
  const state = criteria.state;
  return [
    h("span", { class: "quiet" }, "All that match:"),
    (!state || RETRIABLE.has(state)) && order("retry", "Retry all …"),
    (!state || CANCELLABLE.has(state)) && order("cancel", "Cancel all …"),
    state === "SUCCESS" &&
      h("span", { class: "quiet" }, "jobs that succeeded have nothing to be cancelled or retried."),
  ];
}

async function one_by_one(verb, ids) {
  let done = 0;
  const refused = [];
  for (const id of ids) {
    try {
      await call("POST", `jobs/${encodeURIComponent(id)}/${verb}`);
      done += 1;
    } catch (error) {
      refused.push(error.message);
    }
  }
  if (done) toast(`${counted(done)} ${DONE[verb]}.`);
  if (refused.length) toast(`${counted(refused.length)} not ${DONE[verb]}: ${refused[0]}`, "bad");
}

async function sweep(verb, criteria) {
  // The API wants to hear what is meant; what is submitted from now on is not.
  const now = new Date().toISOString();
  const until = criteria.created_before ?? now;
  const wanted = { ...criteria, created_before: until < now ? until : now };
  try {
    const { matched } = await call("POST", `jobs/${verb}`, { ...wanted, dry_run: true });
    if (!matched) {
      toast(`No job that matches can be ${DONE[verb]}.`);
      return;
    }
    const said = Object.entries(criteria)
      .map(([name, value]) => `${WORDS[name] ?? name} ${WORDS[name] ? full(value) : value}`)
      .join(", ");
    const yes = `${verb === "cancel" ? "Cancel" : "Retry"} ${counted(matched)}`;
    const content = [
      h(
        "p",
        {},
        said ? `Those with: ${said}.` : "There is no filter: these are all jobs of the project.",
      ),
      verb === "cancel"
        ? h("p", {}, "Jobs that wait end at once; jobs that run are told to stop.")
        : h("p", {}, "Each gets all its attempts once more."),
    ];
    if (!(await ask(`${yes}?`, yes, { content, kind: verb === "cancel" ? "danger" : "primary" })))
      return;
    let total = 0;
    for (let more = true; more; refresh()) {
      const answer = await call("POST", `jobs/${verb}`, wanted);
      total += answer.matched;
      more = answer.has_more && answer.matched > 0;
    }
    toast(`${counted(total)} ${DONE[verb]}.`);
  } catch (error) {
    toast(error.message, "bad");
  }
}

const counted = (count) => (count === 1 ? "1 job" : `${number(count)} jobs`);
