/** KoP's records of group state: each value is a whole set of Kafka's record batches. */
import type { Codecs } from '../../../native/index.js';
import {
  BATCH_FIELD,
  BATCH_HEADER_BYTES,
  batchCrc,
  batchSizeBytes,
  MAGIC_V2,
  magic,
} from '../../protocol/kafka/record-batch.js';
import { RecordBatchBuilder } from '../../protocol/kafka/record-batch-builder.js';
import type { OffsetsEntry } from './offsets-entry.js';

/** What a record takes beside its key and value: a batch, and the key once more before it. */
export const WRAPPED_OVERHEAD_BYTES = BATCH_HEADER_BYTES + 64;

/** Whether `view[start, end)` is whole batches. Their checksum leaves no doubt: a value of Kafka's own has none. */
export function isWrapped(codecs: Codecs, view: Uint8Array, start: number, end: number): boolean {
  if (end - start < BATCH_HEADER_BYTES || magic(view, start) !== MAGIC_V2) return false;
  let at = start;
  while (end - at >= BATCH_HEADER_BYTES) {
    const next = at + batchSizeBytes(view, at);
    if (next < at + BATCH_HEADER_BYTES || next > end) return false;
    if (codecs.crc32c(view, at + BATCH_FIELD.attributes, next) !== batchCrc(view, at)) return false;
    at = next;
  }
  return at === end;
}

/** The value of the record that KoP is to read: a batch with nothing but the entry in it. */
export function wrapped(codecs: Codecs, nowMs: number, { key, value }: OffsetsEntry): Uint8Array {
  const builder = new RecordBatchBuilder({
    crc32c: (view, start, end) => codecs.crc32c(view, start, end),
  });
  builder.append(nowMs, key, value);
  return builder.finish();
}
