// What the playground's cards have in common: a frame, fields, and a line that says what happens.

import { el, labelled } from "./dom.js";

/** Return a card with a heading. */
export function framed(id, title, ...children) {
  return el("section", { class: "card", id, "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), children);
}

/** Return a line for what happens, read out as it changes. */
export function teller() {
  const line = el("p", { class: "said", role: "status", "aria-live": "polite" });
  return {
    line,
    tell(text) { line.className = "said"; line.textContent = text; },
    fail(error) {
      if (error.name === "AbortError") return;
      line.className = "said bad";
      line.textContent = error.message;
    },
  };
}

/** Return the field for a route, a model or `provider/model` of a task. */
export const modelField = (task) => el("input", { list: `models-${task}`, placeholder: "first route", spellcheck: "false", autocomplete: "off" });

/** Return the field for a voice. */
export const voiceField = () => el("input", { list: "voices", placeholder: "default", spellcheck: "false", autocomplete: "off" });

/** Return a field for a file, which can be dropped there; `taken` is called with it. */
export function fileField(text, accept, taken) {
  const input = el("input", { type: "file", accept });
  const frame = el("div", { class: "drop" }, labelled(text, input));
  input.addEventListener("change", () => input.files[0] && taken(input.files[0]));
  const over = (is) => (event) => { event.preventDefault(); frame.classList.toggle("over", is); };
  frame.addEventListener("dragover", over(true));
  frame.addEventListener("dragleave", over(false));
  frame.addEventListener("drop", (event) => {
    over(false)(event);
    const [file] = event.dataTransfer.files;
    if (file) taken(file);
  });
  return frame;
}

/** Return the fields that hold something, by name. */
export function filledIn(fields) {
  return Object.fromEntries(Object.entries(fields).map(([name, one]) => [name, one.value.trim()]).filter(([, value]) => value));
}

/** Say who served an answer. */
export function servedBy(answer) {
  const attempts = answer.headers.get("x-media-attempts") ?? "1";
  return `${answer.headers.get("x-media-provider") ?? "nobody"}, ${attempts === "1" ? "1 attempt" : `${attempts} attempts`}`;
}
