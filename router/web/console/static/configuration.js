// The configuration in force, without its secrets, and what the last readings of it changed.

import { view } from "./api.js";
import { badge, el } from "./dom.js";
import { live } from "./live.js";
import { day } from "./wording.js";

const MOODS = { started: "good", applied: "good", refused: "bad" };

/** Show the page; returns what leaves it. */
export function configuration(main) {
  return live(main, "Configuration", { look: () => view("configuration"), draw, every: 1 }).leave;
}

function draw(found) {
  const [last] = found.readings;
  return [
    el("section", { class: "card", "aria-labelledby": "readings-title" },
      el("h2", { id: "readings-title" }, "Last reload"),
      last ? reading(last) : el("p", { class: "note" }, "None has been seen."),
      found.readings.length > 1 && el("details", { "data-key": "earlier" }, el("summary", {}, "Earlier"),
        found.readings.slice(1).map(reading))),
    el("h2", {}, "In force"),
    el("pre", { tabindex: 0, role: "region", "aria-label": "Configuration in force", "data-key": "tree" }, yaml(found.settings)),
  ];
}

function reading({ at, reading: told }) {
  return el("div", {},
    el("p", {}, badge(told.outcome, MOODS[told.outcome]), ` ${day(at)}, generation ${told.generation}`),
    el("ul", { class: "diff code" },
      told.changes.map((one) => el("li", { class: { added: "good", removed: "bad" }[one.split(" ")[0]] ?? "warn" }, one)),
      told.problems.map((one) => el("li", { class: "bad" }, one))));
}

/** Return a tree as YAML: what is empty is left out. */
function yaml(tree, indent = "") {
  return Object.entries(tree).filter(([, value]) => !empty(value)).map(([name, value]) => {
    if (Array.isArray(value)) return `${indent}${name}:${items(value, `${indent}  `)}`;
    return typeof value === "object" ? `${indent}${name}:\n${yaml(value, `${indent}  `)}` : `${indent}${name}: ${plain(value)}\n`;
  }).join("");
}

function items(list, indent) {
  if (list.every((one) => typeof one !== "object")) return ` [${list.map(plain).join(", ")}]\n`;
  return `\n${list.map((one) => `${indent}- ${yaml(one, `${indent}  `).trimStart()}`).join("")}`;
}

const empty = (value) => value === null || (typeof value === "object" && Object.keys(value).length === 0);
const plain = (value) => (typeof value === "string" && (value === "" || /[:#{}[\],*&]|^\s|\s$/.test(value)) ? JSON.stringify(value) : `${value}`);
