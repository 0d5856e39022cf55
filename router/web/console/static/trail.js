// One request's way: its attempts on a line of time, and the choices before them.

import { badge, el, svg } from "./dom.js";
import { seconds } from "./wording.js";

/** Return the attempts in the order in which they ended. */
export function trail(outcome) {
  if (!outcome.attempts.length) {
    return [el("h3", {}, "Attempts"), el("p", { class: "note" }, outcome.cache === "hit" ? "Nobody was asked: it was kept." : "Nobody was asked.")];
  }
  const whole = Math.max(outcome.seconds, ...outcome.attempts.map((one) => one.started + one.seconds), 0.001);
  return [el("h3", {}, "Attempts"), el("ol", { class: "trail" }, outcome.attempts.map((one) => attempt(one, whole)))];
}

function attempt(one, whole) {
  const good = one.outcome === "ok";
  const told = [
    `${seconds(one.seconds)} from ${seconds(one.started)}`,
    one.first_byte !== null && `first byte ${seconds(one.first_byte)}`,
    one.waited > 0.001 && `waited ${seconds(one.waited)} for a slot`,
    one.upstream_status && `answered ${one.upstream_status}`,
    one.retry_after !== null && `asked to be left alone for ${seconds(one.retry_after)}`,
    one.hedged && "hedge", one.resumes && "resumed a broken stream",
    one.breaker !== "closed" && `breaker then ${one.breaker.replace("_", " ")}`,
  ].filter(Boolean).join(" · ");
  const line = good ? "good" : ["outrun", "cancelled"].includes(one.outcome) ? "quiet" : "bad";
  const width = Math.max((100 * one.seconds) / whole, 0.6);
  return el("li", {},
    el("strong", {}, one.target), ` ${one.task} `, badge(one.outcome, good ? "good" : line === "bad" ? "bad" : "warn"),
    el("div", { class: "note" }, told),
    svg("svg", { class: "bar", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { width: 100, height: 4 }),
      svg("rect", { class: line, x: Math.min((100 * one.started) / whole, 99), width, height: 4 })));
}

/** Return who was chosen, in which order and in which state, and why the others declined. */
export function choice(told) {
  const declined = Object.entries(told.declined);
  return [
    el("h3", {}, `Chosen for ${told.task} on ${told.route}`),
    told.targets.length
      ? el("ol", { class: "choice" }, told.targets.map((one) => el("li", {}, el("strong", {}, one.target), ` ${standing(one)}`)))
      : el("p", { class: "note" }, "Nobody."),
    declined.length > 0 && [
      el("h3", {}, "Declined"),
      el("ul", { class: "choice" }, declined.map(([name, why]) => el("li", {}, el("strong", {}, name), ` ${why}`)))],
  ];
}

function standing(one) {
  const told = [`breaker ${one.breaker.replace("_", " ")}`, `${one.load} ${one.load === 1 ? "call" : "calls"} under way`];
  if (one.blocked_for > 0) told.push(`blocked for ${seconds(one.blocked_for)}: passed over`);
  else if (one.breaker === "open") told.push("passed over unless nobody else is left");
  if (one.first_byte !== null) told.push(`first byte ${seconds(one.first_byte)} on average`);
  return told.join(" · ");
}
