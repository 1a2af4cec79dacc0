// Dead letters of a queue: looked at, and put back.

import { call, path } from "./api.js";
import { h } from "./dom.js";
import { ago, number, shortId } from "./format.js";
import { ask, attempt, button, card, empty, table } from "./parts.js";
import { link } from "./route.js";

/** Shown when asked for, not all the time: SQS shows messages only by receiving them. */
export async function showLetters(place, queue) {
  const again = () => showLetters(place, queue);
  await attempt(async () => {
    const found = await call("POST", path(["queues", queue, "dead-letters", "browse"]), {
      limit: 100,
    });
    const letters = found.dead_letters;
    place.replaceChildren(
      card(
        `Dead letters of ${queue}`,
        letters.length
          ? [
              h(
                "p",
                {},
                `${number(letters.length)} of about ${number(found.approximate_count)} are shown. `,
                button("Put all back", () => redrive(queue, null, again), "small primary"),
              ),
              table(
                "Dead letters",
                ["Message", "Task", "Job", "Why", "Received", "Sent", ""],
                letters.map((one) => [
                  h(
                    "details",
                    { "data-key": one.message_id },
                    h("summary", {}, shortId(one.message_id)),
                    h("pre", { tabindex: 0 }, one.body),
                  ),
                  one.task ?? "–",
                  one.job_id
                    ? h("a", { href: link("job", one.job_id) }, h("code", {}, shortId(one.job_id)))
                    : "–",
                  one.reason ?? "it was received too often",
                  `${one.receive_count} ×`,
                  ago(one.sent_at),
                  button("Put back", () => redrive(queue, [one.message_id], again), "small"),
                ]),
              ),
            ]
          : empty("No dead letters", "Every message of this queue could be handled."),
      ),
    );
    place.scrollIntoView({ block: "nearest" });
  });
}

async function redrive(queue, ids, again) {
  if (
    !ids &&
    !(await ask(`Put all dead letters of ${queue} back?`, "Put them back", {
      kind: "primary",
      content: [
        h(
          "p",
          {},
          "Each is tried again by the workers. A job whose bell is doubled runs once all the same.",
        ),
      ],
    }))
  )
    return;
  await attempt(
    () =>
      call(
        "POST",
        path(["queues", queue, "dead-letters", "redrive"]),
        ids ? { message_ids: ids } : {},
      ),
    ({ moved }) => `${moved} put back.`,
  );
  await again();
}
