// Jobs of all teams: how far they are, and their films.

import { film, view } from "./api.js";
import { badge, cell, el, figure, table } from "./dom.js";
import { live, problem } from "./live.js";
import { day } from "./wording.js";

const MOODS = { completed: "good", failed: "bad" };
const HEADINGS = ["Job", "Team", "Model", "Provider", "State", { text: "Length", number: true }, "Made", "Film"];

/** Show the page; returns what leaves it. */
export function jobs(main) {
  const screen = el("section", { class: "card", hidden: true, "aria-label": "Playback" });
  const older = el("button", { type: "button" }, "Older"), newest = el("button", { type: "button" }, "Newest");
  let after = "";

  async function play(id) {
    screen.hidden = false;
    screen.replaceChildren(el("p", { role: "status" }, "Fetching the film…"));
    try {
      const source = await film(id);
      const video = el("video", { controls: true, src: source, "aria-label": `Film of ${id}` });
      video.addEventListener("loadeddata", () => video.play().catch(() => {}), { once: true });
      screen.replaceChildren(el("h2", {}, "Playback of ", el("code", {}, id)), video);
      video.focus();
    } catch (error) {
      screen.replaceChildren(problem(error));
    }
  }

  function draw(found) {
    const last = found.jobs.at(-1);
    older.hidden = !found.more;
    older.onclick = () => from(last.video.id);
    newest.hidden = !after;
    const rows = found.jobs.map((one) => row(one, play));
    if (!rows.length) rows.push([el("td", { colspan: HEADINGS.length }, "No job yet.")]);
    return table(after ? `Jobs before ${after}` : "The latest jobs of all teams", HEADINGS, rows);
  }

  function from(id) {
    after = id;
    page.again();
  }

  const look = () => view(after ? `jobs?after=${encodeURIComponent(after)}` : "jobs");
  const page = live(main, "Jobs", { look, draw, every: 1 });
  main.append(el("div", { class: "actions" }, newest, older), screen);
  newest.addEventListener("click", () => from(""));
  newest.hidden = older.hidden = true;
  return page.leave;
}

function row({ team, provider, playable, video }, play) {
  const done = `${video.progress} %`;
  return [
    el("th", { scope: "row" }, el("code", {}, video.id)),
    cell(team), cell(video.model), cell(provider || "–"),
    cell(badge(video.status.replace("_", " "), MOODS[video.status]),
      video.status === "in_progress" && el("div", {},
        el("progress", { max: 100, value: video.progress, "aria-label": `Progress of ${video.id}` }, done), ` ${done}`),
      video.error && el("div", { class: "bad" }, video.error)),
    figure(video.seconds ? `${video.seconds} s` : "–"),
    cell(day(video.created_at)),
    cell(playable && el("button", {
      type: "button", "data-key": `play ${video.id}`, "aria-label": `Play ${video.id}`, onclick: () => play(video.id) }, "Play")),
  ];
}
