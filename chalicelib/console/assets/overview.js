// What an operator asks first: is it moving, how long do jobs wait, what fails, what is paused.

import { get, path } from "./api.js";
import { breakerTable } from "./breakers.js";
import { endedChart, waitChart } from "./charts.js";
import { breakable, h, swap } from "./dom.js";
import { ago, asAddress, duration, many, number } from "./format.js";
import { badge, card, empty, figure, head, note, table } from "./parts.js";
import { go, link } from "./route.js";
import { watch } from "./watch.js";

export async function open(main, { query }) {
  const window = query.window === "day" ? "day" : "hour";
  const place = h("div");
  const charts = [endedChart(showJobs), waitChart(showJobs)];
  main.replaceChildren(head("Overview", null, windows(window)), place);
  return watch(
    place,
    (signal) => get(path(["overview"], { window }), { signal }),
    (seen) => {
      swap(place, page(seen, charts));
      for (const one of charts) one.show(seen.points, seen.step_seconds);
    },
    5,
  );
}

/** Go to the jobs that were submitted between two moments, in seconds. */
const showJobs = (from, to) =>
  go("jobs", [], { from: asAddress(1000 * from), to: asAddress(1000 * to) });

const windows = (chosen) =>
  h(
    "nav",
    { class: "switch", "aria-label": "How far back" },
    [
      ["hour", "Last hour"],
      ["day", "Last day"],
    ].map(([key, text]) =>
      h(
        "a",
        {
          href: link("overview", [], { window: key }),
          "aria-current": key === chosen ? "true" : null,
        },
        text,
      ),
    ),
  );

function page(seen, [ended, waits]) {
  const broken = seen.circuit_breakers.filter(({ state }) => state !== "closed");
  return [
    alarms(seen),
    broken.length > 0 && card("Clouds that are left alone", breakerTable(broken)),
    h("div", { class: "figures" }, figures(seen)),
    h(
      "div",
      { class: "pair" },
      card("Jobs that ended", ended.element),
      card("How long they waited", waits.element),
    ),
    h(
      "div",
      { class: "pair" },
      h("div", {}, queues(seen), seen.paused.length > 0 && card("Paused", paused(seen.paused))),
      failures(seen),
    ),
  ];
}

/** What is wrong at this moment, in sentences; nothing if nothing is. */
function alarms({ workers, queues, circuit_breakers: breakers }) {
  const waiting = queues.reduce((sum, queue) => sum + queue.depth, 0);
  const oldest = Math.max(...queues.map((queue) => queue.oldest_seconds ?? 0));
  const told = [];
  if (!workers.alive)
    told.push(
      waiting ? `No worker is alive, and ${number(waiting)} jobs wait.` : "No worker is alive.",
    );
  else if (oldest > 300)
    told.push(
      `The oldest job that may run has waited for ${duration(oldest)}: add workers, or look at what is paused.`,
    );
  for (const { upstream, waiting: held } of breakers.filter(({ state }) => state === "open"))
    told.push(
      `The cloud ${upstream} is left alone: its circuit breaker is open, and ${many(held)} jobs wait for it.`,
    );
  return told.length
    ? h(
        "div",
        { class: "card trouble", role: "alert" },
        told.map((text) => h("p", {}, text)),
      )
    : null;
}

function figures(seen) {
  const { workers } = seen;
  const ended = seen.succeeded + seen.failed + seen.revoked;
  const share = ended ? (100 * seen.failed) / ended : 0;
  const waiting = seen.queues.reduce((sum, queue) => sum + queue.depth, 0);
  const busy = workers.capacity
    ? `${Math.round((100 * workers.running) / workers.capacity)} % of ${workers.capacity} places`
    : "no place to run";
  return [
    figure("Ended", ended, `last minute: ${number(seen.last_minute)}`, "", link("jobs")),
    figure(
      "Failed",
      seen.failed,
      ended ? `${share.toFixed(share < 1 && share > 0 ? 2 : 1)} % of all` : "of none",
      seen.failed ? "bad" : "",
      link("jobs", [], { state: "FAILURE" }),
    ),
    figure(
      "Waiting",
      many(waiting),
      "due now",
      waiting > 1000 ? "waiting" : "",
      link("jobs", [], { state: "PENDING" }),
    ),
    figure("Median wait", duration(seen.wait_p50), `p95 ${duration(seen.wait_p95)}`),
    figure("Running", workers.running, busy, "", link("jobs", [], { state: "STARTED" })),
    figure(
      "Workers",
      workers.alive,
      workers.alive ? "alive" : "none is alive",
      workers.alive ? "good" : "bad",
      link("workers"),
    ),
  ];
}

function queues(seen) {
  const paused = new Set(seen.paused.filter((one) => one.kind === "queue").map((one) => one.name));
  return card(
    "Queues",
    table(
      "Queues",
      ["Queue", "Waiting", "Later", "Held", "Running", "Oldest"],
      seen.queues.map((queue) => [
        [
          h("a", { href: link("queues") }, queue.name),
          " ",
          paused.has(queue.name) && note("waiting", "paused"),
        ],
        many(queue.depth),
        many(queue.delayed),
        many(queue.held),
        number(queue.in_flight),
        queue.oldest_seconds === null ? "–" : duration(queue.oldest_seconds),
      ]),
    ),
  );
}

function failures({ failures, window }) {
  if (!failures.length)
    return card(
      "What fails most",
      empty("Nothing failed", `No job of the last ${window} ended as a failure.`),
    );
  return card(
    "What fails most",
    table(
      "What fails most",
      ["Task", "Error", "Jobs", "Last"],
      failures.map((group) => [
        h(
          "a",
          {
            href: link("jobs", [], { state: "FAILURE", task: group.task, error: group.error_type }),
          },
          breakable(group.task),
        ),
        [h("strong", {}, group.error_type), h("small", { class: "said" }, group.message)],
        number(group.count),
        h("a", { href: link("job", group.last_job_id) }, ago(group.last_at)),
      ]),
    ),
  );
}

function paused(list) {
  const places = { queue: "queues", task: "limits", schedule: "schedules", webhook: "webhooks" };
  return table(
    "Paused",
    ["What", "Name", "Since"],
    list.map((one) => [
      badge(one.kind),
      h("a", { href: link(places[one.kind]) }, one.name),
      ago(one.since),
    ]),
  );
}
