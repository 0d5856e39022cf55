// What teams used and what it cost, as a chart and as figures.

import { view } from "./api.js";
import { barChart } from "./chart.js";
import { cell, el, figure, labelled, table } from "./dom.js";
import { live } from "./live.js";
import { money, number } from "./wording.js";

const MEASURES = {
  requests: "Requests", cost: "Cost", characters: "Characters", audio_seconds: "Seconds of audio", video_seconds: "Seconds of video",
  calls: "Calls to providers" };
const GROUPS = { provider: "Provider", route: "Route", task: "Task", target: "Target", outcome: "Outcome" };

/** Show the page; returns what leaves it. */
export function usage(main) {
  const team = el("select", {}, el("option", { value: "" }, "All teams"));
  const measure = choices(MEASURES), group = choices(GROUPS);
  const since = el("input", { type: "date" }), until = el("input", { type: "date" });
  const fields = { Team: team, Show: measure, By: group, From: since, To: until };

  const look = () => {
    const query = new URLSearchParams({ group_by: `day,${group.value}` });
    for (const [name, field] of Object.entries({ team, from: since, to: until })) if (field.value) query.set(name, field.value);
    return view(`usage?${query}`);
  };
  const draw = (told) => {
    for (const name of told.teams) if (![...team.options].some((one) => one.value === name)) team.append(el("option", {}, name));
    return drawn(told, measure.value, group.value);
  };
  const page = live(main, "Usage", { look, draw });
  main.querySelector(".top").after(
    el("form", { class: "fields", "aria-label": "What to show" }, Object.entries(fields).map(([name, field]) => labelled(name, field))));
  for (const field of Object.values(fields)) field.addEventListener("change", page.again);
  return page.leave;
}

const choices = (named) => el("select", {}, Object.entries(named).map(([value, text]) => el("option", { value }, text)));

function drawn(told, measure, group) {
  const currency = told.lines.find((one) => one.currency)?.currency ?? "";
  const title = measure === "cost" && currency ? `Cost in ${currency}` : MEASURES[measure];
  const whole = sums(told.lines, group);
  return [
    el("section", { class: "card", "aria-labelledby": "chart-title" },
      el("h2", { id: "chart-title" }, `${title} by day and ${GROUPS[group].toLowerCase()}`),
      barChart({ days: daysOf(told.from, told.to), title,
        values: told.lines.map((one) => ({ day: one.day, group: one[group] || "nobody", value: Number(one[measure]) })) })),
    table(`${told.from} to ${told.to}`,
      [GROUPS[group], ...Object.values(MEASURES).map((text) => ({ text, number: true }))],
      whole.map(([name, sum]) => [el("th", { scope: "row" }, name || "nobody"),
        ...Object.keys(MEASURES).map((one) => figure(one === "cost" ? money(sum[one]) : number(sum[one])))]).concat(
        whole.length ? [] : [[cell("Nothing was used in these days.")]])),
  ];
}

/** Return, for each group, the sum of every measure. */
function sums(lines, group) {
  const found = new Map();
  for (const line of lines) {
    const sum = found.get(line[group]) ?? Object.fromEntries(Object.keys(MEASURES).map((one) => [one, 0]));
    for (const one of Object.keys(MEASURES)) sum[one] += Number(line[one]);
    found.set(line[group], sum);
  }
  return [...found];
}

function daysOf(first, last) {
  const days = [];
  for (let at = new Date(`${first}T00:00Z`); at <= new Date(`${last}T00:00Z`); at.setUTCDate(at.getUTCDate() + 1)) {
    days.push(at.toISOString().slice(0, 10));
  }
  return days;
}
