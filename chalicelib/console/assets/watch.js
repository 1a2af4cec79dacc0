// Keeps what is shown up to date: seldom while nobody looks, and it says when data is old.

import { Problem } from "./api.js";
import { h, icon, swap } from "./dom.js";
import { clock } from "./format.js";
import { problem, spinner } from "./parts.js";

const HIDDEN_SECONDS = 60;
const LONGEST_SECONDS = 30;
const state = h("p", { class: "freshness", role: "status" });

const PAUSE = "M5.500 3v10M10.500 3v10";
const RESUME = "M5 3l7 5-7 5z";
const holder = h("button", { type: "button", class: "small bare", onclick: () => hold() });
let isHeld = false;
label();

/** The words that say how fresh the page is, and the button that keeps it as it is. */
export const freshness = () => h("div", { class: "live" }, state, holder);

/** Ask for nothing new until called again, so that what is shown can be read in peace. */
export function hold() {
  isHeld = !isHeld;
  label();
  dispatchEvent(new Event("hold"));
}

function label() {
  const text = isHeld ? "Resume updates" : "Pause updates";
  holder.replaceChildren(icon(isHeld ? RESUME : PAUSE));
  for (const name of ["aria-label", "title"]) holder.setAttribute(name, text);
}

/** Let what is shown be loaded again now. */
export const refresh = () => dispatchEvent(new Event("refresh"));

/**
 * Load again and again. `load(signal)` fetches, `show(data)` draws; the first failure is shown
 * in `place`, a later one leaves what is there and says that it is old. `seconds` between two
 * loads, unless `show` returns another number. Returns what ends it.
 */
export function watch(place, load, show, seconds = 3) {
  let timer,
    running,
    fresh = null,
    failures = 0,
    stopped = false,
    pace = seconds;

  async function turn() {
    clearTimeout(timer);
    running?.abort();
    const mine = (running = new AbortController());
    try {
      const data = await load(mine.signal);
      if (stopped || mine.signal.aborted) return;
      [fresh, failures] = [new Date(), 0];
      tellFresh(fresh);
      pace = show(data) ?? seconds;
    } catch (error) {
      if (stopped || error.name === "AbortError") return;
      failures += 1;
      const isGone = error.status === 404;
      if (fresh && isGone) error.message = "It was here a moment ago, and is no longer there.";
      if (fresh && error instanceof Problem && !isGone) {
        tellStale(fresh, error.message);
      } else {
        tell("", "", "");
        place.replaceChildren(problem(error, turn));
        if (error.status >= 400 && error.status < 500 && error.status !== 429) return;
      }
    }
    const wait = document.hidden ? HIDDEN_SECONDS : Math.min(pace * 2 ** failures, LONGEST_SECONDS);
    if (!isHeld) timer = setTimeout(turn, 1000 * wait);
  }

  const looked = () => document.hidden || isHeld || turn();
  const held = () => {
    if (!isHeld) return turn();
    clearTimeout(timer);
    if (fresh) tellFresh(fresh);
  };
  document.addEventListener("visibilitychange", looked);
  addEventListener("hold", held);
  addEventListener("refresh", turn);
  hush();
  place.replaceChildren(spinner());
  turn();
  return () => {
    stopped = true;
    clearTimeout(timer);
    running?.abort();
    document.removeEventListener("visibilitychange", looked);
    removeEventListener("hold", held);
    removeEventListener("refresh", turn);
  };
}

/**
 * Keep in `place` what `page(found)` makes of what `load(signal)` finds, made anew when that has
 * changed. `pace`: seconds between two loads, or a function of what was found. Returns what ends it.
 */
export function follow(place, load, page, pace) {
  let last = "";
  let drawn = null;
  return watch(place, load, (found) => {
    const now = JSON.stringify(found);
    // Something else is there when a failure was told meanwhile.
    if (now !== last || place.firstChild !== drawn) swap(place, page(found));
    [last, drawn] = [now, place.firstChild];
    return typeof pace === "function" ? pace(found) : pace;
  });
}

/** Say nothing of how fresh a page is. */
export const hush = () => tell("", "", "");

function tellFresh(when) {
  if (isHeld) tell("Paused", `as of ${clock(when)}`, "held");
  else tell("Live", `Up to date at ${clock(when)}.`, "live");
}

function tellStale(when, why) {
  const next = isHeld ? "" : " Trying again.";
  tell("Not up to date", `As of ${clock(when)}. ${why}${next}`, "stale");
}

function tell(word, detail, kind) {
  // Written only when it changes, so that a screen reader does not say it every three seconds.
  if (state.dataset.kind !== kind) state.textContent = word;
  state.dataset.kind = kind;
  state.title = detail;
  if (kind === "stale" || kind === "held") state.textContent = `${word}: ${detail}`;
}
