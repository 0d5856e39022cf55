// Asks the router, with the keys that this tab keeps.

const ROOT = new URL("../", import.meta.url);
const KEPT = "media-router.";

/** An answer that is no good; `code` is what to switch on. */
export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Return a kept key: of the `admin` or of the `team`. */
export const keyOf = (whose) => sessionStorage.getItem(KEPT + whose) ?? "";

/** Keep a key until the tab is closed; an empty one is forgotten. */
export function keep(whose, key) {
  if (key) sessionStorage.setItem(KEPT + whose, key);
  else sessionStorage.removeItem(KEPT + whose);
}

/** Return the answer to a request of the team's; throws `Refused`. */
export const asTeam = (path, options) => ask(path, "team", options);

/** Return what one of the console's own views shows; throws `Refused`. */
export async function view(path) {
  return (await ask(`console/api/${path}`, "admin")).json();
}

/** Return a film of any team as an address that a player takes; throws `Refused`. */
export async function film(id) {
  const answer = await ask(`console/api/jobs/${encodeURIComponent(id)}/content`, "admin");
  return URL.createObjectURL(await answer.blob());
}

/** Return the address of a socket. */
export function socketAt(path) {
  const url = new URL(path, ROOT);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

/** Return the options of a POST with JSON. */
export const json = (body, signal) => (
  { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), signal });

async function ask(path, whose, options = {}) {
  const headers = new Headers(options.headers);
  const key = keyOf(whose);
  if (key) headers.set("authorization", `Bearer ${key}`);
  const answer = await fetch(new URL(path, ROOT), { ...options, headers });
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

async function refusal(answer) {
  const body = await answer.json().catch(() => ({}));
  const error = body.error ?? {};
  return new Refused(answer.status, error.code ?? "", error.message ?? `the router answered ${answer.status}`);
}
