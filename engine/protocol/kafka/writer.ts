import { putInt64 } from './big-endian.js';
import { MAX_ANSWER_BYTES, ZERO_UUID } from './constants.js';
import type { RecordViews } from './encodable.js';
import { ProtocolError } from './protocol-error.js';
import { putUvarint, putVarlong, uvarintSizeBytes, varlongSizeBytes, zigzag } from './varint.js';

/** Memory that small messages are cut from, one after the other. */
const SLAB_BYTES = 64 * 1024;
/** A writer that starts with less than this left takes a new slab. */
const MIN_START_BYTES = 4 * 1024;
const MAX_STRING_BYTES = 0x7fff;
const UUID_BYTES = 16;
const UUID_CHARACTERS = 22;

/** Memory of writers, the finished ones before `used`. */
interface Slab {
  readonly bytes: Buffer;
  readonly data: DataView;
  used: number;
}

/** The slab that the next writer continues; null while a writer has it. */
let spare: Slab | null = null;

function newSlab(sizeBytes: number): Slab {
  const bytes = Buffer.allocUnsafeSlow(sizeBytes);
  return { bytes, data: new DataView(bytes.buffer, bytes.byteOffset, sizeBytes), used: 0 };
}

/** Record batches that belong at `offset` of the slab; sent from where they lie. */
interface Splice {
  readonly offset: number;
  readonly view: Uint8Array;
}

/**
 * Writes Kafka's primitive types to memory that grows. Record batches are not copied: `finish`
 * returns the written bytes cut at the places where they belong, for one `writev`.
 *
 * A value that the type cannot hold is a mistake of the caller and throws RangeError. A `flexible`
 * argument chooses between the fixed-size and the compact (KIP-482) form.
 */
export class Writer {
  private slab: Slab;
  private bytes: Buffer;
  private data: DataView;
  /** Where in the slab this writer's bytes begin, and where the next one goes. */
  private start: number;
  private offset: number;
  private splices: Splice[] | null = null;
  private splicedBytes = 0;
  private finished = false;

  constructor() {
    const left = spare !== null && spare.bytes.length - spare.used >= MIN_START_BYTES;
    const slab = left ? spare! : newSlab(SLAB_BYTES);
    spare = null;
    this.slab = slab;
    this.bytes = slab.bytes;
    this.data = slab.data;
    this.start = slab.used;
    this.offset = slab.used;
  }

  /** Bytes written so far, spliced records included. */
  get byteLength(): number {
    return this.offset - this.start + this.splicedBytes;
  }

  /** Bytes of record sets among them: lent views, not copied. */
  get recordBytes(): number {
    return this.splicedBytes;
  }

  int8(value: number): void {
    const at = this.claim(1);
    this.bytes[at] = value;
  }

  bool(value: boolean): void {
    const at = this.claim(1);
    this.bytes[at] = value ? 1 : 0;
  }

  int16(value: number): void {
    const at = this.claim(2);
    this.data.setInt16(at, value);
  }

  uint16(value: number): void {
    this.int16(value);
  }

  int32(value: number): void {
    const at = this.claim(4);
    this.data.setInt32(at, value);
  }

  uint32(value: number): void {
    this.int32(value);
  }

  /** Overwrites four bytes written before any records; frame lengths are patched in with it. */
  setInt32(at: number, value: number): void {
    this.data.setInt32(this.start + at, value);
  }

  /** A whole number within ±2^53, INT64_MAX or INT64_MIN. */
  int64(value: number): void {
    const at = this.claim(8);
    if (Number.isSafeInteger(value)) {
      const high = Math.floor(value / 0x1_0000_0000);
      this.data.setInt32(at, high);
      this.data.setUint32(at + 4, value - high * 0x1_0000_0000);
    } else {
      putInt64(this.bytes, at, value);
    }
  }

  float64(value: number): void {
    const at = this.claim(8);
    this.data.setFloat64(at, value);
  }

  /** From Kafka's base64url form, 22 characters. */
  uuid(value: string): void {
    const at = this.claim(UUID_BYTES);
    if (value === ZERO_UUID) {
      this.bytes.fill(0, at, at + UUID_BYTES);
      return;
    }
    if (
      value.length !== UUID_CHARACTERS ||
      this.bytes.write(value, at, 'base64url') !== UUID_BYTES
    ) {
      throw new RangeError(`${JSON.stringify(value)} is not a uuid`);
    }
  }

  /** Unsigned varint of at most 32 bits. */
  uvarint(value: number): void {
    const at = this.claim(uvarintSizeBytes(value));
    putUvarint(this.bytes, at, value);
  }

  /** Zigzag varint of a 32-bit integer. */
  varint(value: number): void {
    this.uvarint(zigzag(value));
  }

  /** Zigzag varint of a whole number within ±2^52. */
  varlong(value: number): void {
    const at = this.claim(varlongSizeBytes(value));
    putVarlong(this.bytes, at, value);
  }

  string(value: string, flexible: boolean): void {
    if (value.length > MAX_STRING_BYTES) {
      throw new RangeError(`string of ${value.length} characters`);
    }
    if (!this.asciiString(value, flexible)) this.utf8String(value, flexible);
  }

