import type { Crc32c } from '../../engine/protocol/kafka/crc32c.js';
import {
  BATCH_HEADER_BYTES,
  baseTimestamp,
  batchCrc,
} from '../../engine/protocol/kafka/record-batch.js';
import { RecordBatchBuilder } from '../../engine/protocol/kafka/record-batch-builder.js';
import { sealBatch } from '../../workers/batch/header.js';
import { recordsOf } from '../../workers/log/embedded/batch-records.js';
import { codecs } from './world.js';

export interface SimRecord {
  readonly key: string;
  /** Null: a tombstone. */
  readonly value: string | null;
  readonly timestampMs: number;
}

/** One batch of a client, however often it is sent: no other has the same bytes. */
export class Content {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly records: readonly SimRecord[];
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly crc: number;
  /** As it comes back from an entry of Pulsar's, which keeps the records and not their compression. */
  readonly plainCrc: number;
  /** Where it stands, as an answer or a reader told; -1: nobody knows. */
  placedAt = -1;
  /** An answer left open whether it was written. */
  isInDoubt = false;
  /** Leader epochs of the openings that it was sent to. */
  readonly epochs = new Set<number>();
  /** Sent, and not answered. */
  inFlight = 0;
  wasAccepted = false;
  /** It was written, and a power cut took it: it may not come back by itself. */
  wasLost = false;

  constructor(id: number, records: readonly SimRecord[], compression: number, from: Sender) {
    this.id = id;
    this.records = records;
    this.producerId = from.producerId;
    this.producerEpoch = from.producerEpoch;
    this.baseSequence = from.baseSequence;
    const builder = new RecordBatchBuilder({ ...from, crc32c });
    for (const { timestampMs, key, value } of records) {
      builder.append(timestampMs, bytesOf(key), value === null ? null : bytesOf(value));
    }
    const plain = new Uint8Array(builder.finish());
    this.plainCrc = batchCrc(plain, 0);
    this.bytes = compressed(plain, compression);
    this.crc = batchCrc(this.bytes, 0);
  }

  get count(): number {
    return this.records.length;
  }

  get lastSequence(): number {
    return this.baseSequence + this.count - 1;
  }

  get lastOffset(): number {
    return this.placedAt + this.count - 1;
  }

  /** Whether the log may hold it by all that its clients were told. */
  get mayStand(): boolean {
    return this.wasAccepted || this.isInDoubt || this.inFlight > 0;
  }
}

/** Who a batch is from; all -1: nobody in particular. */
export interface Sender {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

export const nobody: Sender = { producerId: -1, producerEpoch: -1, baseSequence: -1 };

const crc32c: Crc32c = (bytes, start, end) => codecs.crc32c(bytes, start, end);

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

function compressed(plain: Uint8Array, compression: number): Uint8Array {
  if (compression === 0) return plain;
  const packed = codecs.compress(compression, plain, BATCH_HEADER_BYTES, plain.length);
  const batch = new Uint8Array(BATCH_HEADER_BYTES + packed.length);
  batch.set(plain.subarray(0, BATCH_HEADER_BYTES));
  batch.set(packed, BATCH_HEADER_BYTES);
  sealBatch(codecs, batch, compression);
  return batch;
}

/** Calls `visit` with each record of a batch. */
export function eachRecord(
  view: Uint8Array,
  start: number,
  end: number,
  visit: (offsetDelta: number, record: SimRecord) => void,
): void {
  const records = recordsOf(codecs, view, start, end);
  const text = (from: number, to: number) =>
    Buffer.from(records.view.buffer, records.view.byteOffset + from, to - from).toString('latin1');
  const firstMs = baseTimestamp(view, start);
  while (records.next()) {
    const { keyStart, keyEnd, valueStart, valueEnd, offsetDelta, timestampDelta } = records;
    visit(offsetDelta, {
      key: text(keyStart, keyEnd),
      value: valueStart === -1 ? null : text(valueStart, valueEnd),
      timestampMs: firstMs + timestampDelta,
    });
  }
}
