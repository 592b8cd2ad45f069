/** Kafka's batches as the payload of an entry: checked, counted, and given their offsets in place. */
import {
  BATCH_FIELD,
  BATCH_HEADER_BYTES,
  batchCrc,
  batchSizeBytes,
  lastOffsetDelta,
  MAGIC_V2,
  magic,
  recordCount,
  setBaseOffset,
  setPartitionLeaderEpoch,
} from '../../engine/protocol/kafka/record-batch.js';
import type { Codecs } from '../../native/codecs.js';
import { corrupt } from './entry-fault.js';

/** Length and magic of a batch of any magic lie within these. */
const prefixBytes = 17;

/** Whether the bytes are a message of the formats before record batches. */
export function isLegacy(view: Uint8Array, start: number): boolean {
  const found = magic(view, start);
  return found === 0 || found === 1;
}

/** Whether there are messages of the formats before record batches (Produce v0 to v2). */
export function hasLegacy(view: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (end - at >= prefixBytes) {
    if (isLegacy(view, at)) return true;
    const sizeBytes = batchSizeBytes(view, at);
    if (sizeBytes < prefixBytes) return false;
    at += sizeBytes;
  }
  return false;
}

/** Checks that `view[start, end)` is sound batches v2 back to back; returns the offsets they take. Throws EntryFault. */
export function checkBatches(codecs: Codecs, view: Uint8Array, start: number, end: number): number {
  let offsets = 0;
  let at = start;
  while (at < end) {
    const sizeBytes = end - at < BATCH_HEADER_BYTES ? -1 : batchSizeBytes(view, at);
    if (sizeBytes < BATCH_HEADER_BYTES || sizeBytes > end - at || magic(view, at) !== MAGIC_V2) {
      throw corrupt(`no whole record batch at byte ${at - start} of an entry's payload`);
    }
    const next = at + sizeBytes;
    if (codecs.crc32c(view, at + BATCH_FIELD.attributes, next) !== batchCrc(view, at)) {
      throw corrupt(`a record batch with a wrong CRC at byte ${at - start} of an entry's payload`);
    }
    const delta = lastOffsetDelta(view, at);
    if (delta < 0 || recordCount(view, at) < 0 || recordCount(view, at) > delta + 1) {
      throw corrupt(`a record batch of ${recordCount(view, at)} records over ${delta + 1} offsets`);
    }
    offsets += delta + 1;
    at = next;
  }
  return offsets;
}

/** Gives checked batches their offsets, one behind the other: KoP gives it to the first only. */
export function placeBatches(
  view: Uint8Array,
  start: number,
  end: number,
  baseOffset: number,
  leaderEpoch: number,
): void {
  let offset = baseOffset;
  for (let at = start; at < end; at += batchSizeBytes(view, at)) {
    setBaseOffset(view, at, offset);
    setPartitionLeaderEpoch(view, at, leaderEpoch);
    offset += lastOffsetDelta(view, at) + 1;
  }
}
