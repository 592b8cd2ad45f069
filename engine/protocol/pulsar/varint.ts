/** Protocol Buffers' variable-length integers in ranges of memory, without BigInt. */
import { PulsarFormatError } from './format-error.js';

/** A 64-bit value takes no more. */
export const maxVarintBytes = 10;

const high32 = 2 ** 32;

/** Reads varints from a range; `position` is behind the last one read. */
export class VarintReader {
  position = 0;
  #view: Uint8Array;
  #end = 0;

  constructor() {
    this.#view = new Uint8Array(0);
  }

  /** What is read next: `view[start, end)`. */
  take(view: Uint8Array, start: number, end: number): void {
    this.#view = view;
    this.#end = end;
    this.position = start;
  }

  get isAtEnd(): boolean {
    return this.position >= this.#end;
  }

  /** An unsigned value below 2^53; -1 for 2^64 - 1, which is Pulsar's "none". Throws PulsarFormatError. */
  uint64(): number {
    let low = 0;
    let high = 0;
    for (let index = 0; index < maxVarintBytes; index++) {
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (index < 4) low |= bits << (7 * index);
      else if (index === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (7 * index - 32);
      if (byte < 0x80) return join(low >>> 0, high >>> 0);
    }
    throw new PulsarFormatError('a varint of more than ten bytes');
  }

  /** A 32-bit value, negative ones included. Throws PulsarFormatError. */
  int32(): number {
    let value = 0;
    for (let index = 0; index < maxVarintBytes; index++) {
      const byte = this.#byte();
      if (index < 5) value |= (byte & 0x7f) << (7 * index);
      if (byte < 0x80) return value;
    }
    throw new PulsarFormatError('a varint of more than ten bytes');
  }

  /** Passes over the value of a field. Throws PulsarFormatError. */
  skip(wireType: number): void {
    if (wireType === 0) this.uint64Bytes();
    else if (wireType === 1) this.#advance(8);
    else if (wireType === 2) this.#advance(this.length());
    else if (wireType === 5) this.#advance(4);
    else throw new PulsarFormatError(`wire type ${wireType}`);
  }

  /** Length of a field with as many bytes behind it. Throws PulsarFormatError. */
  length(): number {
    const sizeBytes = this.int32();
    if (sizeBytes < 0 || sizeBytes > this.#end - this.position) {
      throw new PulsarFormatError(`a field of ${sizeBytes} bytes ends beyond its message`);
    }
    return sizeBytes;
  }

  /** Passes over a varint of any value. */
  uint64Bytes(): void {
    while (this.#byte() >= 0x80);
  }

  #byte(): number {
    if (this.position >= this.#end) throw new PulsarFormatError('a varint ends beyond its message');
    return this.#view[this.position++] as number;
  }

  #advance(sizeBytes: number): void {
    if (sizeBytes > this.#end - this.position) {
      throw new PulsarFormatError('a field ends beyond its message');
    }
    this.position += sizeBytes;
  }
}

function join(low: number, high: number): number {
  if (high === 0) return low;
  if (high === 0xffff_ffff && low === 0xffff_ffff) return -1;
  if (high >= 2 ** 21) throw new PulsarFormatError('a value of 2^53 or more');
  return high * high32 + low;
}

/** Writes an unsigned value below 2^53 at `at`; returns the end. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let rest = value;
  let position = at;
  while (rest >= 0x80) {
    target[position++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  target[position++] = rest;
  return position;
}

/** Bytes that `writeVarint` takes. */
export function varintBytes(value: number): number {
  let sizeBytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) sizeBytes++;
  return sizeBytes;
}
