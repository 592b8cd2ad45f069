/** What a Kafka client reads of record batches, and the broker's metadata that Pulsar puts before an entry. */
import { isDeepStrictEqual } from 'node:util';
import {
  attributes,
  BATCH_FIELD,
  BATCH_HEADER_BYTES,
  baseOffset,
  baseSequence,
  baseTimestamp,
  batchCrc,
  batchSizeBytes,
  compression,
  isControl,
  isLogAppendTime,
  isTransactional,
  lastOffset,
  magic,
  maxTimestamp,
  partitionLeaderEpoch,
  producerEpoch,
  producerId,
  recordCount,
} from '../../../engine/protocol/kafka/record-batch.js';
import { RecordCursor } from '../../../engine/protocol/kafka/record-cursor.js';
import { loadCodecs } from '../../../native/index.js';

export const codecs = loadCodecs();

export interface ReadRecord {
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [string, string | null])[];
  readonly timestamp: number;
}

export interface ReadBatch {
  readonly magic: number;
  readonly base: number;
  readonly last: number;
  readonly n: number;
  readonly codec: number;
  readonly txn: boolean;
  readonly control: boolean;
  readonly pid: number;
  readonly epoch: number;
  readonly seq: number;
  readonly leaderEpoch: number;
  readonly attributes: number;
  readonly maxTimestamp: number;
  readonly records: readonly ReadRecord[];
}

const base64 = (view: Uint8Array, start: number, end: number): string | null =>
  start === -1 ? null : Buffer.from(view.subarray(start, end)).toString('base64');

function recordsOf(view: Uint8Array, start: number, end: number): ReadRecord[] {
  const packed = compression(view, start);
  const from = start + BATCH_HEADER_BYTES;
  const plain =
    packed === 0 ? view.subarray(from, end) : codecs.inflate(packed, view, from, end, 1 << 26);
  const cursor = new RecordCursor().open(plain, 0, plain.length, recordCount(view, start));
  const records: ReadRecord[] = [];
  while (cursor.next()) {
    records.push({
      offset: baseOffset(view, start) + cursor.offsetDelta,
      key: base64(plain, cursor.keyStart, cursor.keyEnd),
      value: base64(plain, cursor.valueStart, cursor.valueEnd),
      headers: cursor
        .headers()
        .map(({ key, value }) => [key, value === null ? null : base64(value, 0, value.length)]),
      timestamp: isLogAppendTime(view, start)
        ? maxTimestamp(view, start)
        : baseTimestamp(view, start) + cursor.timestampDelta,
    });
  }
  return records;
}

/** The batches in `view[start, end)`, each of which must be sound. */
export function readBatches(view: Uint8Array, start = 0, end = view.length): ReadBatch[] {
  const batches: ReadBatch[] = [];
  for (let at = start; at < end; at += batchSizeBytes(view, at)) {
    const next = at + batchSizeBytes(view, at);
    if (next > end) throw new Error(`a batch ends at ${next}, behind ${end}`);
    if (codecs.crc32c(view, at + BATCH_FIELD.attributes, next) !== batchCrc(view, at)) {
      throw new Error('a batch has a wrong CRC');
    }
    batches.push({
      magic: magic(view, at),
      base: baseOffset(view, at),
      last: lastOffset(view, at),
      n: recordCount(view, at),
      codec: compression(view, at),
      txn: isTransactional(view, at),
      control: isControl(view, at),
      pid: producerId(view, at),
      epoch: producerEpoch(view, at),
      seq: baseSequence(view, at),
      leaderEpoch: partitionLeaderEpoch(view, at),
      attributes: attributes(view, at),
      maxTimestamp: maxTimestamp(view, at),
      records: recordsOf(view, at, next),
    });
  }
  return batches;
}

/** Both as they are, for a message that shows where two lists part. */
export function firstDifference(found: readonly unknown[], wanted: readonly unknown[]): unknown {
  for (let i = 0; i < Math.max(found.length, wanted.length); i++) {
    if (!isDeepStrictEqual(found[i], wanted[i])) {
      return { at: i, found: found[i], wanted: wanted[i] };
    }
  }
  return null;
}
