// Records of a cloud: a list, and for each what it is and what happened to it.

import { Problem, call, etagOf, get, may, path } from "./api.js";
import { dialogForm, input, words } from "./dialog_form.js";
import { breakable, h } from "./dom.js";
import { invalid } from "./fields.js";
import { ago, shortId } from "./format.js";
import { openList } from "./list.js";
import {
  ask,
  attempt,
  badge,
  button,
  card,
  crumbs,
  empty,
  facts,
  head,
  jsonCard,
  table,
} from "./parts.js";
import { link } from "./route.js";
import { follow, refresh } from "./watch.js";

const STATES = ["ACTIVE", "PENDING_CREATE", "PENDING_UPDATE", "PENDING_DELETE", "ERROR", "DELETED"];

/**
 * Open the page of a kind of records. `kind`: `page`, also the API's path; `title`; `one`, its name
 * in a sentence; `rows`, the answer's field; `key`, what its jobs' keys begin with; `columns` and
 * `cells(record)` between state and time; `about(record)`, facts; `fields()` and `body(values)` of a
 * new one; `loss`, what destroying one means; `orders(record)`, more buttons.
 */
export function openRecords(kind, main, { id, query }) {
  if (id) return openOne(kind, main, id);
  const state = query.state ?? "";
  return openList(main, {
    page: kind.page,
    title: kind.title,
    asked: [kind.page],
    rows: kind.rows,
    query,
    filters: { provisioning_status: state },
    above: states(kind, state),
    columns: ["Name", "State", ...kind.columns, "Changed", "Last job"],
    row: (record) => [
      [
        h(
          "a",
          { class: "line", href: link(kind.page, record.id), "data-key": record.id },
          record.name,
        ),
        record.fault && h("small", { class: "said bad-text" }, record.fault.message),
      ],
      badge(record.provisioning_status),
      ...kind.cells(record),
      ago(record.updated_at),
      h("a", { href: link("job", record.job_id) }, h("code", {}, shortId(record.job_id))),
    ],
    none: () =>
      state
        ? empty("None in this state", h("a", { href: link(kind.page) }, "Show all"), ".")
        : empty(
            `No ${kind.title.toLowerCase()}`,
            may("write") ? "Create one here, or with " : "A token that may write creates one with ",
            h("code", {}, `POST /${kind.page}`),
            ".",
          ),
    buttons: () => [
      may("admin") && button("Add an existing one", () => add(kind)),
      may("write") && button(`New ${kind.one}`, () => create(kind), "primary"),
    ],
  });
}

const states = (kind, chosen) =>
  h(
    "nav",
    { class: "tabs", "aria-label": "State" },
    ["", ...STATES].map((state) =>
      h(
        "a",
        {
          href: link(kind.page, [], { state }),
          "aria-current": state === chosen ? "true" : null,
        },
        state || "All",
      ),
    ),
  );

function openOne(kind, main, id) {
  const load = async (signal) => {
    const [record, { jobs }] = await Promise.all([
      get(path([kind.page, id]), { signal }),
      get(path(["jobs"], { key: `${kind.key}:${id}`, limit: 20 }), { signal }),
    ]);
    return { record, jobs };
  };
  return follow(main, load, (found) => page(kind, found));
}

function page(kind, { record, jobs }) {
  return [
    crumbs(kind.page, kind.title, record.id),
    head(record.name, null, orders(kind, record)),
    h("div", { class: "lead" }, badge(record.provisioning_status)),
    record.fault && trouble(record.fault),
    h(
      "div",
      { class: "columns" },
      h(
        "div",
        {},
        card("History", history(jobs)),
        filled(record.tags) && jsonCard("Tags", record.tags),
        filled(record.attributes) && jsonCard("Attributes", record.attributes),
      ),
      card(
        "Facts",
        facts([
          ...kind.about(record),
          ["Cloud", record.upstream],
          ["Id in the cloud", record.upstream_id && h("code", {}, record.upstream_id)],
          ["Id", h("code", {}, record.id)],
          ["Made", ago(record.created_at)],
          ["Changed", ago(record.updated_at)],
        ]),
      ),
    ),
  ];
}

