// Charts over time, drawn by uPlot in the colours of the page.

import { h } from "./dom.js";
import { duration, short } from "./format.js";

const HEIGHT = 200;

/** Bars of jobs that ended, those that failed on top. `points`: as the overview has them. */
export function endedChart(points, stepSeconds) {
  const time = points.map((point) => new Date(point.at) / 1000);
  const off = points.map((point) => point.revoked);
  const bad = points.map((point, n) => point.failed + off[n]);
  const all = points.map((point, n) => point.succeeded + bad[n]);
  const bars = (label, colour) => ({
    label,
    fill: colour,
    stroke: colour,
    width: 0,
    points: { show: false },
    paths: globalThis.uPlot.paths.bars({ size: [0.78, 40], align: 1 }),
  });
  return chart({
    data: [time, all, bad, off],
    series: (colour) => [
      {},
      bars("succeeded", colour("good")),
      bars("failed", colour("bad")),
      bars("revoked", colour("off")),
    ],
    legend: [
      ["good", "succeeded"],
      ["bad", "failed"],
      ["off", "revoked"],
    ],
    values: (ticks) => ticks.map((tick) => (tick % 1 ? "" : short(tick))),
    told: (n) =>
      `${points[n].succeeded} succeeded, ${points[n].failed} failed, ${points[n].revoked} revoked`,
    stepSeconds,
    label: "Jobs that ended over time",
  });
}

/** Lines of how long jobs waited. */
export function waitChart(points, stepSeconds) {
  const line = (label, colour) => ({
    label,
    stroke: colour,
    width: 2,
    spanGaps: true,
    points: { show: true, size: 4, fill: colour },
  });
  return chart({
    data: [
      points.map((point) => new Date(point.at) / 1000),
      points.map((point) => point.wait_p95),
      points.map((point) => point.wait_p50),
    ],
    series: (colour) => [{}, line("p95", colour("waiting")), line("p50", colour("running"))],
    legend: [
      ["waiting", "95th percentile"],
      ["running", "median"],
    ],
    values: (ticks) => ticks.map(briefly),
    told: (n) =>
      points[n].wait_p50 === null
        ? "no job began"
        : `median ${duration(points[n].wait_p50)}, 95th percentile ${duration(points[n].wait_p95)}`,
    stepSeconds,
    label: "How long jobs waited over time",
  });
}

function chart({ data, series, legend, values, told, stepSeconds, label }) {
  const place = h("div", { class: "chart", role: "img", "aria-label": label });
  const said = h("span", { class: "said-now" });
  const element = h(
    "div",
    {},
    h(
      "p",
      { class: "legend" },
      legend.map(([kind, text]) => h("span", { class: kind }, text)),
      said,
    ),
    place,
  );
  let plot;
  const draw = () => {
    plot?.destroy();
    const colour = palette(place);
    const axis = {
      stroke: colour("quiet"),
      grid: { stroke: colour("line"), width: 1 },
      ticks: { show: false },
      font: "12px system-ui, sans-serif",
    };
    plot = new globalThis.uPlot(
      {
        width: Math.max(place.clientWidth, 200),
        height: HEIGHT,
        padding: [8, 4, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
        scales: {
          // A bar stands behind its moment: the last one needs its step as well.
          x: { range: () => [data[0][0], data[0].at(-1) + stepSeconds] },
          y: { range: (_, low, high) => [0, Math.max(high ?? 0, 1e-3) * 1.1 || 1] },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            values: (_, ticks) => ticks.map(hour),
            space: 60,
            size: 30,
          },
          { ...axis, values: (_, ticks) => values(ticks), size: 52, space: 34 },
        ],
        series: series(colour),
        hooks: {
          setCursor: [
            (self) => {
              const n = self.cursor.idx;
              said.textContent =
                n === null || n === undefined
                  ? ""
                  : `${hour(data[0][n])}–${hour(data[0][n] + stepSeconds)}: ${told(n)}`;
            },
          ],
        },
      },
      data,
      place,
    );
  };
  const resized = new ResizeObserver(() =>
    plot ? plot.setSize({ width: place.clientWidth, height: HEIGHT }) : place.clientWidth && draw(),
  );
  resized.observe(place);
  const themed = () => requestAnimationFrame(draw);
  addEventListener("theme", themed);
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", themed);
  return {
    element,
    stop() {
      resized.disconnect();
      removeEventListener("theme", themed);
      system.removeEventListener("change", themed);
      plot?.destroy();
    },
  };
}

/** Seconds in one unit, for an axis. */
function briefly(seconds) {
  if (seconds === 0) return "0";
  const [size, name] = [
    [86400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ].find(([unit]) => seconds >= (unit > 1 ? 2 * unit : 1)) ?? [0.001, "ms"];
  return `${Math.round((10 * seconds) / size) / 10} ${name}`;
}

const hour = (time) =>
  new Date(1000 * time).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

/** What a colour of the style sheet is at the moment, for a canvas. */
function palette(place) {
  return (name) => {
    const probe = h("i", { class: `probe-${name}` });
    place.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
}
