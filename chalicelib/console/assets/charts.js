// Charts over time, drawn as SVG in the colours of the style sheet.

import { h, svg } from "./dom.js";
import { duration, hour, number, short } from "./format.js";
import { amountStep, countStep, timeTicks } from "./ticks.js";

const HEIGHT = 200;
const EDGE = { left: 54, right: 8, top: 8, bottom: 24 };

/** Bars of jobs that ended, those that failed at the bottom, where they are seen. */
export const endedChart = (onchoose) =>
  chart({
    label: "Jobs that ended over time",
    legend: [
      ["good", "succeeded"],
      ["bad", "failed"],
      ["off", "revoked"],
    ],
    top: (point) => point.succeeded + point.failed + point.revoked,
    none: "No job ended in this time.",
    step: countStep,
    tick: short,
    marks: bars,
    told: (point) =>
      `${number(point.succeeded)} succeeded, ${number(point.failed)} failed, ${number(point.revoked)} revoked`,
    onchoose,
  });

/** Lines of how long jobs waited. */
export const waitChart = (onchoose) =>
  chart({
    label: "How long jobs waited over time",
    legend: [
      ["waiting", "95th percentile"],
      ["running", "median"],
    ],
    top: (point) => point.wait_p95 ?? 0,
    none: "No job that ended in this time had begun.",
    step: amountStep,
    tick: (seconds) => (seconds ? duration(seconds).replace(".0 ", " ") : "0"),
    marks: (points, at) => [
      line("waiting", points, (point) => point.wait_p95, at),
      line("running", points, (point) => point.wait_p50, at),
    ],
    told: (point) =>
      point.wait_p50 === null
        ? "no job began"
        : `median ${duration(point.wait_p50)}, 95th percentile ${duration(point.wait_p95)}`,
    onchoose,
  });

/** The `element`, and `show(points, stepSeconds)`, which draws the points of an overview. */
function chart({ label, legend, top, none, step, tick, marks, told, onchoose }) {
  const said = h("span", { class: "said-now" });
  const place = h("div", {
    class: "chart",
    role: "img",
    "aria-label": label,
    title: "Click: the jobs that were submitted in this time",
  });
  const names = legend.map(([kind, text]) => h("span", { class: kind }, text));
  let seen = { points: [] };
  let pointed = null;
  const tell = () => {
    const point = seen.points[pointed];
    const [from, to] = point ? span(point, seen.stepSeconds) : [];
    said.textContent = point ? `${hour(1000 * from)}–${hour(1000 * to)}: ${told(point)}` : "";
    place.querySelector(".pointed")?.setAttribute("d", pointed === null ? "" : seen.at.slot(point));
  };
  const draw = () => {
    if (!place.clientWidth || !seen.points.length) return;
    seen.at = scales(seen, place.clientWidth, top, step);
    place.replaceChildren(
      svg(
        "svg",
        { width: place.clientWidth, height: HEIGHT, "aria-hidden": "true" },
        svg("path", { class: "pointed" }),
        grid(seen.at, tick),
        seen.points.some(top) ? marks(seen.points, seen.at) : words(seen.at, none),
      ),
    );
    tell();
  };
  const point = (event) => {
    pointed = seen.at?.index(event.clientX - place.getBoundingClientRect().left) ?? null;
    tell();
  };
  place.addEventListener("pointermove", point);
  place.addEventListener("pointerleave", () => ((pointed = null), tell()));
  place.addEventListener("click", (event) => {
    // A finger that taps wants to read.
    if (event.pointerType !== "touch" && seen.points[pointed])
      onchoose(...span(seen.points[pointed], seen.stepSeconds));
  });
  new ResizeObserver(draw).observe(place);
  return {
    element: h("div", {}, h("p", { class: "legend" }, names, said), place),
    show(points, stepSeconds) {
      seen = { points, stepSeconds };
      draw();
    },
  };
}

/** How points become pixels. */
function scales({ points, stepSeconds }, width, top, step) {
  const first = new Date(points[0].at) / 1000;
  const seconds = stepSeconds * points.length;
  const inner = width - EDGE.left - EDGE.right;
  const base = HEIGHT - EDGE.bottom;
  const unit = step(Math.max(...points.map(top)));
  const high = unit * Math.max(1, Math.ceil(Math.max(...points.map(top)) / unit));
  const x = (time) => EDGE.left + ((time - first) / seconds) * inner;
  const y = (value) => base - (value / high) * (base - EDGE.top);
  const slot = inner / points.length;
  const left = (point) => x(new Date(point.at) / 1000);
  return {
    x,
    y,
    base,
    left,
    width,
    unit,
    high,
    slotWidth: slot,
    ticks: timeTicks(first, first + seconds, Math.max(2, Math.floor(inner / 75))),
    slot: (point) => box(left(point), EDGE.top, slot, base - EDGE.top),
    index: (pixel) =>
      pixel < EDGE.left || pixel > width - EDGE.right
        ? null
        : Math.min(points.length - 1, Math.floor((pixel - EDGE.left) / slot)),
  };
}

function grid(at, tick) {
  const lines = [];
  for (let value = 0; value <= at.high * 1.001; value += at.unit) {
    const y = Math.round(at.y(value)) + 0.5;
    lines.push(
      svg("path", { class: "grid", d: `M${EDGE.left} ${y}H${at.width - EDGE.right}` }),
      svg("text", { x: EDGE.left - 8, y: y + 4, "text-anchor": "end" }, tick(value)),
    );
  }
  for (const time of at.ticks) {
    const x = at.x(time);
    if (x < at.width - 20)
      lines.push(svg("text", { x, y: HEIGHT - 6, "text-anchor": "middle" }, hour(1000 * time)));
  }
  return lines;
}

/** Words where there is nothing to draw. */
const words = (at, text) =>
  svg("text", { x: (EDGE.left + at.width) / 2, y: HEIGHT / 2, "text-anchor": "middle" }, text);

function bars(points, at) {
  const gap = at.slotWidth > 4 ? Math.min(3, at.slotWidth * 0.2) : 0;
  const paths = { good: "", bad: "", off: "" };
  for (const point of points) {
    let y = at.base;
    for (const [kind, name] of [
      ["bad", "failed"],
      ["off", "revoked"],
      ["good", "succeeded"],
    ]) {
      // What is there is seen, be it one of thousands.
      const height = point[name] && Math.max(at.base - at.y(point[name]), 1.5);
      if (height)
        paths[kind] += box(at.left(point) + gap / 2, y - height, at.slotWidth - gap, height);
      y -= height;
    }
  }
  return Object.entries(paths).map(([kind, d]) => svg("path", { class: `bars ${kind}`, d }));
}

function line(kind, points, value, at) {
  const there = points.filter((point) => value(point) !== null);
  const spots = there.map(
    (point) => `${(at.left(point) + at.slotWidth / 2).toFixed(1)} ${at.y(value(point)).toFixed(1)}`,
  );
  return [
    svg("path", { class: `line ${kind}`, d: spots.length ? `M${spots.join("L")}` : "" }),
    svg("path", { class: `spots ${kind}`, d: spots.map((spot) => `M${spot}h0`).join("") }),
  ];
}

const box = (x, y, width, height) =>
  `M${x.toFixed(1)} ${y.toFixed(1)}h${width.toFixed(1)}v${height.toFixed(1)}h${(-width).toFixed(1)}z`;

const span = (point, stepSeconds) => {
  const from = new Date(point.at) / 1000;
  return [from, from + stepSeconds];
};
