// Circuit breakers of clouds: whether jobs that call one begin, or wait until it answers again.

import { call, may, path } from "./api.js";
import { h } from "./dom.js";
import { ago, many, number } from "./format.js";
import { ask, attempt, button, note, table } from "./parts.js";
import { link } from "./route.js";
import { refresh } from "./watch.js";

const KINDS = { closed: "good", open: "bad", half_open: "waiting" };

/** A line a cloud; `more(breaker)`: what stands below its name; `refresh`: called after an order. */
export const breakerTable = (breakers, more = () => null, orders = () => null) =>
  table(
    "Clouds",
    ["Cloud", "Circuit breaker", "Failures in a row", "Jobs that wait", "Next try", ""],
    breakers.map((one) => [
      [h("strong", {}, one.upstream), more(one)],
      [
        note(KINDS[one.state], one.state.replace("_", " ")),
        one.opened_at && h("small", {}, " since ", ago(one.opened_at)),
      ],
      [number(one.failures), one.last_error_type && h("small", {}, ` ${one.last_error_type}`)],
      many(one.waiting),
      nextTry(one),
      may("admin") && h("div", { class: "buttons" }, orders(one), order(one)),
    ]),
  );

function nextTry(one) {
  if (one.probe_job_id) return h("a", { href: link("job", one.probe_job_id) }, "now, by this job");
  if (one.state === "half_open") return "now";
  if (one.state === "open" && !one.next_probe_at) return "when it is closed by hand";
  return ago(one.next_probe_at);
}

/** Closing lets jobs begin at once; opening holds them until somebody closes it. */
function order(one) {
  const isClosed = one.state === "closed";
  const send = async () => {
    const content = [
      h("p", {}, "Jobs that call this cloud do not begin until it is closed again by hand."),
    ];
    if (isClosed && !(await ask(`Hold the jobs of ${one.upstream}?`, "Hold them", { content })))
      return;
    await attempt(
      () => call("POST", path(["circuit-breakers", one.upstream, isClosed ? "open" : "close"])),
      isClosed ? "Jobs of it are held." : "Jobs of it begin again.",
    );
    refresh();
  };
  return button(isClosed ? "Open breaker" : "Close breaker", send, "small", {
    "data-key": `breaker-${one.upstream}`,
    title: isClosed ? "Hold the jobs of this cloud" : "Let the jobs of this cloud begin",
  });
}
