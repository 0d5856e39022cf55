// Writes down what is recorded, or what a file holds, with its times.

import { asTeam } from "./api.js";
import { fileField, filledIn, framed, modelField, servedBy, teller } from "./card.js";
import { el, labelled, showBytes } from "./dom.js";
import { listen, RATE } from "./microphone.js";
import { toFloats, wavOf } from "./pcm.js";
import { Waveform } from "./waveform.js";

/** Return the card, and what leaves it. */
export function hear() {
  const model = modelField("transcription"), language = el("input", { placeholder: "find out", maxlength: 35 });
  const record = el("button", { type: "button", class: "main", "aria-pressed": "false" }, "Record");
  const canvas = el("canvas", { class: "wave", role: "img", "aria-label": "Waveform: nothing yet" });
  const player = el("audio", { controls: true, hidden: true, "aria-label": "What was recorded" });
  const text = el("p", { class: "transcript", "aria-live": "polite" });
  const words = el("ol", { class: "words", "aria-label": "Words and when they begin" });
  const { line, tell, fail } = teller();
  let stop = null;

  async function begin() {
    const wave = new Waveform(canvas), pieces = [];
    wave.begin(RATE);
    const end = await listen((piece) => {
      pieces.push(piece);
      wave.add(toFloats(piece.buffer));
      wave.draw(Infinity);
    });
    stop = () => { end(); return pieces; };
    press(true);
    tell("Recording…");
  }

  function press(on) {
    record.setAttribute("aria-pressed", String(on));
    record.textContent = on ? "Stop and write down" : "Record";
  }

  async function toggle() {
    if (!stop) return begin();
    const pieces = stop();
    stop = null;
    press(false);
    return writeDown(new File([wavOf(pieces, RATE)], "recording.wav", { type: "audio/wav" }));
  }

  async function writeDown(file) {
    showBytes(player, file);
    player.hidden = false;
    text.textContent = "";
    words.replaceChildren();
    tell("Writing it down…");
    const form = new FormData();
    for (const [name, value] of Object.entries(filledIn({ model, language }))) form.append(name, value);
    form.append("response_format", "verbose_json");
    for (const grain of ["word", "segment"]) form.append("timestamp_granularities[]", grain);
    form.append("file", file);
    const answer = await asTeam("v1/audio/transcriptions", { method: "POST", body: form });
    const told = await answer.json();
    text.textContent = told.text;
    words.append(...(told.words ?? told.segments ?? []).map(spot));
    tell(`Written down by ${servedBy(answer)}.`);
  }

  function spot(one) {
    const at = one.start.toFixed(2);
    const seek = () => { player.currentTime = one.start; player.play().catch(() => {}); };
    return el("li", {}, el("button", { type: "button", onclick: seek }, one.word ?? one.text, el("small", {}, `${at} s`)));
  }

  record.addEventListener("click", () => toggle().catch(fail));
  const card = framed("hear", "Write down",
    el("div", { class: "fields" }, labelled("Route or provider/model", model), labelled("Language", language)),
    el("div", { class: "actions" }, record),
    fileField("Or a recording: choose it, or drop it here", "audio/*,video/*", (file) => writeDown(file).catch(fail)),
    canvas, player, line, text, words);
  return { card, leave: () => stop?.() };
}
