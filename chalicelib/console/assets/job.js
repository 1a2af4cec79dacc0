// One job: what it is, how it went, what it was given and gave back, and what can be done.

import { ROOT, call, get, getOnce, may, path } from "./api.js";
import { breakable, h } from "./dom.js";
import { ago, duration, seconds } from "./format.js";
import {
  ask,
  attempt,
  badge,
  button,
  card,
  copier,
  crumbs,
  facts,
  head,
  jsonCard,
  table,
} from "./parts.js";
import { progressOf } from "./progress.js";
import { link } from "./route.js";
import { timeline } from "./timeline.js";
import { follow, refresh } from "./watch.js";

const ENDED = new Set(["SUCCESS", "FAILURE", "REVOKED"]);

export function open(main, { id }) {
  const load = async (signal) => {
    const [{ tasks }, job, { attempts }, { jobs }] = await Promise.all([
      getOnce("tasks"),
      get(path(["jobs", id]), { signal }),
      get(path(["jobs", id, "attempts"]), { signal }),
      get(path(["jobs"], { parent_id: id, limit: 20 }), { signal }),
    ]);
    const isPublic = tasks.some((task) => task.name === job.task && task.is_public);
    return { job, attempts, followers: jobs, isPublic };
  };
  return follow(main, load, page, ({ job }) => (ENDED.has(job.state) ? 15 : 2));
}

function page({ job, attempts, followers, isPublic }) {
  return [
    crumbs("jobs", "Jobs", job.id),
    head(job.task, null, ...actions(job, isPublic)),
    h(
      "div",
      { class: "lead" },
      badge(job.state),
      job.cancel_requested_at &&
        !ENDED.has(job.state) &&
        h("span", { class: "quiet" }, "told to stop"),
      why(job),
      progressOf(job.state === "STARTED" ? job.progress : null),
    ),
    job.error && job.state !== "SUCCESS" && trouble(job.error),
    h(
      "div",
      { class: "columns" },
      h(
        "div",
        {},
        jsonCard("Parameters", job.parameters),
        job.state === "SUCCESS" && jsonCard("Result", job.result),
        card("What happened", timeline(job, attempts)),
        followed(job, followers),
      ),
      h("div", {}, card("Facts", about(job)), related(job)),
    ),
  ];
}

/** What can be done; jobs of tasks that are not public are made by the system, for a record. */
function actions(job, isPublic) {
  const order = (verb, done) => async () => {
    if (
      verb === "cancel" &&
      !(await ask("Cancel this job?", "Cancel the job", {
        content: [
          h(
            "p",
            {},
            job.state === "STARTED"
              ? "Its worker tells it to stop within a few seconds."
              : "It ends at once and is not run.",
          ),
        ],
      }))
    )
      return;
    await attempt(() => call("POST", path(["jobs", job.id, verb])), done);
    refresh();
  };
  return [
    isPublic && copier(() => asCurl(job), "Copy as curl", ""),
    isPublic &&
      may("write") &&
      h("a", { class: "button", href: link("submit", [], { like: job.id }) }, "Submit another"),
    may("write") &&
      !recordOf(job) &&
      (job.state === "FAILURE" || job.state === "REVOKED") &&
      button("Retry", order("retry", "The job is to run once more."), "primary", {
        "data-key": "retry",
      }),
    may("write") &&
      !ENDED.has(job.state) &&
      button("Cancel", order("cancel", "The job is being cancelled."), "danger", {
        "data-key": "cancel",
      }),
  ];
}

/** Why a job that waits does not run yet. */
function why(job) {
  const words = {
    key: [
      "It waits for the jobs before it that share its key ",
      job.key && h("a", { href: link("jobs", [], { key: job.key }) }, job.key),
      ".",
    ],
    canvas: ["It was replaced by a chord that has not ended."],
    control: [
      "Its queue or task is paused, or runs as many at once as it may: see ",
      h("a", { href: link("queues") }, "queues"),
      " and ",
      h("a", { href: link("limits") }, "limits"),
      ".",
    ],
    rate: [
      "So many of its kind began just now that it has to wait: see ",
      h("a", { href: link("limits") }, "limits"),
      ".",
    ],
    breaker: [
      `The cloud ${job.upstream ?? "that it calls"} does not answer, so its jobs wait: see `,
      h("a", { href: link("limits") }, "limits"),
      ".",
    ],
  }[job.held_by];
  if (words) return h("p", {}, words);
  if (job.state === "RETRY" && job.run_at)
    return h(
      "p",
      {},
      `Attempt ${job.attempts + 1} of ${job.max_attempts} begins `,
      ago(job.run_at),
      ".",
    );
  if (job.state === "PENDING" && job.run_at && new Date(job.run_at) > Date.now() + 2000)
    return h("p", {}, "It begins ", ago(job.run_at), ".");
  if (job.state === "PENDING")
    return h(
      "p",
      {},
      "It may run, and waits for a worker: see ",
      h("a", { href: link("workers") }, "workers"),
      ".",
    );
  return null;
}

