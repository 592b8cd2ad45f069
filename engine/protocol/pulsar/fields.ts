/**
 * Protobuf's wire format on ranges. Metadata stands before every record of a Pulsar batch, and a command before every
 * entry, so they are read and written by hand: no message object, no BigInt.
 */
import { PulsarFormatError } from './format-error.js';

/** The wire types in use, as a tag's low three bits. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** A varint of 64 bits takes at most this. */
export const maxVarintBytes = 10;

export const varintTag = (field: number): number => (field << 3) | VARINT;
export const bytesTag = (field: number): number => (field << 3) | BYTES;

/** 2^64 - 1 as a double has it. */
const noId = 2 ** 64;

/**
 * Walks the fields of one message: `next` moves to the next field and sets `tag`, and `value` (a varint) or
 * `start` and `stop` (bytes). Throws PulsarFormatError, or what it is told to throw.
 */
export class FieldReader {
  view: Uint8Array = new Uint8Array();
  tag = 0;
  /** Number.MAX_SAFE_INTEGER for what is beyond 2^53, negative numbers among them. */
  value = 0;
  start = 0;
  stop = 0;
  private at = 0;
  private end = 0;
  /** As a double has it. */
  private number = 0;
  private readonly fault: (message: string) => Error;

  constructor(fault = (message: string): Error => new PulsarFormatError(message)) {
    this.fault = fault;
  }

  /** The value as an id; -1 for 2^64 - 1, which is Pulsar's "none". Throws for others beyond 2^53. */
  get id(): number {
    if (this.number <= Number.MAX_SAFE_INTEGER) return this.number;
    if (this.number === noId) return -1;
    throw this.fault(`a value of 2^53 or more at byte ${this.at}`);
  }

  /** Behind the field that `next` moved to. */
  get position(): number {
    return this.at;
  }

  /** Stands before the first field of the message `view[start, end)`, which lies inside the view. */
  open(view: Uint8Array, start: number, end: number): this {
    this.view = view;
    this.at = start;
    this.end = end;
    return this;
  }

  /** False after the last field. */
  next(): boolean {
    if (this.at >= this.end) return false;
    const tag = this.varint();
    this.tag = tag;
    if (tag < 8) throw this.fault('a message with the field number 0');
    switch (tag & 7) {
      case VARINT:
        this.number = this.varint();
        this.value = Math.min(this.number, Number.MAX_SAFE_INTEGER);
        break;
      case BYTES:
        this.pass(this.varint());
        break;
      case FIXED64:
        this.pass(8);
        break;
      case FIXED32:
        this.pass(4);
        break;
      default:
        throw this.fault(`a message with the wire type ${tag & 7} at byte ${this.at}`);
    }
    return true;
  }

  private pass(sizeBytes: number): void {
    if (sizeBytes > this.end - this.at) {
      throw this.fault(`a field of ${sizeBytes} bytes, ${this.end - this.at} are left`);
    }
    this.start = this.at;
    this.at += sizeBytes;
    this.stop = this.at;
  }

  private varint(): number {
    const { view, end } = this;
    let at = this.at;
    let value = 0;
    let unit = 1;
    const limit = Math.min(end, at + maxVarintBytes);
    while (at < limit) {
      const byte = view[at++]!;
      if (byte < 0x80) {
        this.at = at;
        value += byte * unit;
        return value;
      }
      value += (byte & 0x7f) * unit;
      unit *= 0x80;
    }
    throw this.fault(`a message with a number that does not end, at byte ${this.at}`);
  }
}

/** Bytes of a whole number from 0 to 2^53 as a varint. */
export function varintSizeBytes(value: number): number {
  let rest = value;
  let size = 1;
  while (rest >= 0x1000_0000) {
    rest = Math.floor(rest / 0x1000_0000);
    size += 4;
  }
  while (rest >= 0x80) {
    rest >>>= 7;
    size++;
  }
  return size;
}

/** Writes a whole number from 0 to 2^53; returns where it ends. */
export function putVarint(out: Uint8Array, at: number, value: number): number {
  let rest = value;
  let to = at;
  while (rest >= 0x1000_0000) {
    const above = Math.floor(rest / 0x1000_0000);
    const low = rest - above * 0x1000_0000;
    out[to] = (low & 0x7f) | 0x80;
    out[to + 1] = ((low >>> 7) & 0x7f) | 0x80;
    out[to + 2] = ((low >>> 14) & 0x7f) | 0x80;
    out[to + 3] = (low >>> 21) | 0x80;
    to += 4;
    rest = above;
  }
  while (rest >= 0x80) {
    out[to++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[to++] = rest;
  return to;
}

/** Size of the fields below; tags of fields from 16 on take two bytes. */
export function varintFieldBytes(tag: number, value: number): number {
  return (tag < 0x80 ? 1 : 2) + varintSizeBytes(value);
}

export function bytesFieldBytes(tag: number, sizeBytes: number): number {
  return (tag < 0x80 ? 1 : 2) + varintSizeBytes(sizeBytes) + sizeBytes;
}

export function putVarintField(out: Uint8Array, at: number, tag: number, value: number): number {
  return putVarint(out, putVarint(out, at, tag), value);
}

/** Writes what stands before a field's bytes; returns where they begin. */
export function putBytesHead(out: Uint8Array, at: number, tag: number, sizeBytes: number): number {
  return putVarint(out, putVarint(out, at, tag), sizeBytes);
}
