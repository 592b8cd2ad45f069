/**
 * The header of a record batch v2 (KIP-98), read and changed where it lies: every function takes
 * the bytes and the offset in them at which the batch starts, and trusts that at least
 * `BATCH_HEADER_BYTES` follow. All integers are big-endian.
 */
import { int16At, int32At, int64At, putInt16, putInt32, putInt64 } from './big-endian.js';

/** Where each field starts. The CRC covers everything from `attributes` to the batch's end. */
export const BATCH_FIELD = {
  baseOffset: 0,
  batchLength: 8,
  partitionLeaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
} as const;

/** Size of the header; the records follow it. */
export const BATCH_HEADER_BYTES = 61;

/** Bytes at the start of a batch, of any magic, that its length field does not count. */
export const BATCH_LENGTH_OVERHEAD_BYTES = 12;

/** The only magic that is written here; 0 and 1 are Kafka's formats before 0.11. */
export const MAGIC_V2 = 2;

/** Bits of `attributes`. */
export const BATCH_ATTRIBUTE = {
  compression: 0b111,
  logAppendTime: 0b1000,
  transactional: 0b1_0000,
  control: 0b10_0000,
  /** `baseTimestamp` is a delete horizon (KIP-534), set by compaction. */
  deleteHorizon: 0b100_0000,
} as const;

/** Size of the whole batch as its length field has it; from a client it may be anything. */
export function batchSizeBytes(view: Uint8Array, start: number): number {
  return int32At(view, start + BATCH_FIELD.batchLength) + BATCH_LENGTH_OVERHEAD_BYTES;
}

export function baseOffset(view: Uint8Array, start: number): number {
  return int64At(view, start + BATCH_FIELD.baseOffset);
}

export function partitionLeaderEpoch(view: Uint8Array, start: number): number {
  return int32At(view, start + BATCH_FIELD.partitionLeaderEpoch);
}

/** At the same place in all three formats. */
export function magic(view: Uint8Array, start: number): number {
  return (view[start + BATCH_FIELD.magic]! << 24) >> 24;
}

/** Unsigned. */
export function batchCrc(view: Uint8Array, start: number): number {
  return int32At(view, start + BATCH_FIELD.crc) >>> 0;
}

export function attributes(view: Uint8Array, start: number): number {
  return int16At(view, start + BATCH_FIELD.attributes);
}

/** 0 none, 1 gzip, 2 snappy, 3 LZ4, 4 Zstandard; 5 to 7 mean nothing. */
export function compression(view: Uint8Array, start: number): number {
  return attributes(view, start) & BATCH_ATTRIBUTE.compression;
}

export function isLogAppendTime(view: Uint8Array, start: number): boolean {
  return (attributes(view, start) & BATCH_ATTRIBUTE.logAppendTime) !== 0;
}

export function isTransactional(view: Uint8Array, start: number): boolean {
  return (attributes(view, start) & BATCH_ATTRIBUTE.transactional) !== 0;
}

export function isControl(view: Uint8Array, start: number): boolean {
  return (attributes(view, start) & BATCH_ATTRIBUTE.control) !== 0;
}

export function hasDeleteHorizon(view: Uint8Array, start: number): boolean {
  return (attributes(view, start) & BATCH_ATTRIBUTE.deleteHorizon) !== 0;
}

export function lastOffsetDelta(view: Uint8Array, start: number): number {
  return int32At(view, start + BATCH_FIELD.lastOffsetDelta);
}

/** Offset of the last record that was ever in the batch; compaction may have removed it. */
export function lastOffset(view: Uint8Array, start: number): number {
  return baseOffset(view, start) + lastOffsetDelta(view, start);
}

/** Ms. */
export function baseTimestamp(view: Uint8Array, start: number): number {
  return int64At(view, start + BATCH_FIELD.baseTimestamp);
}

/** Ms; -1 where no record has a timestamp. */
export function maxTimestamp(view: Uint8Array, start: number): number {
  return int64At(view, start + BATCH_FIELD.maxTimestamp);
}

/** -1 where the producer is not idempotent. */
export function producerId(view: Uint8Array, start: number): number {
  return int64At(view, start + BATCH_FIELD.producerId);
}

export function producerEpoch(view: Uint8Array, start: number): number {
  return int16At(view, start + BATCH_FIELD.producerEpoch);
}

/** -1 where the batch has no sequence. */
export function baseSequence(view: Uint8Array, start: number): number {
  return int32At(view, start + BATCH_FIELD.baseSequence);
}

export function recordCount(view: Uint8Array, start: number): number {
  return int32At(view, start + BATCH_FIELD.recordCount);
}

export function setBaseOffset(view: Uint8Array, start: number, value: number): void {
  putInt64(view, start + BATCH_FIELD.baseOffset, value);
}

export function setPartitionLeaderEpoch(view: Uint8Array, start: number, value: number): void {
  putInt32(view, start + BATCH_FIELD.partitionLeaderEpoch, value);
}

export function setBatchLength(view: Uint8Array, start: number, sizeBytes: number): void {
  putInt32(view, start + BATCH_FIELD.batchLength, sizeBytes - BATCH_LENGTH_OVERHEAD_BYTES);
}

export function setMagic(view: Uint8Array, start: number, value: number): void {
  view[start + BATCH_FIELD.magic] = value;
}

export function setBatchCrc(view: Uint8Array, start: number, value: number): void {
  putInt32(view, start + BATCH_FIELD.crc, value | 0);
}

export function setAttributes(view: Uint8Array, start: number, value: number): void {
  putInt16(view, start + BATCH_FIELD.attributes, value);
}

export function setLastOffsetDelta(view: Uint8Array, start: number, value: number): void {
  putInt32(view, start + BATCH_FIELD.lastOffsetDelta, value);
}

export function setBaseTimestamp(view: Uint8Array, start: number, value: number): void {
  putInt64(view, start + BATCH_FIELD.baseTimestamp, value);
}

export function setMaxTimestamp(view: Uint8Array, start: number, value: number): void {
  putInt64(view, start + BATCH_FIELD.maxTimestamp, value);
}

/** Who sent the batch, and where in the producer's sequence it stands. */
export function setProducer(
  view: Uint8Array,
  start: number,
  producerId: number,
  producerEpoch: number,
  baseSequence: number,
): void {
  putInt64(view, start + BATCH_FIELD.producerId, producerId);
  putInt16(view, start + BATCH_FIELD.producerEpoch, producerEpoch);
  putInt32(view, start + BATCH_FIELD.baseSequence, baseSequence);
}

export function setRecordCount(view: Uint8Array, start: number, value: number): void {
  putInt32(view, start + BATCH_FIELD.recordCount, value);
}
