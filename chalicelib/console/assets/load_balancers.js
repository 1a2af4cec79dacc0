// Load balancers: their records, their states, what happened to each.

import { call, get, may, path } from "./api.js";
import { dialogForm, input, words } from "./dialog_form.js";
import { h, swap } from "./dom.js";
import { ago, json, shortId } from "./format.js";
import { openList } from "./list.js";
import { ask, attempt, badge, button, card, choice, empty, facts, head, table } from "./parts.js";
import { link } from "./route.js";
import { watch } from "./watch.js";

const STATES = ["ACTIVE", "PENDING_CREATE", "PENDING_UPDATE", "PENDING_DELETE", "ERROR", "DELETED"];

export async function open(main, { id, query }) {
  if (id) return openOne(main, id);
  const state = query.state ?? "";
  const one = (value, text) =>
    h(
      "a",
      {
        href: link("loadbalancers", [], { state: value }),
        "aria-current": value === state ? "true" : null,
      },
      text,
    );
  return openList(main, {
    page: "loadbalancers",
    title: "Load balancers",
    asked: ["loadbalancers"],
    rows: "load_balancers",
    query,
    filters: { provisioning_status: state },
    above: h(
      "nav",
      { class: "tabs", "aria-label": "State" },
      one("", "All"),
      STATES.map((name) => one(name, name)),
    ),
    columns: ["Name", "State", "Address", "Kind", "Changed", "Last job"],
    row: (record) => [
      [
        h(
          "a",
          { class: "line", href: link("loadbalancers", record.id), "data-key": record.id },
          record.name,
        ),
        record.fault && h("small", { class: "said bad-text" }, record.fault.message),
      ],
      badge(record.provisioning_status),
      record.dns_name ?? record.vip_address ?? "–",
      `${record.type}, ${record.scheme}`,
      ago(record.updated_at),
      h("a", { href: link("job", record.job_id) }, h("code", {}, shortId(record.job_id))),
    ],
    none: () =>
      state
        ? empty("None in this state", h("a", { href: link("loadbalancers") }, "Show all"), ".")
        : empty(
            "No load balancers",
            "Create one here, or with ",
            h("code", {}, "POST /loadbalancers"),
            ".",
          ),
    buttons: (refresh) => [
      may("admin") && button("Add an existing one", () => add(refresh)),
      may("write") && button("New load balancer", () => create(refresh), "primary"),
    ],
  });
}

function openOne(main, id) {
  let last = "";
  const load = async (signal) => {
    const record = await get(path(["loadbalancers", id]), { signal });
    const { jobs } = await get(path(["jobs"], { key: `loadbalancer:${id}`, limit: 20 }), {
      signal,
    });
    return { record, jobs };
  };
  const watcher = watch(
    main,
    load,
    (found) => {
      const now = JSON.stringify(found);
      if (now !== last)
        swap(
          main,
          page(found, () => watcher.refresh()),
        );
      last = now;
    },
    3,
  );
  return watcher.stop;
}

function page({ record, jobs }, refresh) {
  // While a job is at it, the API refuses another change.
  const mayChange = may("write") && ["ACTIVE", "ERROR"].includes(record.provisioning_status);
  return [
    h(
      "nav",
      { class: "crumbs", "aria-label": "Where you are" },
      h("a", { href: link("loadbalancers") }, "Load balancers"),
      " / ",
      record.id,
    ),
    head(
      record.name,
      null,
      mayChange && button("Rename …", () => rename(record, refresh)),
      mayChange && button("Destroy", () => destroy(record, refresh), "danger"),
    ),
    h("div", { class: "lead" }, badge(record.provisioning_status)),
    record.fault &&
      h(
        "section",
        { class: "card trouble" },
        h("h2", {}, record.fault.code),
        h("p", { class: "message" }, record.fault.message),
        record.fault.advice && h("p", {}, record.fault.advice),
        record.fault.job_id &&
          h("p", {}, h("a", { href: link("job", record.fault.job_id) }, "The job that failed")),
      ),
    h(
      "div",
      { class: "columns" },
      h(
        "div",
        {},
        card(
          "History",
          jobs.length
            ? table(
                "History",
                ["Job", "State", "Submitted", "Attempts"],
                jobs.map((job) => [
                  h("a", { href: link("job", job.id), class: "line" }, job.task),
                  badge(job.state),
                  ago(job.created_at),
                  `${job.attempts} / ${job.max_attempts}`,
                ]),
              )
            : h("p", { class: "quiet" }, "Its jobs are cleaned away."),
        ),
        card("Tags", json(record.tags)),
        card("Attributes", json(record.attributes)),
      ),
      card(
        "Facts",
        facts([
          ["Address", record.dns_name],
          ["Virtual IP", record.vip_address],
          ["Kind", record.type],
          ["Scheme", record.scheme],
          ["IP addresses", record.ip_address_type],
          ["Subnets", record.subnet_ids.join(", ")],
          ["Security groups", record.security_group_ids.join(", ")],
          ["Network", record.network_id],
          ["Zones", record.zones.map((zone) => Object.values(zone).join(" ")).join(", ")],
          ["Id in the cloud", record.upstream_id && h("code", {}, record.upstream_id)],
          ["Id", h("code", {}, record.id)],
          ["Made", ago(record.created_at)],
          ["Changed", ago(record.updated_at)],
        ]),
      ),
    ),
  ];
}

function create(refresh) {
  dialogForm(
    "New load balancer",
    [
      ["name", "Name", input()],
      [
        "subnet_ids",
        "Subnets",
        input({ placeholder: "subnet-1, subnet-2" }),
        "Their ids, with commas between them.",
      ],
      [
        "type",
        "Kind",
        choice("network", [
          ["network", "network"],
          ["application", "application"],
        ]),
      ],
      [
        "scheme",
        "Scheme",
        choice("internal", [
          ["internal", "internal"],
          ["internet-facing", "internet-facing"],
        ]),
      ],
      ["security_group_ids", "Security groups", input(), "None if it is empty."],
    ],
    {
      path: "loadbalancers",
      done: refresh,
      body: (values) => ({
        ...values,
        subnet_ids: words(values.subnet_ids),
        security_group_ids: words(values.security_group_ids),
      }),
    },
  );
}

const add = (refresh) =>
  dialogForm(
    "Add a load balancer that exists in the cloud",
    [["upstream_id", "Its id in the cloud", input(), "An ARN on AWS, a UUID on OpenStack."]],
    { path: "loadbalancers/add", yes: "Add it", done: refresh },
  );

const rename = (record, refresh) =>
  dialogForm(`Rename ${record.name}`, [["name", "Name", input({ value: record.name })]], {
    method: "PUT",
    path: path(["loadbalancers", record.id]),
    yes: "Rename it",
    done: refresh,
  });

async function destroy(record, refresh) {
  if (
    !(await ask(`Destroy ${record.name}?`, "Destroy it", {
      content: [
        h("p", {}, "It is deleted in the cloud; what listens behind it is no longer reached."),
      ],
    }))
  )
    return;
  await attempt(() => call("DELETE", path(["loadbalancers", record.id])), "It is being destroyed.");
  refresh();
}
