import {
  attributes,
  BATCH_ATTRIBUTE,
  BATCH_HEADER_BYTES,
  baseOffset,
  baseTimestamp,
  compression,
  hasDeleteHorizon,
  isControl,
  isLogAppendTime,
  isTransactional,
  lastOffset,
  maxTimestamp,
  producerId,
  recordCount,
  setAttributes,
  setBaseTimestamp,
  setMaxTimestamp,
  setRecordCount,
} from '../../../engine/protocol/kafka/record-batch.js';
import type { RecordCursor } from '../../../engine/protocol/kafka/record-cursor.js';
import {
  putUvarint,
  putVarlong,
  uvarintSizeBytes,
  varlongSizeBytes,
  zigzag,
} from '../../../engine/protocol/kafka/varint.js';
import type { Codecs } from '../../../native/codecs.js';
import { sealBatch } from '../../batch/header.js';
import type { CompactionPlan } from '../compaction.js';
import { recordsOf } from './batch-records.js';
import type { KeyMap } from './key-map.js';

/**
 * Batches that compaction does not look into: markers, and records whose transaction may have been
 * aborted, so that they must not stand for what came before.
 */
export function isOpaque(view: Uint8Array, start: number): boolean {
  return isControl(view, start) || isTransactional(view, start);
}

/**
 * Decides, batch by batch, what a compaction keeps (KIP-58, KIP-534): of each key the last record, tombstones until
 * their batch's delete horizon, which is set when a compaction first sees them. Offsets stay; a batch
 * that lost records is made anew with the base and last offset that it had.
 */
export class BatchFilter {
  readonly #plan: CompactionPlan;
  readonly #codecs: Codecs;
  readonly #keys: KeyMap;
  /** Records from here on are not in the key map: all are kept. */
  readonly #mappedEnd: number;
  readonly #lastOffsets: Map<number, number>;
  // Of the batch at hand.
  #kept = 0;
  #tombstones = 0;
  #dropped = 0;
  #keptMaxTimestamp = -1;
  /** Start, content start, end and offset delta of each record kept, and its timestamp. */
  #records: number[] = [];

  constructor(plan: CompactionPlan, codecs: Codecs, keys: KeyMap, mappedEnd: number) {
    this.#plan = plan;
    this.#codecs = codecs;
    this.#keys = keys;
    this.#mappedEnd = mappedEnd;
    this.#lastOffsets = new Map(plan.producers);
  }

