/** Writes record batches v2 record by record where the caller wants them: no object per record. */
import {
  BATCH_FIELD,
  BATCH_HEADER_BYTES,
  MAGIC_V2,
  setAttributes,
  setBaseOffset,
  setBaseTimestamp,
  setBatchCrc,
  setBatchLength,
  setLastOffsetDelta,
  setMagic,
  setMaxTimestamp,
  setPartitionLeaderEpoch,
  setProducer,
  setRecordCount,
} from '../../engine/protocol/kafka/record-batch.js';
import {
  putUvarint,
  putVarlong,
  uvarintSizeBytes,
  varlongSizeBytes,
  zigzag,
} from '../../engine/protocol/kafka/varint.js';
import type { Codecs } from '../../native/codecs.js';
import { copyBytes } from './copy.js';
import { putPlainKey } from './key-text.js';

/**
 * Most that a record takes beside its key, value, header names and header values with their lengths:
 * its length, attributes, timestamp, offset, the lengths of key and value, the number of headers.
 */
export const RECORD_OVERHEAD_BYTES = 5 + 1 + 8 + 5 + 5 + 5 + 5;

/** Times beyond are set to it: the difference of two must fit `putVarlong`. */
const maxTimestamp = 2 ** 52 - 2;

/** Size of bytes with their length before them. */
export function sizedBytes(sizeBytes: number): number {
  return uvarintSizeBytes(sizeBytes * 2) + sizeBytes;
}

/** Size of a null with its length. */
export const NULL_BYTES = 1;

export class BatchWriter {
  /** Where the next byte goes. */
  at = 0;
  /** Of the next record, ms. A field: passed on, so large a number would be an object of its own. */
  timestamp = -1;
  private out: Uint8Array = new Uint8Array();
  private start = 0;
  private records = 0;
  private baseTimestamp = -1;
  private maxTimestamp = -1;

  /** Begins a batch at `start` of `out`, which has room for it. */
  begin(out: Uint8Array, start: number): void {
    this.out = out;
    this.start = start;
    this.at = start + BATCH_HEADER_BYTES;
    this.records = 0;
    this.baseTimestamp = -1;
    this.maxTimestamp = -1;
  }

  /** Begins a record; `contentBytes` is the size of key, value and headers, which have to follow in this order. */
  record(offsetDelta: number, contentBytes: number): void {
    const time = Math.min(this.timestamp, maxTimestamp);
    if (this.records++ === 0) this.baseTimestamp = time;
    if (time > this.maxTimestamp) this.maxTimestamp = time;
    const { out } = this;
    const timestampDelta = time - this.baseTimestamp;
    const size =
      1 + varlongSizeBytes(timestampDelta) + uvarintSizeBytes(offsetDelta * 2) + contentBytes;
    const at = putUvarint(out, this.at, size * 2);
    out[at] = 0;
    this.at = putUvarint(out, putVarlong(out, at + 1, timestampDelta), offsetDelta * 2);
  }

  /** A key, a value, or a header's name or value. */
  sized(view: Uint8Array, start: number, end: number): void {
    const at = putUvarint(this.out, this.at, (end - start) * 2);
    this.at = copyBytes(view, start, end, this.out, at);
  }

  /** A key of `plainBytes` bytes that is stored as base64. Throws EntryFault for what is none. */
  packedKey(view: Uint8Array, start: number, end: number, plainBytes: number): void {
    this.at = putPlainKey(
      view,
      start,
      end,
      this.out,
      putUvarint(this.out, this.at, plainBytes * 2),
    );
  }

  null(): void {
    this.out[this.at++] = zigzag(-1);
  }

  /** The number of headers. */
  count(value: number): void {
    this.at = putUvarint(this.out, this.at, value * 2);
  }

  /** Ends the batch; returns where it ends. `offsets`: how many it takes, records or not. */
  finish(
    codecs: Codecs,
    baseOffset: number,
    leaderEpoch: number,
    attributes: number,
    offsets: number,
    producerId: number,
    producerEpoch: number,
    baseSequence: number,
  ): number {
    const { out, start, at: end } = this;
    setBaseOffset(out, start, baseOffset);
    setBatchLength(out, start, end - start);
    setPartitionLeaderEpoch(out, start, leaderEpoch);
    setMagic(out, start, MAGIC_V2);
    setAttributes(out, start, attributes);
    setLastOffsetDelta(out, start, offsets - 1);
    setBaseTimestamp(out, start, this.baseTimestamp);
    setMaxTimestamp(out, start, this.maxTimestamp);
    setProducer(out, start, producerId, producerEpoch, baseSequence);
    setRecordCount(out, start, this.records);
    setBatchCrc(out, start, codecs.crc32c(out, start + BATCH_FIELD.attributes, end));
    return end;
  }
}
