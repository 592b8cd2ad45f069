/** Base64 (RFC 4648, with padding) from range to range, as keys have it in Pulsar's metadata. */
import { corrupt } from './entry-fault.js';

const letters = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const padding = 0x3d;
const noLetter = 0xff;

const values = new Uint8Array(256).fill(noLetter);
for (let i = 0; i < letters.length; i++) values[letters[i]!] = i;

/** Characters that `sizeBytes` bytes take. */
export function keyTextBytes(sizeBytes: number): number {
  return Math.ceil(sizeBytes / 3) * 4;
}

/** Writes `view[start, end)` as text; returns where it ends. */
export function putKeyText(
  view: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): number {
  let to = at;
  let from = start;
  for (; end - from >= 3; from += 3, to += 4) {
    const bits = (view[from]! << 16) | (view[from + 1]! << 8) | view[from + 2]!;
    out[to] = letters[bits >>> 18]!;
    out[to + 1] = letters[(bits >>> 12) & 63]!;
    out[to + 2] = letters[(bits >>> 6) & 63]!;
    out[to + 3] = letters[bits & 63]!;
  }
  if (from === end) return to;
  const two = end - from === 2;
  const bits = (view[from]! << 16) | (two ? view[from + 1]! << 8 : 0);
  out[to] = letters[bits >>> 18]!;
  out[to + 1] = letters[(bits >>> 12) & 63]!;
  out[to + 2] = two ? letters[(bits >>> 6) & 63]! : padding;
  out[to + 3] = padding;
  return to + 4;
}

/** Where the text ends without its padding. */
function textEnd(view: Uint8Array, start: number, end: number): number {
  let to = end;
  while (to > start && end - to < 2 && view[to - 1] === padding) to--;
  return to;
}

/** Bytes that the text `view[start, end)` stands for. */
export function plainKeyBytes(view: Uint8Array, start: number, end: number): number {
  return Math.floor(((textEnd(view, start, end) - start) * 3) / 4);
}

/** Writes what the text stands for; returns where it ends. Throws EntryFault for what is no base64. */
export function putPlainKey(
  view: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): number {
  const stop = textEnd(view, start, end);
  if ((stop - start) % 4 === 1) throw corrupt('a key in base64 with a letter too many');
  let to = at;
  let bits = 0;
  let held = 0;
  for (let from = start; from < stop; from++) {
    const value = values[view[from]!]!;
    if (value === noLetter) throw corrupt(`a key in base64 with the byte ${view[from]}`);
    bits = (bits << 6) | value;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out[to++] = bits >>> held;
      bits &= 0xff;
    }
  }
  return to;
}
