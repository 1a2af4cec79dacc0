// The audit: who did what in this project.

import { h } from "./dom.js";
import { ago, full, shortId } from "./format.js";
import { openList } from "./list.js";
import { empty } from "./parts.js";
import { link } from "./route.js";

const PAGES = {
  jobs: "job",
  load_balancers: "loadbalancers",
  loadbalancers: "loadbalancers",
  servers: "servers",
  schedules: "schedules",
  webhooks: "webhooks",
};

export async function open(main, { query }) {
  return openList(main, {
    page: "audit",
    title: "Audit",
    about: "Who did what, newest first.",
    asked: ["audit"],
    rows: "entries",
    query,
    columns: ["When", "What", "To what", "By token", "More"],
    row: (one) => [
      h("span", { title: full(one.created_at) }, ago(one.created_at)),
      h("strong", {}, one.action),
      target(one),
      one.token_id ? h("code", {}, shortId(one.token_id)) : "an operator's command",
      one.details ? h("code", {}, JSON.stringify(one.details)) : "",
    ],
    none: () => empty("Nothing yet", "Every change that somebody asks for is written down here."),
  });
}

function target({ action, target: id }) {
  if (!id) return "–";
  const page = PAGES[action.split(".")[0]];
  return page ? h("a", { href: link(page, id) }, h("code", {}, id)) : h("code", {}, id);
}
