// Makes a portrait speak, watched while it renders.

import { asTeam } from "./api.js";
import { fileField, filledIn, framed, modelField, servedBy, teller, voiceField } from "./card.js";
import { el, labelled, showBytes } from "./dom.js";
import { playFilm } from "./film.js";
import { seconds, size } from "./wording.js";

/** Return the card, and what leaves it. */
export function animate() {
  const text = el("textarea", { maxlength: 5000 }, "It is a pleasure to meet you.");
  const model = modelField("avatar"), voice = voiceField();
  const format = el("select", {}, el("option", { value: "" }, "As the provider likes"), ["640x640", "640x480", "480x640"].map((one) => el("option", {}, one)));
  const portrait = el("img", { class: "portrait", alt: "The portrait", hidden: true });
  const video = el("video", { controls: true, playsinline: true, hidden: true, "aria-label": "The talking portrait" });
  const begin = el("button", { type: "submit", class: "main", disabled: true }, "Animate");
  const stop = el("button", { type: "button", disabled: true }, "Stop");
  const { line, tell, fail } = teller();
  let face = null, abort = new AbortController();

  function take(file) {
    face = file;
    showBytes(portrait, file);
    portrait.hidden = false;
    begin.disabled = false;
  }

  async function run() {
    abort.abort();
    abort = new AbortController();
    stop.disabled = false;
    video.hidden = true;
    tell("Rendering…");
    const form = new FormData();
    form.append("ref_image", face);
    form.append("input_tts", JSON.stringify({ voice: "default", ...filledIn({ input: text, voice }) }));
    for (const [name, value] of Object.entries(filledIn({ model, size: format }))) form.append(name, value);
    const began = performance.now();
    const answer = await asTeam("v1/videos/stream", { method: "POST", body: form, signal: abort.signal });
    let first = "";
    video.hidden = false;
    const film = await playFilm(video, answer.body, () => {
      first = `first picture after ${seconds((performance.now() - began) / 1000)}`;
      tell(`Rendering: ${servedBy(answer)}, ${first}.`);
    });
    const all = seconds((performance.now() - began) / 1000);
    tell(`${size(film.size)} by ${servedBy(answer)}${first && `, ${first}`}, all of it after ${all}.`);
    stop.disabled = true;
  }

  const form = el("form", {},
    fileField("Portrait (PNG, JPEG or WEBP): choose it, or drop it here", "image/png,image/jpeg,image/webp", take), portrait,
    labelled("Text", text),
    el("div", { class: "fields" }, labelled("Route or provider/model", model), labelled("Voice", voice), labelled("Size", format)),
    el("div", { class: "actions" }, begin, stop));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run().catch((error) => { stop.disabled = true; fail(error); });
  });
  stop.addEventListener("click", () => { abort.abort(); stop.disabled = true; tell("Stopped."); });
  return { card: framed("animate", "Animate", form, line, video), leave: () => abort.abort() };
}
