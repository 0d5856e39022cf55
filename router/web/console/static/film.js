// A film as it renders: fragmented MP4 fed to a player piece by piece, or whole where that cannot be.

import { showBytes } from "./dom.js";

/** Play an answer in a video element; resolves with its bytes when all of it came, and tells `first` of the first picture. */
export async function playFilm(video, body, first) {
  video.addEventListener("loadeddata", first, { once: true });
  const reader = body.getReader();
  const pieces = [];
  let type = null, feed = null;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    pieces.push(read.value);
    if (type === null && (type = typeOf(pieces))) {
      feed = await feeding(video, type);
      for (const one of feed ? pieces : []) await feed.push(one);
    } else if (feed) {
      await feed.push(read.value);
    }
  }
  const film = new Blob(pieces, { type: "video/mp4" });
  if (feed && !feed.full) feed.end();
  else showBytes(video, film);
  video.play().catch(() => {});
  return film;
}

/** Return what takes pieces of a film of a type, or null where the browser cannot. */
async function feeding(video, type) {
  if (!window.MediaSource || !MediaSource.isTypeSupported(type)) return null;
  const media = new MediaSource();
  showBytes(video, media);
  await happens(media, "sourceopen");
  const buffer = media.addSourceBuffer(type);
  video.play().catch(() => {});
  return {
    full: false,
    /** Take a piece; once the browser holds as much as it will, the rest has to wait for the whole. */
    async push(piece) {
      if (this.full) return;
      const done = happens(buffer, "updateend");
      try {
        buffer.appendBuffer(piece);
      } catch {
        this.full = true;
        return;
      }
      await done;
    },
    end() { if (media.readyState === "open") media.endOfStream(); },
  };
}

const happens = (target, name) => new Promise((done) => target.addEventListener(name, done, { once: true }));

/**
 * Return the type of a film whose header is among these pieces: null until it is, false for one that is not in fragments.
 * ISO/IEC 14496-15: an avcC box holds a version, then profile, compatibility and level, by which a codec is named.
 */
function typeOf(pieces) {
  const head = joined(pieces);
  if (find(head, "moof") < 0 && head.length < 65536) return null;
  if (find(head, "mvex") < 0) return false;
  const codecs = [];
  const picture = find(head, "avcC");
  if (picture >= 0) codecs.push(`avc1.${[...head.slice(picture + 5, picture + 8)].map((one) => one.toString(16).padStart(2, "0")).join("")}`);
  if (find(head, "mp4a") >= 0) codecs.push("mp4a.40.2");
  if (find(head, "Opus") >= 0) codecs.push("opus");
  return picture >= 0 && `video/mp4; codecs="${codecs.join(", ")}"`;
}

function joined(pieces) {
  const all = new Uint8Array(pieces.reduce((sum, one) => sum + one.length, 0));
  pieces.reduce((at, one) => { all.set(one, at); return at + one.length; }, 0);
  return all;
}

function find(bytes, name) {
  const [a, b, c, d] = [...name].map((one) => one.charCodeAt(0));
  for (let at = 0; at + 3 < bytes.length; at += 1) {
    if (bytes[at] === a && bytes[at + 1] === b && bytes[at + 2] === c && bytes[at + 3] === d) return at;
  }
  return -1;
}
