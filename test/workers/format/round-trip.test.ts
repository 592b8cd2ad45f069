import assert from 'node:assert/strict';
import t from 'tap';
import { BATCH_ATTRIBUTE } from '../../../engine/protocol/kafka/record-batch.js';
import {
  EntryEncoder,
  type EntryFormat,
  messagesOf,
} from '../../../workers/format/entry-encoder.js';
import fc from '../../fast-check.js';
import { type BatchShape, batchShape, buildBatch, transactionalShape } from './arbitraries.js';
import { decodeEntry, maxInflatedBytes } from './decoding.js';
import { codecs, type ReadBatch, readBatches } from './read-records.js';

const nowMs = 1_760_000_000_000;
const out = new Uint8Array(new SharedArrayBuffer(1 << 20));

function batchesOf(shapes: readonly BatchShape[]): Uint8Array[] {
  let offset = 100;
  return shapes.map((shape) => {
    const batch = buildBatch(shape, offset);
    offset += shape.records.length;
    return batch;
  });
}

/** What a format keeps of a batch. */
function kept(batch: ReadBatch, format: EntryFormat): object {
  const { leaderEpoch: _, codec, attributes, ...rest } = batch;
  if (format !== 'pulsar') return { ...rest, codec, attributes };
  return { ...rest, attributes: attributes & ~BATCH_ATTRIBUTE.compression };
}

function checkRoundTrip(shapes: readonly BatchShape[], format: EntryFormat, keeps: boolean): void {
  const encoder = new EntryEncoder(codecs, maxInflatedBytes);
  encoder.keepsCompression = keeps;
  const batches = batchesOf(shapes);
  const end = encoder.encode(format, batches, 0, batches.length, nowMs, out, 5, out.length);
  const { entry, batches: found } = decodeEntry(out.subarray(5, end));
  const wanted = batches.flatMap((batch) => readBatches(batch));
  assert.deepEqual(
    found.map((batch) => kept(batch, format)),
    wanted.map((batch) => kept(batch, format)),
  );
  assert.equal(entry.offsets, messagesOf(batches, 0, batches.length));
  assert.equal(entry.kind, format === 'pulsar' ? 'pulsar' : 'kafka');
}

for (const format of ['kafka', 'mixed_kafka', 'pulsar'] as const) {
  t.test(`${format}: what is encoded decodes to the same`, async () => {
    fc.assert(
      fc.property(
        fc.array(batchShape, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        (shapes, keeps) => checkRoundTrip(shapes, format, keeps),
      ),
      { numRuns: 100 },
    );
  });

  t.test(`${format}: the same in a transaction`, async () => {
    fc.assert(
      fc.property(transactionalShape, fc.boolean(), (shape, keeps) =>
        checkRoundTrip([shape], format, keeps),
      ),
      { numRuns: 40 },
    );
  });
}
