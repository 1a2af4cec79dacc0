// Numbers, times and values as words.

import { h } from "./dom.js";

const UNITS = [
  [86400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
];

/** A span of time in its two largest units at most: "2 h 5 min", "340 ms". */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return "–";
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const first = UNITS.findIndex(([size]) => whole >= size);
  const [size, name] = UNITS[first];
  const rest = UNITS[first + 1] && Math.floor((whole % size) / UNITS[first + 1][0]);
  return `${Math.floor(whole / size)} ${name}` + (rest ? ` ${rest} ${UNITS[first + 1][1]}` : "");
}

/** The end of an id, which differs where its beginning is a time. */
export const shortId = (id) => (id.length > 12 ? `…${id.slice(-8)}` : id);

export const number = (value) => value.toLocaleString("en");

/** A count that the API takes no further than 10,000. */
export const many = (count) => (count >= 10000 ? "10,000+" : number(count));

/** 12,345 as "12.3k", for places where little fits. */
export function short(value) {
  if (value === null || value === undefined) return "";
  if (Math.abs(value) < 10000) return number(Math.round(value * 10) / 10);
  return Math.abs(value) < 1e6
    ? `${Math.round(value / 100) / 10}k`
    : `${Math.round(value / 1e5) / 10}M`;
}

export const seconds = (from, to) => (from && to ? (new Date(to) - new Date(from)) / 1000 : null);

/** A moment as "3 min ago" or "in 2 h", kept up to date; the whole of it when pointed at. */
export function ago(moment, otherwise = "–") {
  if (!moment) return otherwise;
  const element = h("time", { datetime: moment, title: full(moment) });
  element.textContent = distance(moment);
  return element;
}

/** How long ago a moment was, as "3 min", kept up to date. */
export function lasting(moment) {
  const element = ago(moment);
  element.dataset.lasting = "";
  element.textContent = words(element);
  return element;
}

/** A moment by the clock of who looks at it. */
export function full(moment) {
  return new Date(moment).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
}

export const clock = (moment) => new Date(moment).toLocaleTimeString("en-GB");

/** The time of a moment of today, and date and time of another. */
export const brief = (moment) =>
  new Date(moment).toDateString() === new Date().toDateString() ? clock(moment) : full(moment);

/** A moment as controls for dates have it, by the clock of who looks: 2026-11-25T14:05. */
export function asLocal(moment) {
  const at = new Date(moment);
  return new Date(at - 60000 * at.getTimezoneOffset()).toISOString().slice(0, 16);
}

/** A moment as addresses have it, the same for everybody: 2026-11-25T13:05Z. */
export const asAddress = (moment) => `${new Date(moment).toISOString().slice(0, 16)}Z`;

/** The hour and the minute of a moment. */
export const hour = (moment) =>
  new Date(moment).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

const words = (element) =>
  "lasting" in element.dataset
    ? distance(element.dateTime).replace(" ago", "")
    : distance(element.dateTime);

function distance(moment) {
  const past = (Date.now() - new Date(moment)) / 1000;
  if (Math.abs(past) < 1.5) return "now";
  const words = duration(Math.max(1, Math.round(Math.abs(past)))).replace(/\.\d/, "");
  const largest = Math.abs(past) > 60 ? words.split(" ").slice(0, 2).join(" ") : words;
  return past > 0 ? `${largest} ago` : `in ${largest}`;
}

setInterval(() => {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("time[datetime]")) {
    const text = words(element);
    if (element.textContent !== text) element.textContent = text;
  }
}, 1000);

const TOKEN =
  /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** A value as indented JSON with its parts in colours; all of it is text. */
export function json(value) {
  const text = JSON.stringify(value, null, 2) ?? "null";
  const pre = h("pre", { class: "json", tabindex: 0 });
  let end = 0;
  if (text.length < 100_000) {
    for (const found of text.matchAll(TOKEN)) {
      pre.append(text.slice(end, found.index));
      const kind = found[2] ? "json-name" : found[1] ? "json-text" : "json-word";
      pre.append(h("span", { class: kind }, found[1] ?? found[0]), found[2] ?? "");
      end = found.index + found[0].length;
    }
  }
  pre.append(text.slice(end));
  return pre;
}