function trouble(error) {
  const { type, message, advice, traceback } = error;
  return h(
    "section",
    { class: "card trouble" },
    h("h2", {}, type ?? "Error"),
    h("p", { class: "message" }, message ?? ""),
    advice && h("p", {}, advice),
    error.retryable === false &&
      h("p", { class: "quiet" }, "Permanent: trying again was not worth it."),
    traceback &&
      h(
        "details",
        { "data-key": "trace" },
        h("summary", {}, "Traceback"),
        h("pre", { tabindex: 0 }, traceback),
      ),
  );
}

function about(job) {
  const due = job.run_at && job.run_at > job.created_at ? job.run_at : job.created_at;
  return facts([
    ["Id", [h("code", {}, job.id), " ", copier(job.id)]],
    ["Queue", h("a", { href: link("jobs", [], { queue: job.queue }) }, job.queue)],
    ["Task", h("a", { href: link("jobs", [], { task: job.task }) }, breakable(job.task))],
    ["Cloud", job.upstream],
    ["Attempts", `${job.attempts} of ${job.max_attempts}`],
    [
      "Waited",
      job.attempts === 1 && job.started_at && due <= job.started_at
        ? duration(seconds(due, job.started_at))
        : null,
    ],
    [
      "Ran",
      job.finished_at && job.started_at ? duration(seconds(job.started_at, job.finished_at)) : null,
    ],
    ["Key", job.key && h("a", { href: link("jobs", [], { key: job.key }) }, breakable(job.key))],
    [
      "Tags",
      job.tags.length
        ? job.tags.map((tag) => [h("a", { href: link("jobs", [], { tag }) }, tag), " "])
        : null,
    ],
    ["Worker", job.worker_id && h("code", {}, job.worker_id)],
    ["Submitted", ago(job.created_at)],
    ["Ended", job.finished_at && ago(job.finished_at)],
    ["Time limit", job.timeout_seconds && duration(job.timeout_seconds)],
    ["Submitted by token", job.created_by && h("code", {}, job.created_by)],
    ["Request", job.request_id && h("code", {}, job.request_id)],
    ["Trace", job.traceparent && h("code", {}, job.traceparent)],
  ]);
}

function related(job) {
  const one = (id) => h("a", { href: link("job", id) }, h("code", {}, id));
  const pairs = [
    recordOf(job) ?? ["Record", null],
    ["Follows", job.parent_id && one(job.parent_id)],
    ["Replaced by", job.superseded_by && one(job.superseded_by)],
    [
      "Took the place of",
      job.supersedes.length ? job.supersedes.map((id) => [one(id), " "]) : null,
    ],
  ];
  return pairs.some(([, value]) => value) && card("Related", facts(pairs));
}

const RECORDS = [
  ["network.loadbalancers.", "Load balancer", "loadbalancers", "load_balancer_id"],
  ["compute.servers.", "Server", "servers", "server_id"],
];

/** The record that it is about, as name and link: its change is asked for again, not its job. */
function recordOf(job) {
  const [, name, page, field] = RECORDS.find(([start]) => job.task.startsWith(start)) ?? [];
  const id = job.parameters?.[field];
  return id && [name, h("a", { href: link(page, id) }, h("code", {}, id))];
}

/** Jobs that this one brought about: parts of its canvas, and deliveries that tell of it. */
const followed = (job, followers) =>
  followers.length > 0 &&
  card(
    "What followed",
    table(
      "What followed",
      ["Task", "State", "Submitted"],
      followers.map((one) => [
        h("a", { href: link("job", one.id), class: "line" }, breakable(one.task)),
        badge(one.state),
        ago(one.created_at),
      ]),
    ),
    followers.length === 20 &&
      h(
        "p",
        { class: "below" },
        h("a", { href: link("jobs", [], { parent_id: job.id }) }, "All of them"),
      ),
  );

/** A command that submits the same again; the token is named, not shown. */
function asCurl(job) {
  const body = { task: job.task, parameters: job.parameters, queue: job.queue, tags: job.tags };
  const quoted = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl -X POST '${new URL("jobs", ROOT)}' -H "X-Auth-Token: $API_TOKEN" -H 'Content-Type: application/json' -d '${quoted}'`;
}
