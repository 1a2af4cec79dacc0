// Webhooks: who is told of what, whether that arrives, and sending it again.

import { call, get, may, path } from "./api.js";
import { dialogForm, input, words } from "./dialog_form.js";
import { breakable, h } from "./dom.js";
import { ago, shortId } from "./format.js";
import { openList } from "./list.js";
import { ask, attempt, badge, button, copier, crumbs, empty, note, tell } from "./parts.js";
import { link } from "./route.js";
import { refresh } from "./watch.js";

export async function open(main, { id, query }) {
  if (id) return openDeliveries(main, id, query);
  const ofOneJob = query.one_off === "true";
  return openList(main, {
    page: "webhooks",
    title: "Webhooks",
    about: "Addresses that are told of load balancers, servers and jobs, with signatures.",
    asked: ["webhooks"],
    rows: "webhooks",
    query,
    filters: { one_off: ofOneJob },
    above: kinds(ofOneJob),
    columns: ["Address", "Events", "State", "Made", ""],
    row: (one) => [
      [
        h(
          "a",
          { class: "line", href: link("webhooks", one.id), "data-key": one.id },
          breakable(one.url),
        ),
        one.job_id && h("small", {}, " of ", h("a", { href: link("job", one.job_id) }, "its job")),
      ],
      one.events.join(", "),
      one.is_enabled
        ? note("good", "on")
        : [note("bad", "off"), h("small", { class: "said" }, one.disabled_reason ?? "")],
      ago(one.created_at),
      orders(one),
    ],
    none: () =>
      ofOneJob
        ? empty(
            "No webhooks of one job",
            "A request can bring one with it. It hears of that job alone, and goes with it.",
          )
        : empty(
            "No webhooks",
            "A webhook tells your own service what becomes of load balancers, servers and jobs. ",
            may("write")
              ? "Press New webhook to make the first."
              : "A token that may write can make one.",
          ),
    buttons: () => [may("write") && button("New webhook", create, "primary")],
  });
}

/** Each job can bring a webhook of its own: so many would hide those that were made to stay. */
const kinds = (ofOneJob) =>
  h(
    "nav",
    { class: "tabs", "aria-label": "Kind" },
    [
      [false, "Lasting"],
      [true, "Of one job"],
    ].map(([is, text]) =>
      h(
        "a",
        {
          href: link("webhooks", [], { one_off: is || "" }),
          "aria-current": is === ofOneJob ? "true" : null,
        },
        text,
      ),
    ),
  );

async function openDeliveries(main, id, query) {
  const { url } = await get(path(["webhooks", id]));
  return openList(main, {
    page: "webhooks",
    ids: [id],
    title: "Deliveries",
    about: `What was sent to ${url}.`,
    crumbs: crumbs("webhooks", "Webhooks", id),
    asked: ["webhooks", id, "deliveries"],
    rows: "deliveries",
    query,
    columns: ["Event", "State", "Attempts", "Next attempt", "Sent", "Job", ""],
    row: (one) => [
      [
        h(
          "details",
          { "data-key": one.id },
          h("summary", {}, one.event_type),
          h("pre", { tabindex: 0 }, JSON.stringify(one.payload, null, 2)),
        ),
        one.error && h("small", { class: "said bad-text" }, one.error),
      ],
      badge(one.state),
      String(one.attempts),
      ago(one.next_attempt_at, ["PENDING", "RETRY"].includes(one.state) ? "held" : "–"),
      ago(one.created_at),
      h("a", { href: link("job", one.job_id) }, h("code", {}, shortId(one.job_id))),
      may("write") && ["SUCCESS", "FAILURE", "REVOKED"].includes(one.state)
        ? button(
            "Send again",
            async () => {
              await attempt(
                () => call("POST", path(["webhooks", id, "deliveries", one.id, "redeliver"])),
                "It is sent again.",
              );
              refresh();
            },
            "small",
          )
        : "",
    ],
    none: () =>
      empty(
        "No deliveries yet",
        "Nothing has happened that this webhook is told of. Ping it to see whether it answers.",
      ),
  });
}

function orders(one) {
  if (!may("write")) return "";
  const base = ["webhooks", one.id];
  const then = (work, done) => async () => {
    await attempt(work, done);
    refresh();
  };
  return h(
    "div",
    { class: "buttons" },
    button(
      "Ping",
      then(() => call("POST", path([...base, "ping"])), "A ping is on its way."),
      "small",
    ),
    button("Change …", () => change(one), "small"),
    button(
      one.is_enabled ? "Turn off" : "Turn on",
      then(
        () => call("PUT", path(base), { is_enabled: !one.is_enabled }),
        one.is_enabled ? "It is told nothing more." : "It is told again.",
      ),
      "small",
    ),
    button(
      "New secret",
      async () => {
        if (
          !(await ask("Give it a new secret?", "Give it a new secret", {
            kind: "primary",
            content: [h("p", {}, "The old one signs for a day more.")],
          }))
        )
          return;
        await attempt(async () => showSecret(await call("POST", path([...base, "rotate"]))));
        refresh();
      },
      "small",
    ),
    button(
      "Delete",
      async () => {
        if (await ask(`Delete the webhook ${one.url}?`, "Delete it"))
          await then(() => call("DELETE", path(base)), "It is deleted.")();
      },
      "small danger",
    ),
  );
}

const fields = (url, events) => [
  ["url", "Address", input({ placeholder: "https://…", value: url })],
  [
    "events",
    "Events",
    input({ value: events }),
    "Names with commas between them, such as load_balancer.*, server.error and job.failed; * is all.",
  ],
];

const create = () =>
  dialogForm("New webhook", fields("", "*"), {
    path: "webhooks",
    body: (values) => ({ ...values, events: words(values.events) }),
    done: (made) => {
      showSecret(made);
      refresh();
    },
  });

const change = (one) =>
  dialogForm("Change the webhook", fields(one.url, one.events.join(", ")), {
    method: "PUT",
    path: path(["webhooks", one.id]),
    yes: "Change it",
    body: (values) => ({ ...values, events: words(values.events) }),
    done: refresh,
  });

const showSecret = (made) =>
  tell(
    "Its secret",
    h("p", {}, "Signatures are made with it. It is shown this once only."),
    h("pre", { tabindex: 0 }, made.secret),
    h("p", {}, copier(made.secret)),
  );
