// Keeps what is shown up to date: seldom while nobody looks, and it says when data is old.

import { Problem } from "./api.js";
import { h } from "./dom.js";
import { clock } from "./format.js";
import { problem, spinner } from "./parts.js";

const HIDDEN_SECONDS = 60;
const LONGEST_SECONDS = 30;
const state = h("p", { class: "freshness", role: "status" });

/** The words that say how fresh the page is. */
export const freshness = () => state;

/**
 * Load again and again. `load(signal)` fetches, `show(data)` draws; the first failure is shown
 * in `place`, a later one leaves what is there and says that it is old. `seconds` between two
 * loads, unless `show` returns another number.
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
      tell("Live", `Up to date at ${clock(fresh)}.`, "live");
      pace = show(data) ?? seconds;
    } catch (error) {
      if (stopped || error.name === "AbortError") return;
      failures += 1;
      const isGone = error.status === 404;
      if (fresh && isGone) error.message = "It was here a moment ago, and is no longer there.";
      if (fresh && error instanceof Problem && !isGone)
        tell("Not up to date", `As of ${clock(fresh)}. ${error.message} Trying again.`, "stale");
      else {
        tell("", "", "");
        place.replaceChildren(problem(error, turn));
        if (error.status >= 400 && error.status < 500 && error.status !== 429) return;
      }
    }
    const wait = document.hidden ? HIDDEN_SECONDS : Math.min(pace * 2 ** failures, LONGEST_SECONDS);
    timer = setTimeout(turn, 1000 * wait);
  }

  const looked = () => document.hidden || turn();
  document.addEventListener("visibilitychange", looked);
  hush();
  place.replaceChildren(spinner());
  turn();
  return {
    refresh: turn,
    stop() {
      stopped = true;
      clearTimeout(timer);
      running?.abort();
      document.removeEventListener("visibilitychange", looked);
    },
  };
}

/** Say nothing of how fresh a page is. */
export const hush = () => tell("", "", "");

function tell(word, detail, kind) {
  // Written only when it changes, so that a screen reader does not say it every three seconds.
  if (state.dataset.kind !== kind) state.textContent = word;
  state.dataset.kind = kind;
  state.title = detail;
  if (kind === "stale") state.textContent = `${word}: ${detail}`;
}
