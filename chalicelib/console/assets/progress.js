// How far a job has come, as its task tells it.

import { h } from "./dom.js";

/** A bar with its percentage and message; nothing if the task tells nothing. */
export function progressOf(progress) {
  if (!progress) return null;
  const { percent, message } = progress;
  return h(
    "span",
    { class: "progress" },
    typeof percent === "number" &&
      h("progress", { max: 100, value: percent, "aria-label": "Progress" }),
    h(
      "small",
      {},
      [typeof percent === "number" ? `${Math.round(percent)} %` : "", message ?? ""]
        .filter(Boolean)
        .join(" · "),
    ),
  );
}
