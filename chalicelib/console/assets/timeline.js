// What happened to a job, oldest first.

import { h } from "./dom.js";
import { brief, duration, full, seconds, shortId } from "./format.js";

const OUTCOMES = {
  failed: ["bad", "failed"],
  lost: ["bad", "was lost with its worker"],
  released: ["off", "was given back by a worker that had to go, and does not count,"],
  cancelled: ["off", "was cancelled"],
};

/** A list of moments. `attempts`: those that did not succeed. */
export function timeline(job, attempts) {
  const points = [
    {
      at: job.created_at,
      title: "Submitted",
      detail: job.created_by ? "" : "by the system or another Celery client",
    },
  ];
  // The last time: of those before nothing is kept.
  if (job.rung_at)
    points.push({ at: job.rung_at, title: "Rung", detail: "a message on the queue tells workers" });
  for (const one of attempts) points.push(ofAttempt(one));
  const isDone = ["SUCCESS", "STARTED"].includes(job.state);
  if (isDone && job.started_at)
    points.push({
      at: job.started_at,
      title: `Attempt ${job.attempts} began`,
      kind: "running",
      worker: job.worker_id,
    });
  if (job.state === "STARTED" && job.progress)
    points.push({ at: null, title: "Progress", detail: said(job.progress), kind: "running" });
  if (job.cancel_requested_at)
    points.push({ at: job.cancel_requested_at, title: "Cancelling was asked for", kind: "off" });
  if (job.finished_at)
    points.push({
      at: job.finished_at,
      title: ending(job),
      kind: { SUCCESS: "good", FAILURE: "bad" }[job.state] ?? "off",
    });
  else if (job.state === "RETRY" || (job.state === "PENDING" && job.run_at > job.created_at))
    points.push({ at: job.run_at, title: "Next attempt is due", kind: "waiting" });
  points.sort((a, b) => ((a.at ?? "9") < (b.at ?? "9") ? -1 : 1));
  return h("ol", { class: "timeline" }, points.map(item));
}

function ofAttempt(one) {
  const [kind, words] = OUTCOMES[one.outcome] ?? ["off", one.outcome];
  const ran = one.started_at ? ` after ${duration(seconds(one.started_at, one.ended_at))}` : "";
  return {
    at: one.ended_at,
    title: `Attempt ${one.number} ${words}${ran}`,
    kind,
    error: one.error,
    worker: one.worker_id,
    key: one.id,
  };
}

function ending(job) {
  const ran = job.started_at ? ` after ${duration(seconds(job.started_at, job.finished_at))}` : "";
  if (job.state === "SUCCESS") return `Succeeded${ran}`;
  return job.state === "FAILURE"
    ? "Failed for good"
    : job.superseded_by
      ? "Ended: a newer job took its place"
      : "Ended as cancelled";
}

const said = (progress) =>
  [
    typeof progress.percent === "number" ? `${Math.round(progress.percent)} %` : "",
    progress.message ?? "",
  ]
    .filter(Boolean)
    .join(" · ");

function item({ at, title, detail, kind, error, worker, key }) {
  return h(
    "li",
    { class: kind ?? "off" },
    at
      ? h("span", { class: "when", title: full(at) }, brief(at))
      : h("span", { class: "when" }, "now"),
    h("strong", {}, title),
    detail && h("p", {}, detail),
    worker && h("p", { class: "quiet" }, "on worker ", h("code", {}, shortId(worker))),
    error && h("p", { class: "bad-text" }, `${error.type}: ${error.message}`),
    error?.traceback &&
      h(
        "details",
        { "data-key": key },
        h("summary", {}, "Traceback"),
        h("pre", { tabindex: 0 }, error.traceback),
      ),
  );
}
