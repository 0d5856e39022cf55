// The console: which page is shown.

import { keysBy } from "./keys.js";
import { configuration } from "./configuration.js";
import { jobs } from "./jobs.js";
import { playground } from "./playground.js";
import { requests } from "./requests.js";
import { targets } from "./targets.js";
import { usage } from "./usage.js";

const PAGES = { playground, targets, requests, jobs, usage, configuration };
const main = document.querySelector("main");
let leave = () => {};

/** Show the page that the address names, the playground unless it does. */
function show(focus) {
  const name = location.hash.replace("#/", "");
  if (location.hash === "#main") return;
  const page = PAGES[name] ? name : "playground";
  leave();
  main.replaceChildren();
  leave = PAGES[page](main) ?? (() => {});
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#/${page}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${main.querySelector("h1").textContent} · media-router`;
  if (focus) main.focus({ preventScroll: true });
  scrollTo(0, 0);
}

window.addEventListener("hashchange", () => show(true));
keysBy(document.querySelector("#open-keys"), () => show(true));
show(false);
