import {
  BATCH_HEADER_BYTES,
  baseOffset,
  baseTimestamp,
  batchSizeBytes,
  compression,
  isControl,
  isLogAppendTime,
  isTransactional,
  maxTimestamp,
  recordCount,
} from '../../engine/protocol/kafka/record-batch.js';
import { RecordCursor } from '../../engine/protocol/kafka/record-cursor.js';
import type { Codecs } from '../../native/codecs.js';

/** A record as a Kafka client wrote it; its bytes are its own. */
export interface KafkaRecord {
  /** `persistent://…`, the partition's. */
  readonly topic: string;
  /** Null where the message does not say it. */
  readonly offset: number | null;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly { readonly key: string; readonly value: Buffer | null }[];
  /** Ms, -1 for none. */
  readonly timestamp: number;
  /** Of a Kafka transaction, which may be aborted. */
  readonly isTransactional: boolean;
  /** `LEDGER:ENTRY` of the entry that holds it; of a message of Pulsar's client, what that calls it. */
  readonly messageId: string;
}

/** Where records come from. */
export interface RecordOrigin {
  readonly topic: string;
  readonly messageId: string;
  readonly hasOffsets: boolean;
}

const uncompressed = 0;

/** The records of checked batches v2 in `view[start, end)`, without control records. */
export function* recordsIn(
  codecs: Codecs,
  maxInflatedBytes: number,
  view: Uint8Array,
  start: number,
  end: number,
  origin: RecordOrigin,
): Generator<KafkaRecord> {
  for (let at = start; at < end; at += batchSizeBytes(view, at)) {
    if (isControl(view, at)) continue;
    const from = at + BATCH_HEADER_BYTES;
    const to = at + batchSizeBytes(view, at);
    const packed = compression(view, at);
    const plain =
      packed === uncompressed
        ? view.subarray(from, to)
        : codecs.inflate(packed, view, from, to, maxInflatedBytes);
    yield* recordsOf(view, at, plain, origin);
  }
}

function* recordsOf(
  view: Uint8Array,
  at: number,
  plain: Uint8Array,
  { topic, messageId, hasOffsets }: RecordOrigin,
): Generator<KafkaRecord> {
  const cursor = new RecordCursor().open(plain, 0, plain.length, recordCount(view, at));
  const base = baseTimestamp(view, at);
  const appendTime = isLogAppendTime(view, at) ? maxTimestamp(view, at) : null;
  while (cursor.next()) {
    yield {
      topic,
      offset: hasOffsets ? baseOffset(view, at) + cursor.offsetDelta : null,
      key: copyOf(plain, cursor.keyStart, cursor.keyEnd),
      value: copyOf(plain, cursor.valueStart, cursor.valueEnd),
      headers: cursor
        .headers()
        .map(({ key, value }) => ({ key, value: value && Buffer.from(value) })),
      timestamp: appendTime ?? base + cursor.timestampDelta,
      isTransactional: isTransactional(view, at),
      messageId,
    };
  }
}

function copyOf(view: Uint8Array, start: number, end: number): Buffer | null {
  return start < 0 ? null : Buffer.from(view.subarray(start, end));
}
