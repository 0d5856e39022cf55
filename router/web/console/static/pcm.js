// Raw sound: s16le, mono. Played as it comes, kept as WAV.

const AHEAD = 0.06;

/** Yield the samples of a stream of bytes, whole ones, between -1 and 1. */
export async function* samplesOf(body) {
  const reader = body.getReader();
  let rest = new Uint8Array();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const bytes = joined(rest, read.value);
    const whole = bytes.length - (bytes.length % 2);
    rest = bytes.slice(whole);
    if (whole) yield toFloats(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + whole));
  }
}

/** Return samples between -1 and 1. */
export const toFloats = (buffer) => Float32Array.from(new Int16Array(buffer), (one) => one / 32768);

function joined(first, second) {
  if (!first.length) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** Plays pieces of sound one after another as they are pushed. Make one in answer to a click: browsers want that. */
export class Player {
  constructor() {
    this.context = new AudioContext();
    this.began = null;
    this.until = 0;
    this.sources = new Set();
  }

  /** Play a piece after what was pushed before. */
  push(samples, rate) {
    const buffer = this.context.createBuffer(1, samples.length, rate);
    buffer.copyToChannel(samples, 0);
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.context.destination);
    const at = Math.max(this.until, this.context.currentTime + AHEAD);
    this.began ??= at;
    this.until = at + buffer.duration;
    this.sources.add(source);
    source.addEventListener("ended", () => this.sources.delete(source));
    source.start(at);
  }

  /** Seconds that were heard so far. */
  get heard() {
    return this.began === null ? 0 : Math.max(0, Math.min(this.context.currentTime, this.until) - this.began);
  }

  /** Seconds that are still to be heard. */
  get left() {
    return Math.max(0, this.until - this.context.currentTime);
  }

  /** Be silent at once, and forget what was pushed. */
  hush() {
    for (const source of this.sources) source.stop();
    this.sources.clear();
    this.until = 0;
  }

  /** Be silent for good. */
  close() {
    this.hush();
    if (this.context.state !== "closed") this.context.close();
  }
}

/** Return a WAV file of pieces of sound: floats or 16-bit integers. */
export function wavOf(pieces, rate) {
  const length = pieces.reduce((sum, one) => sum + one.length, 0);
  const view = new DataView(new ArrayBuffer(44 + 2 * length));
  const text = (at, word) => [...word].forEach((one, index) => view.setUint8(at + index, one.charCodeAt(0)));
  text(0, "RIFF"); view.setUint32(4, 36 + 2 * length, true); text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, rate, true); view.setUint32(28, 2 * rate, true); view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  text(36, "data"); view.setUint32(40, 2 * length, true);
  let at = 44;
  for (const piece of pieces) {
    const scale = piece instanceof Float32Array ? 32767 : 1;
    for (const one of piece) { view.setInt16(at, one * scale, true); at += 2; }
  }
  return new Blob([view], { type: "audio/wav" });
}
