import { BatchCheck, BatchCheckFlags, BatchFault } from '../codecs.js';

/**
 * The walk over the records of a batch v2, as Kafka's `DefaultRecord.readFrom` reads them. Like
 * there, any negative key or value length means null, and a varint takes its low 32 (64) bits.
 */

const maxSafe = 2 ** 53;
const noView: Uint8Array = new Uint8Array();

/** What the batch header says about its records. */
export interface RecordHeaderFacts {
  count: number;
  lastOffsetDelta: number;
  /** int64 as its two words: only a hostile batch needs more than 53 bits. */
  baseTimestampHigh: number;
  baseTimestampLow: number;
  /** The timestamp of every record under LogAppendTime; NaN under CreateTime. */
  logAppendTime: number;
}

/** A cursor over one range; a read beyond `end`, or a varint too long, sets `bad`. */
class Cursor {
  view: Uint8Array = noView;
  at = 0;
  end = 0;
  bad = false;
  /** High word of the last `varlong`; the low one is its result. */
  high = 0;

  /** Zigzag varint of 32 bits. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.at >= this.end) break;
      const byte = this.view[this.at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
    this.bad = true;
    return 0;
  }

  /** Zigzag varint of 64 bits: returns the low word, unsigned, and sets `high`, signed. */
  varlong(): number {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.end) break;
      const byte = this.view[this.at++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        const sign = -(low & 1);
        this.high = (high >>> 1) ^ sign;
        return (((low >>> 1) | (high << 31)) ^ sign) >>> 0;
      }
    }
    this.bad = true;
    this.high = 0;
    return 0;
  }

  /** Skips a length-prefixed field; returns its length, negative for null. */
  skipField(): number {
    const length = this.varint();
    if (length > 0) {
      if (length > this.end - this.at) this.bad = true;
      else this.at += length;
    }
    return length;
  }
}

/** One per thread: a walk neither allocates nor nests. */
const cursor = new Cursor();

/** base + delta as int64 (it wraps, as in Java), as a number clamped to ±2^53. */
function addTimestamps(
  baseHigh: number,
  baseLow: number,
  deltaHigh: number,
  deltaLow: number,
): number {
  const low = baseLow + deltaLow;
  const high = (baseHigh + deltaHigh + (low >= 2 ** 32 ? 1 : 0)) | 0;
  const sum = high * 2 ** 32 + (low >>> 0);
  return Math.min(maxSafe, Math.max(-maxSafe, sum));
}

/**
 * Walks `facts.count` records in `view[start, end)`, which must hold nothing else, and fills the
 * slots of `BatchCheck` that records decide. Returns a `BatchFault`.
 */
export function walkRecords(
  view: Uint8Array,
  start: number,
  end: number,
  facts: RecordHeaderFacts,
  flags: number,
  out: Float64Array,
): number {
  cursor.view = view;
  cursor.at = start;
  let lastDelta = -1;
  let wrongDeltaAt = -1;
  let keylessAt = -1;
  const stored = (flags & BatchCheckFlags.stored) !== 0;
  for (let index = 0; index < facts.count; index++) {
    cursor.end = end;
    cursor.bad = false;
    const length = cursor.varint();
    if (cursor.bad || length < 0 || length > end - cursor.at) {
      return recordFault(out, index, BatchFault.badRecord);
    }
    cursor.end = cursor.at + length;
    // The record's attributes byte, of which Kafka uses no bit.
    cursor.at++;
    const low = cursor.varlong();
    const high = cursor.high;
    const delta = cursor.varint();
    const keyBytes = cursor.skipField();
    cursor.skipField();
    if (cursor.bad) return recordFault(out, index, BatchFault.badRecord);
    const fault = skipHeaders();
    if (fault !== BatchFault.none) return recordFault(out, index, fault);
    if (keyBytes < 0 && keylessAt < 0) keylessAt = index;
    const inOrder = stored ? delta > lastDelta && delta <= facts.lastOffsetDelta : delta === index;
    if (!inOrder && wrongDeltaAt < 0) wrongDeltaAt = index;
    lastDelta = delta;
    const timestamp = Number.isNaN(facts.logAppendTime)
      ? addTimestamps(facts.baseTimestampHigh, facts.baseTimestampLow, high, low)
      : facts.logAppendTime;
    noteTimestamp(out, timestamp, delta, index);
  }
  cursor.view = noView;
  out[BatchCheck.recordCount] = facts.count;
  if (cursor.at !== end) return BatchFault.trailingBytes;
  if ((flags & BatchCheckFlags.requireKeys) !== 0 && keylessAt >= 0) {
    return recordFault(out, keylessAt, BatchFault.keyMissing);
  }
  if (wrongDeltaAt >= 0) return recordFault(out, wrongDeltaAt, BatchFault.badOffsetDelta);
  return BatchFault.none;
}

function recordFault(out: Float64Array, index: number, fault: number): number {
  out[BatchCheck.recordIndex] = index;
  return fault;
}

/** The record's headers, up to exactly its end. */
function skipHeaders(): number {
  const count = cursor.varint();
  if (cursor.bad) return BatchFault.badRecord;
  if (count < 0 || count > cursor.end - cursor.at) return BatchFault.badHeaders;
  for (let i = 0; i < count; i++) {
    const keyBytes = cursor.skipField();
    if (keyBytes < 0) return BatchFault.badHeaders;
    cursor.skipField();
    if (cursor.bad) return BatchFault.badHeaders;
  }
  return cursor.at === cursor.end ? BatchFault.none : BatchFault.badRecord;
}

function noteTimestamp(out: Float64Array, timestamp: number, delta: number, index: number): void {
  if (timestamp > out[BatchCheck.maxTimestamp]!) {
    out[BatchCheck.maxTimestamp] = timestamp;
    out[BatchCheck.offsetOfMaxTimestamp] = delta;
  }
  if (timestamp === -1) return;
  if (out[BatchCheck.indexOfMinTimestamp]! >= 0 && timestamp >= out[BatchCheck.minTimestamp]!)
    return;
  out[BatchCheck.minTimestamp] = timestamp;
  out[BatchCheck.indexOfMinTimestamp] = index;
}
