// Holds a conversation on /ws/voice: docs/voice.md.

import { keyOf, socketAt } from "./api.js";
import { framed, teller } from "./card.js";
import { el, labelled } from "./dom.js";
import { listen } from "./microphone.js";
import { Player, toFloats } from "./pcm.js";

const MOST_HISTORY = 40;

/** Return the card, and what leaves it. */
export function talk() {
  const scenario = el("input", { placeholder: "daily", spellcheck: "false", autocomplete: "off" });
  const typed = el("input", { maxlength: 5000, autocomplete: "off" });
  const ask = el("button", { type: "submit" }, "Ask");
  const mic = el("button", { type: "button", class: "main", "aria-pressed": "false" }, "Talk");
  const log = el("div", { class: "log", role: "log", "aria-label": "Conversation", tabindex: 0 });
  const { line, tell, fail } = teller();
  const history = [];
  let socket = null, player = null, hush = null, rate = 24000, asked = null, reply = null;

  /** Return the open socket. */
  async function open() {
    player ??= new Player();
    if (socket?.readyState === WebSocket.OPEN) return socket;
    const key = keyOf("team");
    socket = new WebSocket(socketAt("ws/voice"), key ? ["voice", `api-key.${key}`] : ["voice"]);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => (typeof data === "string" ? heed(JSON.parse(data)) : player.push(toFloats(data), rate)));
    await new Promise((done, failed) => {
      socket.addEventListener("open", done, { once: true });
      socket.addEventListener("close", ({ reason }) => failed(new Error(reason || "the router did not take the call: is the team key right?")), { once: true });
    });
    socket.addEventListener("close", ({ reason }) => tell(reason ? `The socket was closed: ${reason}` : "The socket was closed."));
    return socket;
  }

  const EVENTS = {
    partial: ({ text }) => { asked.textContent = text; },
    final: ({ text }) => { asked.textContent = text; past("user", text); tell("Thinking…"); },
    reply_delta: ({ text }) => { reply ??= line_of(""); reply.textContent = `${reply.textContent} ${text}`.trim(); tell("Speaking."); scroll(); },
    audio_start: ({ sample_rate }) => { rate = sample_rate; },
    reply_done: ({ text }) => { past("assistant", text); reply = null; tell("Your turn."); },
    interrupted: ({ text }) => { past("assistant", text); reply = null; },
    error: ({ detail }) => { reply = null; fail(new Error(detail)); },
  };
  const heed = (event) => EVENTS[event.type]?.(event);

  function past(role, content) {
    if (content) history.push({ role, content });
    history.splice(0, history.length - MOST_HISTORY);
  }

  function line_of(text, mine) {
    const item = el("p", { class: mine && "mine" }, text);
    log.append(item);
    scroll();
    return item;
  }

  const scroll = () => { log.scrollTop = log.scrollHeight; };
  const begins = (message) => JSON.stringify({ ...message, history, ...(scenario.value.trim() && { scenario_id: scenario.value.trim() }) });

  async function write() {
    const text = typed.value.trim();
    if (!text) return;
    const to = await open();
    player.hush();
    typed.value = "";
    line_of(text, true);
    tell("Thinking…");
    to.send(begins({ type: "text", text }));
    past("user", text);
  }

  async function toggle() {
    if (hush) {
      hush();
      hush = null;
      socket.send(JSON.stringify({ type: "stop" }));
      tell("Listening to the end…");
    } else {
      const to = await open();
      player.hush();
      let begun = false;
      hush = await listen((piece) => begun && to.readyState === WebSocket.OPEN && to.send(piece.buffer));
      to.send(begins({ type: "start" }));
      begun = true;
      asked = line_of("…", true);
      tell("Listening…");
    }
    mic.setAttribute("aria-pressed", String(Boolean(hush)));
    mic.textContent = hush ? "Done talking" : "Talk";
  }

  mic.addEventListener("click", () => toggle().catch(fail));
  const form = el("form", {}, labelled("Or in writing", typed), el("div", { class: "actions" }, ask));
  form.addEventListener("submit", (event) => { event.preventDefault(); write().catch(fail); });
  const card = framed("talk", "Talk", labelled("Scenario", scenario), el("div", { class: "actions" }, mic), log, line, form);
  return { card, leave: () => { hush?.(); socket?.close(); player?.close(); } };
}
