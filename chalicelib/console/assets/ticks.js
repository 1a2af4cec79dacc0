// Where the lines and the words of a chart's axes stand: at round numbers.

const LINES = 4;
const ROUND_SECONDS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400,
];

/** The distance of lines for values up to `high`: 1, 2 or 5 and zeros. */
function roundStep(high) {
  const rough = high / LINES || 0.25;
  const size = 10 ** Math.floor(Math.log10(rough));
  return size * ([1, 2, 5, 10].find((each) => each * size >= rough * 0.999) ?? 10);
}

/** The same for things that are counted. */
export const countStep = (high) => Math.max(1, roundStep(high));

/** The same for spans of time, in seconds. */
export function amountStep(high) {
  if (high <= LINES) return roundStep(high);
  return ROUND_SECONDS.find((each) => each >= high / LINES) ?? 86400 * countStep(high / 86400);
}

/** Moments between two, in seconds, round by the clock of who looks: `most` at most. */
export function timeTicks(from, to, most) {
  const step = ROUND_SECONDS.find((each) => each >= 60 && (to - from) / each <= most) ?? 86400;
  const shift = 60 * new Date(1000 * from).getTimezoneOffset();
  const found = [];
  for (let time = Math.ceil((from - shift) / step) * step + shift; time <= to; time += step)
    found.push(time);
  return found;
}
