/**
 * `npm run bench:micro -- format`: what it costs to make an entry of a Kafka batch and a batch of an entry, in each
 * format, with the bytes of garbage a record.
 */
import { RecordBatchBuilder } from '../../engine/protocol/kafka/record-batch-builder.js';
import { Compression, loadCodecs } from '../../native/index.js';
import { sealBatch } from '../../workers/batch/header.js';
import { Entry } from '../../workers/format/entry.js';
import { EntryEncoder } from '../../workers/format/entry-encoder.js';
import { time } from './time.js';

const maxInflatedBytes = 1 << 24;
const nowMs = 1_760_000_000_000;
const codecs = loadCodecs();
const encoder = new EntryEncoder(codecs, maxInflatedBytes);
const entry = new Entry(codecs, maxInflatedBytes);

interface Shape {
  readonly records: number;
  readonly valueBytes: number;
  readonly headers: number;
}

/** In shared memory, as in a slab. */
function batchOf({ records, valueBytes, headers }: Shape, compression: number): Uint8Array {
  const builder = new RecordBatchBuilder({ producerId: 4001, producerEpoch: 0, baseSequence: 0 });
  const text = '{"user":4711,"amount":12.50,"currency":"EUR","note":"';
  for (let i = 0; i < records; i++) {
    const value = Buffer.from(text.repeat(1 + valueBytes / text.length)).subarray(0, valueBytes);
    const list = Array.from({ length: headers }, (_, at) => ({
      key: `header-${at}`,
      value: Buffer.from(`${i}`),
    }));
    builder.append(nowMs + i, Buffer.from(`key-${i}`), value, list);
  }
  const plain = builder.finish();
  const packed =
    compression === 0 ? plain.subarray(61) : codecs.compress(compression, plain, 61, plain.length);
  const batch = new Uint8Array(new SharedArrayBuffer(61 + packed.length));
  batch.set(plain.subarray(0, 61));
  batch.set(packed, 61);
  sealBatch(codecs, batch, compression);
  return batch;
}

function timeRecords(title: string, records: number, bytes: number, work: () => void): void {
  time(title, work, { units: records, bytes, note: `${garbageOf(work, records)} B of garbage` });
}

/** Bytes of the heap that a record takes, without what a call takes once. */
function garbageOf(work: () => void, records: number): string {
  const { gc } = globalThis;
  if (gc === undefined) return '?';
  const calls = Math.ceil(20_000 / records);
  gc();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < calls; i++) work();
  return ((process.memoryUsage().heapUsed - before) / calls / records).toFixed(1);
}

function measure(shape: Shape, format: 'kafka' | 'mixed_kafka' | 'pulsar', codec: string): void {
  const compression = Compression[codec as keyof typeof Compression];
  const batch = batchOf(shape, compression);
  const plainBytes = batchOf(shape, 0).length;
  const out = new Uint8Array(new SharedArrayBuffer(8 << 20));
  const stored = new Uint8Array(new SharedArrayBuffer(8 << 20));
  const run = [batch];
  const { records, valueBytes, headers } = shape;
  const end = encoder.encode(format, run, 0, 1, nowMs, stored, 0, stored.length);
  const what = `${format} ${codec} ${records}×${valueBytes} B, ${headers} headers`;
  timeRecords(`encode ${what}`, records, plainBytes, () =>
    encoder.encode(format, run, 0, 1, nowMs, out, 0, out.length),
  );
  timeRecords(`decode ${what}`, records, plainBytes, () => {
    entry.open(stored, 0, end);
    entry.write(out, 0, 1000, 1);
  });
}

const small = { records: 1000, valueBytes: 100, headers: 0 };
for (const format of ['kafka', 'mixed_kafka', 'pulsar'] as const) measure(small, format, 'none');
measure({ records: 1000, valueBytes: 100, headers: 3 }, 'pulsar', 'none');
measure({ records: 64, valueBytes: 1024, headers: 0 }, 'pulsar', 'none');
measure({ records: 16, valueBytes: 16_384, headers: 0 }, 'pulsar', 'none');
measure({ records: 1, valueBytes: 100, headers: 0 }, 'pulsar', 'none');
for (const codec of ['gzip', 'snappy', 'lz4', 'zstd']) {
  encoder.keepsCompression = true;
  measure(small, 'pulsar', codec);
}
