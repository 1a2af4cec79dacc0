// Workers: who is alive, what each runs.

import { h } from "./dom.js";
import { ago, shortId } from "./format.js";
import { openList } from "./list.js";
import { empty, note } from "./parts.js";
import { link } from "./route.js";

export async function open(main) {
  return openList(main, {
    page: "workers",
    title: "Workers",
    about: "Processes that run jobs; one that is gone leaves the list after some minutes.",
    asked: ["workers"],
    rows: "workers",
    isPaged: false,
    columns: ["Worker", "State", "Busy", "Jobs of this project", "Queues", "Last heard", "Started"],
    row: (one) => [
      [h("strong", {}, one.hostname), h("small", {}, ` process ${one.pid}`)],
      one.is_alive ? note("good", "alive") : note("bad", "silent"),
      h(
        "span",
        { class: "progress" },
        h("progress", { max: one.concurrency, value: one.running, "aria-label": "Places taken" }),
        h("small", {}, `${one.running} of ${one.concurrency}`),
      ),
      one.job_ids.length
        ? one.job_ids.map((id) => [
            h("a", { href: link("job", id) }, h("code", {}, shortId(id))),
            " ",
          ])
        : "–",
      one.queues.join(", "),
      ago(one.last_heartbeat_at),
      ago(one.started_at),
    ],
    none: () =>
      empty(
        "No workers",
        "Nothing runs jobs at the moment. Start one: ",
        h("code", {}, "make worker"),
        ", or look at the service in ECS.",
      ),
  });
}
