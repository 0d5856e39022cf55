// The playground: speak, write down, animate and talk, each as any caller would.

import { asTeam } from "./api.js";
import { animate } from "./animate.js";
import { el } from "./dom.js";
import { hear } from "./hear.js";
import { speak } from "./speak.js";
import { talk } from "./talk.js";

/** Show the page; returns what leaves it. */
export function playground(main) {
  const spoken = [speak(), animate()], heard = [hear(), talk()];
  const parts = [...spoken, ...heard];
  main.append(
    el("div", { class: "top" }, el("h1", {}, "Playground"),
      el("p", { class: "note" }, "What is made here is asked of providers, and may cost what they charge.")),
    el("div", { class: "cards" }, [spoken, heard].map((column) => el("div", {}, column.map((one) => one.card)))),
    el("datalist", { id: "voices" }));
  for (const task of ["speech", "transcription", "avatar"]) main.append(el("datalist", { id: `models-${task}` }));
  offer(main);
  return () => { for (const one of parts) one.leave(); };
}

/** Offer the names that there are; without them any can still be typed. */
async function offer(main) {
  const lists = await Promise.all(["v1/models", "v1/offers", "v1/voices"].map((path) =>
    asTeam(path).then((answer) => answer.json()).then((told) => told.data).catch(() => [])));
  const [models, offers, voices] = lists;
  const direct = offers.flatMap((one) => one.models.map((model) => ({ id: `${one.provider}/${model}`, task: one.task })));
  for (const { id, task } of [...models, ...direct]) main.querySelector(`#models-${task}`)?.append(el("option", { value: id }));
  main.querySelector("#voices").append(...voices.map((one) => el("option", { value: one.id }, Object.keys(one.providers).join(", "))));
}
