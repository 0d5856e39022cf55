// A page that looks again and again: its heading, a button that pauses it, and what keeps the place of whoever reads it.

import { Refused } from "./api.js";
import { el } from "./dom.js";
import { askForKeys } from "./keys.js";

/**
 * Show a page. `look` returns what is to be drawn, `draw` the nodes for it; with `every` seconds it looks again, unless it is paused
 * or nobody sees it. Returns `{again, leave}`.
 */
export function live(main, title, { look, draw, every }) {
  const told = el("p", { class: "note", role: "status" });
  const pause = el("button", { type: "button", "aria-pressed": "false" }, "Pause");
  const body = el("div");
  let timer = 0, seen = "", paused = false, left = false;
  main.append(el("div", { class: "top" }, el("h1", {}, title), told, every && pause), body);

  async function again() {
    clearTimeout(timer);
    try {
      if (!document.hidden || !seen) show(await look());
      told.className = "note";
    } catch (error) {
      if (!left) fail(error);
    }
    if (every && !paused && !left) timer = setTimeout(again, every * 1000);
  }

  function show(found) {
    const now = JSON.stringify(found);
    if (left || now === seen) return;
    seen = now;
    told.textContent = found.processes > 1 ? `Seen by one of ${found.processes} processes.` : "";
    redraw(body, draw(found));
  }

  function fail(error) {
    seen = "";
    told.textContent = "";
    body.replaceChildren(problem(error));
  }

  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    if (!paused) again();
    else clearTimeout(timer);
  });
  again();
  return { again: () => { seen = ""; return again(); }, leave: () => { left = true; clearTimeout(timer); } };
}

/** Return what went wrong, with a way on where a key is missing. */
export function problem(error) {
  const keyless = error instanceof Refused && (error.status === 401 || error.status === 403);
  return el("div", { class: "card", role: "alert" },
    el("p", { class: "bad" }, error.message),
    keyless && el("button", { type: "button", class: "main", onclick: askForKeys }, "Enter a key"));
}

/** Put other nodes in place, and leave the focus and what was unfolded where they were. */
function redraw(body, nodes) {
  const focused = body.contains(document.activeElement) && document.activeElement.dataset.key;
  const open = [...body.querySelectorAll("details[open]")].map((one) => one.dataset.key);
  body.replaceChildren(...[nodes].flat());
  for (const one of body.querySelectorAll("details")) one.open = open.includes(one.dataset.key);
  if (focused) body.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}