  /** What stays of a batch: the view's own bytes, others, or null for nothing. */
  filter(view: Uint8Array, start: number, end: number): Uint8Array | null {
    const whole = view.subarray(start, end);
    if (isOpaque(view, start) || baseOffset(view, start) >= this.#mappedEnd) return whole;
    if (recordCount(view, start) === 0) return this.#emptied(whole);
    const records = recordsOf(this.#codecs, view, start, end);
    this.#select(whole, records);
    if (this.#kept === 0) return this.#emptied(whole);
    const needsHorizon = this.#tombstones > 0 && !hasDeleteHorizon(view, start);
    if (this.#dropped === 0 && !needsHorizon) return whole;
    const horizonMs = needsHorizon ? this.#plan.nowMs + this.#plan.deleteRetentionMs : -1;
    return this.#rebuild(whole, records.view, horizonMs);
  }

  #select(batch: Uint8Array, records: RecordCursor): void {
    const base = baseOffset(batch, 0);
    const baseTime = baseTimestamp(batch, 0);
    const appendTime = isLogAppendTime(batch, 0) ? maxTimestamp(batch, 0) : -1;
    const tombstonesStay = !hasDeleteHorizon(batch, 0) || this.#plan.nowMs < baseTime;
    this.#kept = 0;
    this.#tombstones = 0;
    this.#dropped = 0;
    this.#keptMaxTimestamp = -1;
    this.#records.length = 0;
    while (records.next()) {
      const offset = base + records.offsetDelta;
      const isTombstone = records.valueStart === -1;
      if (!this.#stays(records, offset) || (isTombstone && !tombstonesStay)) {
        this.#dropped++;
        continue;
      }
      this.#kept++;
      if (isTombstone) this.#tombstones++;
      const timestamp = appendTime >= 0 ? appendTime : baseTime + records.timestampDelta;
      this.#keptMaxTimestamp = Math.max(this.#keptMaxTimestamp, timestamp);
      const { recordStart, contentStart, recordEnd, offsetDelta } = records;
      this.#records.push(recordStart, contentStart, recordEnd, offsetDelta, timestamp);
    }
  }

  #stays(records: RecordCursor, offset: number): boolean {
    if (offset >= this.#mappedEnd) return true;
    if (records.keyStart === -1) return false;
    return offset >= this.#keys.get(records.view, records.keyStart, records.keyEnd);
  }

  /** A batch without records: kept as a header where a producer's sequence would be forgotten without it. */
  #emptied(batch: Uint8Array): Uint8Array | null {
    const id = producerId(batch, 0);
    const last = this.#lastOffsets.get(id);
    if (id < 0 || last === undefined || (last !== -1 && last !== lastOffset(batch, 0))) return null;
    if (recordCount(batch, 0) === 0) return batch;
    const header = batch.slice(0, BATCH_HEADER_BYTES);
    setRecordCount(header, 0, 0);
    setAttributes(header, 0, attributes(header, 0) & ~BATCH_ATTRIBUTE.deleteHorizon);
    setBaseTimestamp(header, 0, maxTimestamp(batch, 0));
    sealBatch(this.#codecs, header, 0);
    return header;
  }

  #rebuild(batch: Uint8Array, plain: Uint8Array, horizonMs: number): Uint8Array {
    const codec = compression(batch, 0);
    let records = horizonMs >= 0 ? this.#redated(plain, horizonMs) : this.#picked(plain);
    if (codec !== 0) records = this.#codecs.compress(codec, records, 0, records.length);
    const made = new Uint8Array(BATCH_HEADER_BYTES + records.length);
    made.set(batch.subarray(0, BATCH_HEADER_BYTES));
    made.set(records, BATCH_HEADER_BYTES);
    if (horizonMs >= 0) {
      setAttributes(made, 0, attributes(made, 0) | BATCH_ATTRIBUTE.deleteHorizon);
      setBaseTimestamp(made, 0, horizonMs);
    }
    setMaxTimestamp(made, 0, this.#keptMaxTimestamp);
    setRecordCount(made, 0, this.#kept);
    sealBatch(this.#codecs, made, codec);
    return made;
  }

  /** The kept records as they are. */
  #picked(plain: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let i = 0; i < this.#records.length; i += 5) {
      parts.push(plain.subarray(this.#records[i]!, this.#records[i + 2]!));
    }
    return Buffer.concat(parts);
  }

  /** The kept records with timestamps relative to the delete horizon, which takes the base timestamp's place. */
  #redated(plain: Uint8Array, horizonMs: number): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let i = 0; i < this.#records.length; i += 5) {
      const content = plain.subarray(this.#records[i + 1]!, this.#records[i + 2]!);
      const offsetDelta = zigzag(this.#records[i + 3]!);
      const timestampDelta = this.#records[i + 4]! - horizonMs;
      const headBytes = 1 + varlongSizeBytes(timestampDelta) + uvarintSizeBytes(offsetDelta);
      const length = zigzag(headBytes + content.length);
      const head = new Uint8Array(uvarintSizeBytes(length) + headBytes);
      // The attributes byte stays 0: no bit of it has a meaning.
      const at = putVarlong(head, putUvarint(head, 0, length) + 1, timestampDelta);
      putUvarint(head, at, offsetDelta);
      parts.push(head, content);
    }
    return Buffer.concat(parts);
  }
}
