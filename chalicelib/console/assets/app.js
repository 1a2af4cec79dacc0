// The frame of the console: signing in, finding the page for the address, keys, light and dark.

import { call, caller, forget, may, rank, session } from "./api.js";
import { h, icon, rememberFocus } from "./dom.js";
import { shortId } from "./format.js";
import { explainKeys, keys } from "./keys.js";
import { GROUPS, PAGES } from "./pages.js";
import { BELL, button, note, problem, spinner, toastArea } from "./parts.js";
import { link, read } from "./route.js";
import { freshness, hush } from "./watch.js";

const main = h("main", { id: "main", tabindex: -1 });
let stop = () => {};

function start() {
  addEventListener("hashchange", () => open());
  addEventListener("signed-out", (event) => signOut(event.detail));
  document.addEventListener("keydown", (event) => session.token && keys(event, main));
  if (session.token) enter(session.token).catch((error) => askForToken(error.message));
  else askForToken();
}

async function enter(token) {
  Object.assign(caller, await call("GET", "caller", undefined, { token }));
  session.begin(token);
  document.body.replaceChildren(
    h("a", { href: "#main", class: "skip", onclick: skip }, "Skip to the content"),
    side(),
    main,
    toastArea(),
  );
  open();
}

function skip(event) {
  event.preventDefault();
  main.focus();
}

function askForToken(why) {
  stop();
  const token = h("input", {
    type: "password",
    name: "token",
    autocomplete: "off",
    required: true,
    spellcheck: "false",
    "aria-describedby": "token-help",
  });
  const told = h("p", { class: "complaint", role: "alert" }, why ?? "");
  const submit = async (event) => {
    event.preventDefault();
    told.textContent = "";
    try {
      await enter(token.value.trim());
    } catch (error) {
      told.textContent =
        error.status === 401 ? "This token is not known, or was revoked." : error.message;
    }
  };
  document.title = "Sign in · Bellpull";
  document.body.replaceChildren(
    h(
      "main",
      { class: "signin" },
      h(
        "form",
        { onsubmit: submit, class: "card" },
        h("p", { class: "brand" }, icon(BELL), "Bellpull"),
        h("h1", {}, "Sign in"),
        h("label", {}, "API token", token),
        h(
          "p",
          { id: "token-help", class: "quiet" },
          "It stays in this tab and is forgotten when you close it. ",
          "An operator makes one: ",
          h("code", {}, "python -m worker tokens create"),
          ".",
        ),
        told,
        h("button", { class: "primary" }, "Sign in"),
      ),
    ),
    toastArea(),
  );
  token.focus();
}

function signOut(why) {
  session.end();
  forget();
  askForToken(why);
}

function side() {
  const open = h(
    "button",
    {
      class: "menu",
      "aria-expanded": "false",
      "aria-controls": "nav",
      onclick: () => menu(open.getAttribute("aria-expanded") !== "true"),
    },
    "Menu",
  );
  const who = rank();
  const words = { read: "may look", write: "may change", admin: "administers" }[who];
  return h(
    "header",
    { class: "side" },
    h(
      "div",
      { class: "top" },
      h("a", { class: "brand", href: link("overview") }, icon(BELL), "Bellpull"),
      freshness(),
      open,
    ),
    h(
      "nav",
      { id: "nav", "aria-label": "Pages" },
      GROUPS.map(([title, names]) =>
        group(
          title,
          names.filter((name) => !PAGES[name].scope || may(PAGES[name].scope)),
        ),
      ),
      h(
        "footer",
        { class: "who" },
        h(
          "p",
          {},
          h("strong", {}, caller.project_id),
          " ",
          note(who === "admin" ? "admin" : who === "read" ? "off" : "good", who),
        ),
        h(
          "p",
          { class: "quiet" },
          `This token ${words}${who === "read" ? " and changes nothing" : ""}.`,
        ),
        h(
          "div",
          { class: "buttons" },
          themeSwitch(),
          button("Keys", explainKeys, "small"),
          button("Sign out", () => signOut(), "small"),
        ),
      ),
    ),
  );
}

const group = (title, names) =>
  names.length > 0 &&
  h(
    "div",
    { class: "group" },
    title && h("h2", {}, title),
    h(
      "ul",
      {},
      names.map((name) =>
        h(
          "li",
          {},
          h(
            "a",
            { href: link(name), "data-page": name },
            icon(PAGES[name].icon),
            PAGES[name].title,
          ),
        ),
      ),
    ),
  );

function menu(isOpen) {
  document.querySelector(".menu")?.setAttribute("aria-expanded", String(isOpen));
  document.body.classList.toggle("menu-open", isOpen);
}

function themeSwitch() {
  const isDark = () =>
    (document.documentElement.dataset.theme ??
      (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const one = button(
    isDark() ? "Light" : "Dark",
    () => {
      const next = isDark() ? "light" : "dark";
      document.documentElement.dataset.theme = next;
      localStorage.setItem("bellpull.theme", next);
      one.textContent = isDark() ? "Light" : "Dark";
      dispatchEvent(new Event("theme"));
    },
    "small",
    { "aria-label": "Switch between light and dark" },
  );
  return one;
}

let shown = "";
let turn = 0;

async function open() {
  if (!session.token) return;
  const route = read();
  stop();
  stop = () => {};
  hush();
  menu(false);
  const page = PAGES[route.page];
  const isOther = shown !== [route.page, ...route.rest].join("/");
  shown = [route.page, ...route.rest].join("/");
  for (const one of document.querySelectorAll("nav a")) {
    if (one.dataset.page === (page?.within ?? route.page)) one.setAttribute("aria-current", "page");
    else one.removeAttribute("aria-current");
  }
  if (!page) {
    main.replaceChildren(
      problem({ status: 404, message: "The address names no page of the console." }),
    );
    return;
  }
  document.title = `${page.title}${route.id ? ` ${shortId(route.id)}` : ""} · Bellpull`;
  const mine = (turn += 1);
  const key = main.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const refocus = rememberFocus(main);
  const view = h("div", {}, spinner());
  main.replaceChildren(view);
  let end;
  try {
    end = await page.open(view, route);
  } catch (error) {
    view.replaceChildren(problem(error, open));
  }
  if (mine !== turn) {
    end?.(); // somebody went on before it was there
    return;
  }
  stop = end ?? (() => {});
  if (!isOther) refocus();
  if (isOther && document.activeElement === document.body) main.focus({ preventScroll: true });
  if (isOther) scrollTo(0, 0);
}

start();
