// A chart of stacked bars, a bar a day.

import { el, svg } from "./dom.js";
import { number } from "./wording.js";

const COLOURS = ["one", "two", "three", "four", "five", "six"];
const WIDTH = 760, HEIGHT = 260, LEFT = 58, BOTTOM = 28, TOP = 8;

/** Return a chart and its legend; `values` are `{day, group, value}`. Groups beyond the fifth are shown as one. */
export function barChart({ days, values, title }) {
  const groups = ranked(values);
  const colour = (group) => COLOURS[Math.min(groups.indexOf(group), COLOURS.length - 1)];
  const totals = days.map((day) => values.filter((one) => one.day === day).reduce((sum, one) => sum + one.value, 0));
  const most = niceAbove(Math.max(...totals, 0));
  const step = (WIDTH - LEFT) / days.length;
  const scale = (HEIGHT - BOTTOM - TOP) / most;
  const whole = totals.reduce((sum, one) => sum + one, 0);
  const bars = days.flatMap((day, at) => stacked(values.filter((one) => one.day === day), groups).map(({ group, from, value }) =>
    svg("rect", { class: colour(group), x: LEFT + at * step + step * 0.12, width: step * 0.76,
      y: HEIGHT - BOTTOM - (from + value) * scale, height: Math.max(value * scale, 0.5) },
    svg("title", {}, `${day}, ${group}: ${number(value)}`))));
  const drawing = svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img",
    "aria-label": `${title}: ${number(whole)} in ${days.length} days` }, lines(most), bars, dates(days, step));
  return [drawing, legend(groups, colour)];
}

function ranked(values) {
  const sums = new Map();
  for (const { group, value } of values) sums.set(group, (sums.get(group) ?? 0) + value);
  return [...sums].filter(([, sum]) => sum > 0).sort((a, b) => b[1] - a[1]).map(([group]) => group);
}

function stacked(values, groups) {
  let from = 0;
  return groups.flatMap((group) => {
    const value = values.filter((one) => one.group === group).reduce((sum, one) => sum + one.value, 0);
    from += value;
    return value ? [{ group, value, from: from - value }] : [];
  });
}

/** Return a round number that is not below another. */
function niceAbove(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= value);
}

function lines(most) {
  return [0, 0.5, 1].map((share) => {
    const y = HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
    return [svg("line", { x1: LEFT, x2: WIDTH, y1: y, y2: y }),
      svg("text", { x: LEFT - 8, y: y + 4, "text-anchor": "end" }, number(share * most))];
  });
}

function dates(days, step) {
  const every = Math.ceil(days.length / 6);
  return days.map((day, at) => at % every === 0 && svg("text",
    { x: LEFT + (at + 0.5) * step, y: HEIGHT - 8, "text-anchor": "middle" }, day.slice(5)));
}

function legend(groups, colour) {
  return el("ul", { class: "legend" }, groups.map((group) => el("li", {},
    svg("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, svg("rect", { class: colour(group), width: 10, height: 10, rx: 2 })),
    group)));
}
