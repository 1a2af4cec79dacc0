// What all pages are made of: badges, tables, messages, dialogs.

import { breakable, h, icon } from "./dom.js";
import { json, number } from "./format.js";
import { link } from "./route.js";

const WORDS = {
  PENDING: "waiting",
  STARTED: "running",
  RETRY: "waiting",
  SUCCESS: "good",
  FAILURE: "bad",
  REVOKED: "off",
  ACTIVE: "good",
  ERROR: "bad",
  DELETED: "off",
  PENDING_CREATE: "running",
  PENDING_UPDATE: "running",
  PENDING_DELETE: "running",
};

/** A state in its colour and its word; colour alone says nothing. */
export const badge = (state) => h("span", { class: `badge ${WORDS[state] ?? "off"}` }, state);
export const note = (kind, text) => h("span", { class: `badge ${kind}` }, text);

export const spinner = () => h("p", { class: "quiet loading", role: "status" }, "Loading …");

/** What an empty list says, and what to do about it. */
export const empty = (title, ...words) =>
  h("div", { class: "empty" }, icon(BELL), h("h2", {}, title), h("p", {}, ...words));

/** A failure in words; `again`: what the button does; `fields`: what to say of fields. */
export function problem(error, again, fields = error.fields ?? []) {
  const title =
    {
      0: "Nobody answers",
      403: "This token may not see this",
      404: "There is no such thing here",
      409: "It cannot be changed now",
      412: "It was changed meanwhile",
      422: "Some of this cannot be used",
      429: "Too many requests",
      503: "Something that the API needs is away",
    }[error.status] ??
    (error.status ? `The API answered ${error.status}` : "Something went wrong in this page");
  const box = h(
    "div",
    { class: "empty trouble", role: "alert" },
    h(document.querySelector("main h1") ? "h2" : "h1", {}, title),
    h("p", {}, error.message),
  );
  if (fields.length) {
    box.append(
      h(
        "ul",
        {},
        fields.map((one) => h("li", {}, `${one.pointer ?? one.parameter}: ${one.detail}`)),
      ),
    );
  }
  if (error.status === 404)
    box.append(h("p", {}, h("a", { href: link("overview") }, "Go to the overview"), "."));
  if (again) box.append(h("p", {}, h("button", { onclick: again }, "Try again")));
  return box;
}

export const BELL =
  "M8 1.500v1m0 0c-2.500 0-4 1.800-4 4.200v2.800L2.800 11.500h10.400L12 9.500V6.700C12 4.300 10.500 2.500 8 2.500zM6.500 13.500a1.500 1.500 0 0 0 3 0";

/** The head of a page: its name, what it is about, and its buttons. */
export const head = (title, about, ...buttons) =>
  h(
    "header",
    { class: "head" },
    h(
      "div",
      {},
      h("h1", { tabindex: -1 }, breakable(title)),
      about && h("p", { class: "quiet" }, about),
    ),
    h("div", { class: "buttons" }, ...buttons),
  );

/** Where a page stands below a list. */
export const crumbs = (page, title, id) =>
  h(
    "nav",
    { class: "crumbs", "aria-label": "Where you are" },
    h("a", { href: link(page) }, title),
    " / ",
    h("span", {}, id),
  );

/** A table that can be scrolled sideways by keyboard, and is a list on narrow screens. `rows`: of cells. */
export function table(caption, columns, rows) {
  const body = h(
    "tbody",
    {},
    rows.map((row) =>
      h(
        "tr",
        {},
        row.map((content, n) => cell(content, columns[n])),
      ),
    ),
  );
  const names = columns.map((name) =>
    h("th", { scope: "col" }, name || h("span", { class: "unseen" }, "Actions")),
  );
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h(
      "table",
      { class: "stack" },
      h("caption", { class: "unseen" }, caption),
      h("thead", {}, h("tr", {}, names)),
      body,
    ),
  );
}

const cell = (content, name) =>
  h(
    "td",
    {
      "data-name": name,
      class: typeof content === "string" && content.length < 16 ? "plain" : null,
    },
    Array.isArray(content) ? h("div", {}, content) : content,
  );

/** Names and values, one under the other. Those without a value are left out. */
export const facts = (pairs) =>
  h(
    "dl",
    { class: "facts" },
    pairs
      .filter(([, value]) => value !== null && value !== undefined && value !== "")
      .map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );

export const card = (title, ...content) =>
  h("section", { class: "card" }, title && h("h2", {}, title), ...content);

/** A value as JSON, to be read and to be taken along. */
export const jsonCard = (title, value) =>
  h(
    "section",
    { class: "card" },
    h(
      "h2",
      {},
      title,
      copier(() => JSON.stringify(value, null, 2), "Copy", "small bare"),
    ),
    json(value),
  );

/** A number with its name above it, and where it leads. */
export const figure = (name, value, detail, kind = "", href) =>
  h(
    href ? "a" : "div",
    { class: `figure ${kind}`, href },
    h("span", { class: "quiet" }, name),
    h("strong", {}, typeof value === "number" ? number(value) : value),
    h("span", { class: "quiet" }, detail ?? ""),
  );

export const button = (text, onclick, kind = "", props = {}) =>
  h("button", { type: "button", class: kind, onclick, ...props }, text);

/** A button that puts a text on the clipboard. */
export function copier(text, label = "Copy", kind = "small") {
  return button(
    label,
    async (event) => {
      const target = event.currentTarget;
      try {
        await navigator.clipboard.writeText(typeof text === "function" ? text() : text);
        target.textContent = "Copied";
      } catch {
        target.textContent = "The browser does not permit it";
      }
      setTimeout(() => (target.textContent = label), 1500);
    },
    kind,
  );
}

const toasts = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
export const toastArea = () => toasts;

/** Say for a moment what was done, or for longer what was not. */
export function toast(text, kind = "good") {
  const one = h("p", { class: `toast ${kind}` }, text);
  toasts.append(one);
  setTimeout(() => one.remove(), kind === "bad" ? 9000 : 4000);
}

/** Do something and say so; a failure is told and not thrown. Returns whether it was done. */
export async function attempt(work, done) {
  try {
    const answer = await work();
    if (done) toast(typeof done === "function" ? done(answer) : done);
    return true;
  } catch (error) {
    const fields = (error.fields ?? [])
      .map((one) => ` ${one.pointer ?? one.parameter}: ${one.detail}`)
      .join("");
    toast(error.message + fields, "bad");
    return false;
  }
}

/** Ask in a dialog; resolves to whether the answer was yes. `content`: more elements. */
export function ask(
  question,
  yes,
  { content = [], kind = "danger", no = "Keep things as they are" } = {},
) {
  return new Promise((resolve) => {
    const dialog = h(
      "dialog",
      { "aria-label": question },
      h(
        "form",
        { method: "dialog" },
        h("h2", {}, question),
        ...content,
        h(
          "div",
          { class: "buttons end" },
          h("button", { value: "", autofocus: true }, no),
          h("button", { value: "yes", class: kind }, yes),
        ),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Show something in a dialog with a button that closes it. */
export function tell(title, ...content) {
  const dialog = h(
    "dialog",
    { "aria-label": title },
    h(
      "form",
      { method: "dialog" },
      h("h2", {}, title),
      ...content,
      h("div", { class: "buttons end" }, h("button", { autofocus: true }, "Close")),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

export const choice = (value, options, onchange, props = {}) =>
  h(
    "select",
    { value, onchange, ...props },
    options.map(([key, text]) => h("option", { value: key }, text)),
  );
