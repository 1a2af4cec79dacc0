// One line of the list of jobs.

import { may } from "./api.js";
import { breakable, h } from "./dom.js";
import { ago, duration, lasting, seconds } from "./format.js";
import { badge } from "./parts.js";
import { progressOf } from "./progress.js";
import { link } from "./route.js";

/** By what a job is held, in two words; its own page says more. */
const HELD = {
  key: "behind its key",
  canvas: "behind its chord",
  control: "paused or full",
  rate: "at its rate",
  breaker: "cloud is away",
};

/** `choose(id, isChosen)` is called when its box changes; `chosen`: ids of those that are. */
export function row(job, choose, chosen) {
  const box = h("input", {
    type: "checkbox",
    value: job.id,
    checked: chosen.has(job.id),
    "aria-label": `Select job ${job.id}`,
    onchange: (event) => choose(job.id, event.target.checked),
  });
  return h(
    "tr",
    {},
    may("write") && h("td", { class: "check" }, box),
    h("td", {}, badge(job.state), job.held_by && h("small", { class: "held" }, HELD[job.held_by])),
    h(
      "td",
      { class: "wide" },
      h("a", { href: link("job", job.id), class: "line", "data-key": job.id }, breakable(job.task)),
      job.state === "STARTED" && progressOf(job.progress),
      h(
        "small",
        { class: job.error && job.state !== "SUCCESS" ? "said bad-text" : "said" },
        told(job),
      ),
    ),
    h("td", {}, job.queue),
    h("td", { class: "number" }, `${job.attempts} / ${job.max_attempts}`),
    h("td", {}, ago(job.created_at)),
    amount("waited", duration(waited(job))),
    amount(
      "ran",
      job.started_at && job.state === "STARTED"
        ? lasting(job.started_at)
        : duration(seconds(job.started_at, job.finished_at)),
    ),
  );
}

const amount = (name, content) =>
  h("td", { class: content === "–" ? "number blank" : "number", "data-name": name }, content);

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
