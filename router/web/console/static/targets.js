// Live targets: who may be asked now, and how they fare.

import { view } from "./api.js";
import { badge, cell, el, figure, table } from "./dom.js";
import { live } from "./live.js";
import { seconds } from "./wording.js";

const MOODS = { closed: "good", half_open: "warn", open: "bad" };
const STATES = { closed: "closed", half_open: "half open", open: "open" };
const HEADINGS = ["Target", "Task", "Breaker", "Blocked", { text: "First byte p50", number: true },
  { text: "p95", number: true }, { text: "In flight", number: true }, { text: "Queued", number: true }, "Retry budget"];

/** Show the page; returns what leaves it. */
export function targets(main) {
  return live(main, "Targets", { look: () => view("targets"), draw, every: 1 }).leave;
}

function draw(found) {
  const rows = found.targets.map((one) => [
    el("th", { scope: "row" }, one.provider, one.kind !== one.provider && el("div", { class: "note" }, one.kind)),
    cell(one.task),
    cell(breaker(one)),
    cell(blocked(one)),
    figure(seconds(one.first_byte_p50)),
    figure(seconds(one.first_byte_p95)),
    figure(one.limit === null ? `${one.in_flight}` : `${one.in_flight} of ${one.limit}`),
    figure(`${one.queued}`),
    cell(budget(one)),
  ]);
  return [
    table("Targets as they stand now", HEADINGS, rows),
    el("p", { class: "note" }, "First bytes are of the last hundred calls. In flight and queued are of an account, whatever the task."),
  ];
}

function breaker(one) {
  const left = one.breaker === "open" && one.open_for > 0 && ` for ${Math.ceil(one.open_for)} s`;
  return [badge(STATES[one.breaker] ?? one.breaker, MOODS[one.breaker]), left];
}

function blocked(one) {
  if (one.refused_for > 0) return badge(`key refused, ${Math.ceil(one.refused_for)} s`, "bad");
  return one.blocked_for > 0 ? badge(`for ${Math.ceil(one.blocked_for)} s`, "warn") : "no";
}

function budget(one) {
  const { repeats, allowed, calls } = one.budget;
  const told = `${repeats} of ${Math.floor(allowed)} repeats`;
  return [
    el("meter", { min: 0, max: allowed, value: repeats, "aria-label": `Retry budget of ${one.provider}, ${one.task}` }, told),
    el("div", { class: "note" }, `${told} to ${calls} ${calls === 1 ? "call" : "calls"} in 10 s`),
  ];
}
