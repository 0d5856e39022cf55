// Speaks a text, heard while it is spoken.

import { asTeam, json } from "./api.js";
import { filledIn, framed, modelField, servedBy, teller, voiceField } from "./card.js";
import { el, labelled, showBytes } from "./dom.js";
import { Player, samplesOf, wavOf } from "./pcm.js";
import { Waveform } from "./waveform.js";
import { seconds } from "./wording.js";

const FRAME = 80;

/** Return the card, and what leaves it. */
export function speak() {
  const input = el("textarea", { maxlength: 5000 }, "Hello. This is the router, speaking as the words come.");
  const model = modelField("speech"), voice = voiceField();
  const begin = el("button", { type: "submit", class: "main" }, "Speak");
  const stop = el("button", { type: "button", disabled: true }, "Stop");
  const canvas = el("canvas", { class: "wave", role: "img", "aria-label": "Waveform: nothing yet" });
  const again = el("audio", { controls: true, hidden: true, "aria-label": "What was spoken" });
  const { line, tell, fail } = teller();
  const form = el("form", {}, labelled("Text", input),
    el("div", { class: "fields" }, labelled("Route or provider/model", model), labelled("Voice", voice)),
    el("div", { class: "actions" }, begin, stop));
  let leave = () => {};

  async function run() {
    leave();
    const abort = new AbortController(), player = new Player(), wave = new Waveform(canvas), pieces = [];
    const drawing = setInterval(() => wave.draw(player.heard), FRAME);
    const over = () => { clearInterval(drawing); stop.disabled = true; };
    leave = () => { over(); abort.abort(); player.close(); };
    stop.disabled = false;
    again.hidden = true;
    tell("Asking…");
    const began = performance.now();
    const answer = await asTeam("v1/audio/speech",
      json({ voice: "default", ...filledIn({ input, model, voice }), response_format: "pcm" }, abort.signal));
    const rate = rateOf(answer);
    let first = null;
    wave.begin(rate);
    for await (const samples of samplesOf(answer.body)) {
      first ??= (performance.now() - began) / 1000;
      pieces.push(samples);
      wave.add(samples);
      player.push(samples, rate);
      tell(`Speaking: ${servedBy(answer)}, first sound after ${seconds(first)}.`);
    }
    tell(`${seconds(wave.seconds)} of speech by ${servedBy(answer)}, first sound after ${seconds(first)}.`);
    showBytes(again, wavOf(pieces, rate));
    again.hidden = false;
    setTimeout(() => { wave.draw(player.heard); over(); player.close(); }, player.left * 1000 + 200);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run().catch((error) => { leave(); fail(error); });
  });
  stop.addEventListener("click", () => { leave(); tell("Stopped."); });
  return { card: framed("speak", "Speak", form, canvas, line, again), leave: () => leave() };
}

/** Return the rate that an answer's type names. */
function rateOf(answer) {
  return Number(/rate=(\d+)/.exec(answer.headers.get("content-type"))?.[1] ?? 24000);
}
