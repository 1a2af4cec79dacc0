// Keys for those who do not want to reach for the mouse.

import { h } from "./dom.js";
import { tell } from "./parts.js";
import { go } from "./route.js";
import { hold, refresh } from "./watch.js";

const PLACES = {
  o: "overview",
  j: "jobs",
  l: "loadbalancers",
  s: "schedules",
  q: "queues",
  i: "limits",
  w: "workers",
  v: "servers",
  h: "webhooks",
  n: "submit",
};
const KEYS = [
  ["j, k", "next and previous line of a list"],
  ["Enter", "open the line"],
  ["x", "select the line"],
  ["/", "go to the first filter"],
  ["r", "load again"],
  ["p", "pause and resume updates"],
  ["?", "these keys"],
  ["g then o, j, n, s", "overview, jobs, new job, schedules"],
  ["g then l, v, h", "load balancers, servers, webhooks"],
  ["g then q, i, w", "queues, limits, workers"],
];
let isGoing = false;

/** Handle a key pressed anywhere but in a control. `main`: the element of the page. */
export function keys(event, main) {
  const target = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]"))
    return;
  if (target.closest?.("input:not([type=checkbox]), textarea, select")) return;
  if (isGoing) {
    isGoing = false;
    if (PLACES[event.key]) go(PLACES[event.key]);
    return;
  }
  const does = {
    g: () => {
      isGoing = true;
      setTimeout(() => (isGoing = false), 1500);
    },
    j: () => move(main, 1),
    k: () => move(main, -1),
    x: () => line()?.querySelector("input[type=checkbox]")?.click(),
    "/": () => main.querySelector(".filters select, .filters input")?.focus(),
    p: hold,
    r: refresh,
    "?": explainKeys,
  }[event.key];
  if (!does) return;
  event.preventDefault();
  does();
}

export function explainKeys() {
  tell(
    "Keys",
    h(
      "dl",
      { class: "facts keys" },
      KEYS.map(([key, does]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, does))),
    ),
  );
}

const line = () => document.activeElement?.closest("tr");

function move(main, step) {
  const links = [...main.querySelectorAll("tbody tr a.line")];
  const at = links.findIndex((one) => one.closest("tr") === line());
  links[Math.max(0, Math.min(links.length - 1, at + step))]?.focus();
}
