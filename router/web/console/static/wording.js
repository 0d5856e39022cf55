// Says figures the way people read them.

/** Say a span of time in seconds, given in seconds. */
export function seconds(value) {
  if (value === null || value === undefined) return "–";
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  return value < 100 ? `${value.toFixed(2)} s` : `${Math.round(value)} s`;
}

/** Say a moment, given in unix seconds, as the time of day. */
export const moment = (at) => new Date(at * 1000).toLocaleTimeString();

/** Say a moment, given in unix seconds, with its day. */
export const day = (at) => new Date(at * 1000).toLocaleString();

/** Say a number with as few digits as tell it. */
export const number = (value) => Number(value).toLocaleString(undefined, { maximumFractionDigits: 2 });

/** Say an amount of money, in whatever currency: calls often cost less than a cent. */
export const money = (value) => Number(value).toLocaleString(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 4 });

/** Say a size in bytes. */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
