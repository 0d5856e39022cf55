// Recent requests: how each ended, whom it was put to, and why.

import { view } from "./api.js";
import { badge, el, labelled } from "./dom.js";
import { live } from "./live.js";
import { choice, trail } from "./trail.js";
import { moment, seconds, size } from "./wording.js";

/** Show the page; returns what leaves it. */
export function requests(main) {
  const words = el("input", { type: "search", placeholder: "id, team, route, provider, outcome" });
  const failures = el("input", { type: "checkbox" });
  const draw = ({ requests: found }) => {
    const wanted = found.filter((one) => matches(one, words.value.toLowerCase(), failures.checked));
    if (!wanted.length) return el("p", { class: "card" }, found.length ? "None of the latest requests is like that." : "No request yet.");
    return el("ul", { class: "requests" }, wanted.map(entry));
  };
  const page = live(main, "Requests", { look: () => view("requests"), draw, every: 2 });
  main.querySelector(".top").after(el("div", { class: "fields" },
    labelled("Find", words), el("label", { class: "check" }, failures, "Failures only")));
  words.addEventListener("input", page.again);
  failures.addEventListener("change", page.again);
  return page.leave;
}

function matches(outcome, words, failures) {
  if (failures && outcome.outcome === "ok") return false;
  const text = [outcome.request_id, outcome.task, outcome.team, outcome.route, outcome.outcome,
    ...outcome.attempts.map((one) => one.target)].join(" ").toLowerCase();
  return words.split(/\s+/).every((one) => text.includes(one));
}

function entry(outcome) {
  const { served, choices, ended_at: at } = outcome;
  const key = `${outcome.request_id} ${outcome.task} ${at}`;
  const count = outcome.attempts.length;
  return el("li", {}, el("details", { "data-key": key },
    el("summary", { "data-key": `${key} summary` },
      el("time", { datetime: new Date(at * 1000).toISOString() }, moment(at)),
      badge(outcome.outcome, mood(outcome.outcome)),
      el("span", { class: "path" }, `${outcome.task} · ${outcome.route || "no route"}${served ? ` → ${served.target}` : ""}`),
      el("span", { class: "note" }, `${count} ${count === 1 ? "attempt" : "attempts"} · ${seconds(outcome.seconds)}`)),
    el("div", { class: "more" }, trail(outcome), choices.map(choice), facts(outcome))));
}

/** Return the colour of an outcome. */
export function mood(outcome) {
  if (outcome === "ok") return "good";
  return ["cancelled", "outrun"].includes(outcome) ? "warn" : "bad";
}

function facts(outcome) {
  const told = {
    "Request id": el("code", {}, outcome.request_id), Team: outcome.team, Status: `${outcome.status}`,
    "First byte": seconds(outcome.first_byte), Sent: size(outcome.bytes_out),
    Characters: outcome.characters || null, Audio: outcome.audio_seconds ? seconds(outcome.audio_seconds) : null,
    Video: outcome.video_seconds ? seconds(outcome.video_seconds) : null, Cache: outcome.cache,
    Cost: cost(outcome),
  };
  return el("dl", {}, Object.entries(told).filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function cost({ charges, currency }) {
  const millionths = charges.reduce((sum, one) => sum + one.cost, 0);
  return millionths ? `${millionths / 1e6} ${currency}` : null;
}