  nullableString(value: string | null, flexible: boolean): void {
    if (value !== null) this.string(value, flexible);
    else if (flexible) this.uvarint(0);
    else this.int16(-1);
  }

  /** A `bytes` field, copied in. */
  view(value: Uint8Array, flexible: boolean): void {
    this.viewLength(value.length, flexible);
    const at = this.claim(value.length);
    this.bytes.set(value, at);
  }

  nullableView(value: Uint8Array | null, flexible: boolean): void {
    if (value !== null) this.view(value, flexible);
    else if (flexible) this.uvarint(0);
    else this.int32(-1);
  }

  /** A `records` field: the length of all views together, then the views themselves, uncopied. */
  records(value: RecordViews | null, flexible: boolean): void {
    if (value === null) {
      if (flexible) this.uvarint(0);
      else this.int32(-1);
    } else if (value instanceof Uint8Array) {
      this.viewLength(value.length, flexible);
      this.splice(value);
    } else {
      let length = 0;
      for (const view of value) length += view.length;
      this.viewLength(length, flexible);
      for (const view of value) this.splice(view);
    }
  }

  arrayLength(length: number, flexible: boolean): void {
    if (flexible) this.uvarint(length + 1);
    else this.int32(length);
  }

  nullableArrayLength(array: readonly unknown[] | null, flexible: boolean): void {
    this.arrayLength(array === null ? -1 : array.length, flexible);
  }

  /** Bytes as they are, copied in without a length. */
  raw(value: Uint8Array): void {
    const at = this.claim(value.length);
    this.bytes.set(value, at);
  }

  /** Opens a tagged field; hand the result to `closeTagged`. */
  openTagged(tag: number): number {
    this.uvarint(tag);
    return this.claim(1);
  }

  /** Writes the size of the tagged field before its content. */
  closeTagged(at: number): void {
    const start = at + 1;
    const size = this.offset - start;
    const extra = uvarintSizeBytes(size) - 1;
    if (extra > 0) {
      this.claim(extra);
      this.bytes.copyWithin(start + extra, start, start + size);
    }
    putUvarint(this.bytes, at, size);
  }

  /** Everything written, in order, as chunks for one `writev`. The writer is used up. */
  finish(): Uint8Array[] {
    if (this.finished) throw new RangeError('a writer finishes once');
    this.finished = true;
    const { bytes, offset, slab } = this;
    // What a large message grew into goes with it, lest a small one keep it alive.
    if (slab.bytes.length <= SLAB_BYTES) {
      slab.used = offset;
      spare = slab;
    }
    if (this.splices === null) return [bytes.subarray(this.start, offset)];
    const chunks: Uint8Array[] = [];
    let { start } = this;
    for (const splice of this.splices) {
      if (splice.offset > start) chunks.push(bytes.subarray(start, splice.offset));
      start = splice.offset;
      chunks.push(splice.view);
    }
    if (offset > start) chunks.push(bytes.subarray(start, offset));
    return chunks;
  }

  /** Everything written in one piece; copies only if records were spliced in. */
  finishWhole(): Uint8Array {
    const chunks = this.finish();
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  }

  private viewLength(length: number, flexible: boolean): void {
    if (flexible) this.uvarint(length + 1);
    else this.int32(length);
  }

  private splice(view: Uint8Array): void {
    if (view.length === 0) return;
    this.splices ??= [];
    this.splices.push({ offset: this.offset, view });
    this.splicedBytes += view.length;
  }

  /**
   * Writes a string of ASCII characters only, whose length in bytes is known beforehand, and
   * returns true; or writes nothing and returns false. Most strings pass.
   */
  private asciiString(value: string, flexible: boolean): boolean {
    const start = this.offset;
    const { length } = value;
    if (flexible) this.uvarint(length + 1);
    else this.int16(length);
    const at = this.claim(length);
    const { bytes } = this;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) {
        this.offset = start;
        return false;
      }
      bytes[at + i] = code;
    }
    return true;
  }

  private utf8String(value: string, flexible: boolean): void {
    const length = Buffer.byteLength(value);
    if (length > MAX_STRING_BYTES) throw new RangeError(`string of ${length} bytes`);
    if (flexible) this.uvarint(length + 1);
    else this.int16(length);
    const at = this.claim(length);
    this.bytes.write(value, at, 'utf8');
  }

  private claim(size: number): number {
    const at = this.offset;
    if (at + size > this.bytes.length) return this.claimAfterGrowing(size);
    this.offset = at + size;
    return at;
  }

  /** Moves to a slab of its own, with room for as much again; offsets stay as they are. */
  private claimAfterGrowing(size: number): number {
    const at = this.offset;
    if (at + size > MAX_ANSWER_BYTES) {
      throw new ProtocolError(`the message takes more than ${MAX_ANSWER_BYTES} bytes`);
    }
    const grown = newSlab(2 * (at + size));
    grown.bytes.set(this.bytes.subarray(this.start, at), this.start);
    this.slab = grown;
    this.bytes = grown.bytes;
    this.data = grown.data;
    this.offset = at + size;
    return at;
  }
}
