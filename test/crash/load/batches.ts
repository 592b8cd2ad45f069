/** Batches of idempotent producers, packed with any codec, and the records that a fetch brought. */
import {
  attributes,
  BATCH_FIELD,
  BATCH_HEADER_BYTES,
  baseOffset,
  batchSizeBytes,
  compression,
  isControl,
  lastOffset,
  recordCount,
  setAttributes,
  setBatchCrc,
  setBatchLength,
} from '../../../engine/protocol/kafka/record-batch.js';
import {
  RecordBatchBuilder,
  type RecordBatchOptions,
} from '../../../engine/protocol/kafka/record-batch-builder.js';
import { RecordCursor } from '../../../engine/protocol/kafka/record-cursor.js';
import { loadCodecs } from '../../../native/index.js';

const codecs = loadCodecs();
const maxInflatedBytes = 2 ** 26;

export interface FoundRecord {
  readonly offset: number;
  readonly value: string;
}

/** One batch with a record for each value, packed with a codec of Kafka's. */
export function packBatch(
  values: readonly string[],
  options: RecordBatchOptions,
  codec: number,
): Uint8Array {
  const builder = new RecordBatchBuilder(options);
  for (const value of values) builder.append(Date.now(), null, Buffer.from(value));
  const plain = builder.finish();
  if (codec === 0) return plain;
  const packed = codecs.compress(codec, plain, BATCH_HEADER_BYTES, plain.length);
  const batch = Buffer.concat([plain.subarray(0, BATCH_HEADER_BYTES), packed]);
  setAttributes(batch, 0, attributes(batch, 0) | codec);
  setBatchLength(batch, 0, batch.length);
  setBatchCrc(batch, 0, codecs.crc32c(batch, BATCH_FIELD.attributes, batch.length));
  return batch;
}

/** All records in a record set, and the offset behind them. */
export function recordsIn(bytes: Uint8Array): { records: FoundRecord[]; nextOffset: number } {
  const records: FoundRecord[] = [];
  let nextOffset = -1;
  for (let at = 0; at < bytes.length; at += batchSizeBytes(bytes, at)) {
    const end = at + batchSizeBytes(bytes, at);
    const first = baseOffset(bytes, at);
    nextOffset = lastOffset(bytes, at) + 1;
    if (isControl(bytes, at)) continue;
    const codec = compression(bytes, at);
    const start = at + BATCH_HEADER_BYTES;
    const view = codec === 0 ? bytes : codecs.inflate(codec, bytes, start, end, maxInflatedBytes);
    const cursor = new RecordCursor();
    if (codec === 0) cursor.open(view, start, end, recordCount(bytes, at));
    else cursor.open(view, 0, view.length, recordCount(bytes, at));
    while (cursor.next()) {
      const value = Buffer.from(view.subarray(cursor.valueStart, cursor.valueEnd)).toString();
      records.push({ offset: first + cursor.offsetDelta, value });
    }
  }
  return { records, nextOffset };
}
