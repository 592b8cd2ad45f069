/** Varints of at most 32 bits are at most this long. */
export const MAX_VARINT_BYTES = 5;

/** Largest size of a whole number within ±2^52 as `putVarlong` writes it. */
const VARLONG_LIMIT = 2 ** 52;

/** The unsigned number that stands for a signed one of 32 bits: 0, -1, 1, -2, … → 0, 1, 2, 3, … */
export function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

/** Bytes that an unsigned number of 32 bits takes. */
export function uvarintSizeBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : MAX_VARINT_BYTES;
}

/** Writes an unsigned number of 32 bits; returns where it ends. */
export function putUvarint(view: Uint8Array, at: number, value: number): number {
  let rest = value;
  let to = at;
  while (rest >= 0x80) {
    view[to++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  view[to++] = rest;
  return to;
}

/** Bytes that a whole number within ±2^52 takes as a zigzag varint. */
export function varlongSizeBytes(value: number): number {
  let rest = zigzagLong(value);
  let size = 1;
  while (rest >= 0x80) {
    rest = Math.floor(rest / 0x80);
    size++;
  }
  return size;
}

/** Writes a whole number within ±2^52 as a zigzag varint; returns where it ends. */
export function putVarlong(view: Uint8Array, at: number, value: number): number {
  let rest = zigzagLong(value);
  let to = at;
  while (rest >= 0x80) {
    view[to++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  view[to++] = rest;
  return to;
}

function zigzagLong(value: number): number {
  if (!(Math.abs(value) < VARLONG_LIMIT)) throw new RangeError(`${value} does not fit a varlong`);
  return value < 0 ? -2 * value - 1 : 2 * value;
}
