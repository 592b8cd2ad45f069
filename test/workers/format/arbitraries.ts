/** Batches as producers send them, with everything that a format has to keep. */

import {
  attributes,
  BATCH_ATTRIBUTE,
  BATCH_HEADER_BYTES,
  setAttributes,
  setBaseOffset,
  setMaxTimestamp,
} from '../../../engine/protocol/kafka/record-batch.js';
import { RecordBatchBuilder } from '../../../engine/protocol/kafka/record-batch-builder.js';
import { sealBatch } from '../../../workers/batch/header.js';
import fc from '../../fast-check.js';
import { codecs } from './read-records.js';

interface RecordShape {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly timestamp: number;
  readonly headers: readonly { readonly key: string; readonly value: Uint8Array | null }[];
}

export interface BatchShape {
  readonly records: readonly RecordShape[];
  readonly producer: {
    readonly id: number;
    readonly epoch: number;
    readonly sequence: number;
  } | null;
  readonly transactional: boolean;
  readonly appendTime: boolean;
  readonly compression: number;
}

const bytes = fc.oneof(
  { weight: 4, arbitrary: fc.uint8Array({ maxLength: 20 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text)) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 100, max: 3000 }).map((size) => Buffer.alloc(size, 97)),
  },
);
const bytesOrNull = fc.option(bytes, { freq: 4 });
const header = fc.record({
  key: fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant('kopje.headers')),
  value: bytesOrNull,
});
const timestamp = fc.oneof(
  fc.constantFrom(-1, 0, 1),
  fc.integer({ min: 0, max: 2 ** 50 }),
  fc.integer({ min: 1_700_000_000_000, max: 1_700_000_001_000 }),
);
const record = fc.record({
  key: bytesOrNull,
  value: bytesOrNull,
  timestamp,
  headers: fc.array(header, { maxLength: 4 }),
});
const producer = fc.record({
  id: fc.oneof(fc.nat(), fc.constant(2 ** 53 - 1)),
  epoch: fc.nat(0x7fff),
  sequence: fc.oneof(fc.nat(100), fc.constant(0x7fff_fffe)),
});

export const batchShape: fc.Arbitrary<BatchShape> = fc.record({
  records: fc.array(record, { minLength: 1, maxLength: 12 }),
  producer: fc.option(producer, { freq: 1 }),
  transactional: fc.constant(false),
  appendTime: fc.boolean(),
  compression: fc.nat(4),
});

export const transactionalShape: fc.Arbitrary<BatchShape> = fc.record({
  records: fc.array(record, { minLength: 1, maxLength: 5 }),
  producer,
  transactional: fc.constant(true),
  appendTime: fc.boolean(),
  compression: fc.nat(4),
});

/** The batch, validated and numbered as the partition hands it on. */
export function buildBatch(shape: BatchShape, baseOffset: number): Uint8Array {
  const { producer: from } = shape;
  const builder = new RecordBatchBuilder({
    transactional: shape.transactional,
    ...(from === null
      ? {}
      : { producerId: from.id, producerEpoch: from.epoch, baseSequence: from.sequence }),
  });
  for (const { timestamp: time, key, value, headers } of shape.records) {
    builder.append(time, key, value, headers);
  }
  const plain = builder.finish();
  const packed =
    shape.compression === 0
      ? plain.subarray(BATCH_HEADER_BYTES)
      : codecs.compress(shape.compression, plain, BATCH_HEADER_BYTES, plain.length);
  const batch = new Uint8Array(BATCH_HEADER_BYTES + packed.length);
  batch.set(plain.subarray(0, BATCH_HEADER_BYTES));
  batch.set(packed, BATCH_HEADER_BYTES);
  setBaseOffset(batch, 0, baseOffset);
  if (shape.appendTime) {
    setAttributes(batch, 0, attributes(batch, 0) | BATCH_ATTRIBUTE.logAppendTime);
    setMaxTimestamp(batch, 0, 1_750_000_000_000);
  }
  sealBatch(codecs, batch, shape.compression);
  return batch;
}