const filled = (map) => map && Object.keys(map).length > 0;

/** While a job is at it, the API refuses another change. */
function orders(kind, record) {
  if (!may("write") || !["ACTIVE", "ERROR"].includes(record.provisioning_status)) return [];
  return [
    ...(kind.orders?.(record) ?? []),
    button("Change …", () => change(kind, record)),
    button("Destroy", () => destroy(kind, record), "danger"),
  ];
}

const trouble = (fault) =>
  h(
    "section",
    { class: "card trouble" },
    h("h2", {}, fault.code),
    h("p", { class: "message" }, fault.message),
    fault.advice && h("p", {}, fault.advice),
    fault.job_id && h("p", {}, h("a", { href: link("job", fault.job_id) }, "The job that failed")),
  );

const history = (jobs) =>
  jobs.length
    ? table(
        "History",
        ["What", "State", "Asked for", "Attempts"],
        jobs.map((job) => [
          h("a", { href: link("job", job.id), class: "line" }, breakable(job.task)),
          badge(job.state),
          ago(job.created_at),
          `${job.attempts} / ${job.max_attempts}`,
        ]),
      )
    : h("p", { class: "quiet" }, "Its jobs are cleaned away.");

const create = (kind) =>
  dialogForm(`New ${kind.one}`, kind.fields(), {
    path: kind.page,
    body: kind.body,
    done: refresh,
  });

const add = (kind) =>
  dialogForm(
    `Add a ${kind.one} that exists in the cloud`,
    [["upstream_id", "Its id in the cloud", input(), kind.idHelp]],
    { path: `${kind.page}/add`, yes: "Add it", done: refresh },
  );

function change(kind, record) {
  const groups = record.security_group_ids.join(", ");
  const tags = JSON.stringify(record.tags, null, 2);
  dialogForm(
    `Change ${record.name}`,
    [
      ["name", "Name", input({ value: record.name })],
      [
        "security_group_ids",
        "Security groups",
        input({ value: groups }),
        "Their ids, with commas between them.",
      ],
      [
        "tags",
        "Tags",
        h("textarea", { spellcheck: "false", value: tags }),
        "JSON: names and their values.",
      ],
    ],
    {
      yes: "Change it",
      done: refresh,
      send: ({ name = "", security_group_ids = "", tags: said = "" }) =>
        put(kind, record, {
          ...(name === record.name ? {} : { name }),
          ...(security_group_ids === groups
            ? {}
            : { security_group_ids: words(security_group_ids) }),
          ...(said === tags ? {} : { tags: readTags(said) }),
        }),
    },
  );
}

/** Change what was seen, and nothing that came meanwhile: tags are sent as a whole. */
async function put(kind, record, body) {
  try {
    return await call("PUT", path([kind.page, record.id]), body, { etag: etagOf(record) });
  } catch (error) {
    if (error.status !== 412) throw error;
    refresh();
    throw new Problem(412, {
      detail:
        "To send this would undo that, so nothing was done. Leave it, look again, and change what is there now.",
    });
  }
}

/** Names and values may hold any character, so they are typed as JSON. Throws Problem. */
function readTags(text) {
  try {
    const tags = JSON.parse(text || "{}");
    if (tags && typeof tags === "object" && !Array.isArray(tags)) return tags;
  } catch {
    // It is told below, with what is JSON and no object.
  }
  throw invalid([
    { pointer: "#/tags", detail: 'Tags are a JSON object, such as {"team": "shop"}.' },
  ]);
}

async function destroy(kind, record) {
  const content = [h("p", {}, kind.loss)];
  if (!(await ask(`Destroy ${record.name}?`, "Destroy it", { content }))) return;
  await attempt(() => call("DELETE", path([kind.page, record.id])), "It is being destroyed.");
  refresh();
}
