import {
  BATCH_HEADER_BYTES,
  baseOffset,
  batchSizeBytes,
  lastOffset,
  maxTimestamp,
} from '../../../engine/protocol/kafka/record-batch.js';
import { RecordBatchBuilder } from '../../../engine/protocol/kafka/record-batch-builder.js';
import { loadCodecs } from '../../../native/index.js';
import { sealBatch } from '../../../workers/batch/header.js';
import type { AppendRun, ReadResult, ReplyMemory } from '../../../workers/log/log.js';

export const codecs = loadCodecs();

export interface TestRecord {
  timestamp?: number;
  key?: string | null;
  value?: string | null;
}

export interface BatchSpec {
  epoch?: number;
  producerId?: number;
  producerEpoch?: number;
  baseSequence?: number;
  control?: boolean;
  transactional?: boolean;
  compression?: number;
}

/** One record batch at an offset, as a partition would hand it to its log. */
export function batchAt(offset: number, records: TestRecord[], spec: BatchSpec = {}): Uint8Array {
  const builder = new RecordBatchBuilder({
    baseOffset: offset,
    partitionLeaderEpoch: spec.epoch ?? 0,
    producerId: spec.producerId ?? -1,
    producerEpoch: spec.producerEpoch ?? -1,
    baseSequence: spec.baseSequence ?? -1,
    control: spec.control ?? false,
    transactional: spec.transactional ?? false,
  });
  for (const { timestamp = 1_000 + offset, key = null, value = null } of records) {
    builder.append(timestamp, bytesOf(key), bytesOf(value));
  }
  const plain = new Uint8Array(builder.finish());
  if (!spec.compression) return plain;
  const packed = codecs.compress(spec.compression, plain, BATCH_HEADER_BYTES, plain.length);
  const batch = new Uint8Array(BATCH_HEADER_BYTES + packed.length);
  batch.set(plain.subarray(0, BATCH_HEADER_BYTES));
  batch.set(packed, BATCH_HEADER_BYTES);
  sealBatch(codecs, batch, spec.compression);
  return batch;
}

/** Records with values of a length that tells them apart. */
export function recordsOf(count: number, valueBytes = 20): TestRecord[] {
  return Array.from({ length: count }, (_, i) => ({ key: `k${i}`, value: 'v'.repeat(valueBytes) }));
}

export function runOf(...batches: Uint8Array[]): AppendRun {
  return {
    batches,
    baseOffsets: batches.map((batch) => baseOffset(batch, 0)),
    lastOffsets: batches.map((batch) => lastOffset(batch, 0)),
    maxTimestamps: batches.map((batch) => maxTimestamp(batch, 0)),
    sizeBytes: batches.reduce((sum, batch) => sum + batch.length, 0),
  };
}

/** Reply memory of one range after another, which checks that each is released once. */
export class TestMemory implements ReplyMemory {
  readonly view: Uint8Array;
  readonly lent = new Set<number>();
  #next = 0;

  constructor(sizeBytes = 2 ** 20) {
    this.view = new Uint8Array(new SharedArrayBuffer(sizeBytes));
  }

  allocate(sizeBytes: number): number {
    if (this.#next + sizeBytes > this.view.length) return -1;
    const start = this.#next;
    this.#next += sizeBytes;
    this.lent.add(start);
    return start;
  }

  release(start: number): void {
    if (!this.lent.delete(start)) throw new Error(`${start} is not lent`);
    if (this.lent.size === 0) this.#next = 0;
  }
}

export function newResult(): ReadResult {
  return { start: -1, sizeBytes: 0, starved: false, awaited: false };
}

/** The batches that lie back to back in bytes. */
export function splitBatches(bytes: Uint8Array): Uint8Array[] {
  const batches: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + batchSizeBytes(bytes, at);
    if (end > bytes.length) throw new Error(`a batch at ${at} is cut off`);
    batches.push(bytes.slice(at, end));
    at = end;
  }
  return batches;
}

function bytesOf(text: string | null): Uint8Array | null {
  return text === null ? null : new TextEncoder().encode(text);
}
