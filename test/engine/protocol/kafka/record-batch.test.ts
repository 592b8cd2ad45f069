import t from 'tap';
import { crc32c } from '../../../../engine/protocol/kafka/crc32c.js';
import { ProtocolError } from '../../../../engine/protocol/kafka/protocol-error.js';
import {
  attributes,
  BATCH_FIELD,
  baseOffset,
  baseSequence,
  batchCrc,
  batchSizeBytes,
  compression,
  hasDeleteHorizon,
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
  setAttributes,
  setBaseOffset,
  setMagic,
} from '../../../../engine/protocol/kafka/record-batch.js';
import {
  RecordBatchBuilder,
  type RecordBatchOptions,
} from '../../../../engine/protocol/kafka/record-batch-builder.js';
import { RecordCursor } from '../../../../engine/protocol/kafka/record-cursor.js';
import fc from '../../../fast-check.js';
import { readGolden } from './golden.js';
import { sharedCopy } from './sameness.js';

interface GoldenRecord {
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly { readonly key: string; readonly value: string | null }[];
}

interface GoldenBatch extends RecordBatchOptions {
  readonly title: string;
  readonly records: readonly GoldenRecord[];
  readonly hex: string;
}

function bytesOf(hex: string | null): Buffer | null {
  return hex === null ? null : Buffer.from(hex, 'hex');
}

function hexOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('hex');
}

function build(options: RecordBatchOptions, records: readonly GoldenRecord[]): Uint8Array {
  const builder = new RecordBatchBuilder(options);
  for (const { timestamp, key, value, headers } of records) {
    builder.append(
      timestamp,
      bytesOf(key),
      bytesOf(value),
      headers.map((header) => ({ key: header.key, value: bytesOf(header.value) })),
    );
  }
  return builder.finish();
}

/** What a cursor finds in the batch, as the builder's input had it. */
function walk(view: Uint8Array, baseTimestamp: number): GoldenRecord[] {
  const cursor = new RecordCursor().openBatch(view, 0);
  const slice = (start: number, end: number) => (end < 0 ? null : hexOf(view.subarray(start, end)));
  const records: GoldenRecord[] = [];
  while (cursor.next()) {
    t.equal(cursor.offsetDelta, records.length);
    records.push({
      timestamp: baseTimestamp + cursor.timestampDelta,
      key: slice(cursor.keyStart, cursor.keyEnd),
      value: slice(cursor.valueStart, cursor.valueEnd),
      headers: cursor.headers().map(({ key, value }) => ({ key, value: hexOf(value) })),
    });
  }
  return records;
}

for (const golden of readGolden<GoldenBatch>('batches.jsonl')) {
  t.test(`${golden.title}: as Kafka builds it`, async (t) => {
    const { records, hex } = golden;
    t.equal(hexOf(build(golden, records)), hex);
    const view = sharedCopy(Buffer.from(hex, 'hex'));
    t.same(walk(view, records[0]!.timestamp), records);
    t.equal(batchSizeBytes(view, 0), view.length);
    t.equal(magic(view, 0), 2);
    t.equal(batchCrc(view, 0), crc32c(view, BATCH_FIELD.attributes));
    t.equal(baseOffset(view, 0), golden.baseOffset);
    t.equal(lastOffset(view, 0), golden.baseOffset! + records.length - 1);
    t.equal(producerId(view, 0), golden.producerId);
    t.equal(producerEpoch(view, 0), golden.producerEpoch);
    t.equal(baseSequence(view, 0), golden.baseSequence);
    t.equal(partitionLeaderEpoch(view, 0), golden.partitionLeaderEpoch);
    t.equal(recordCount(view, 0), records.length);
    t.equal(maxTimestamp(view, 0), Math.max(...records.map(({ timestamp }) => timestamp)));
  });
}

const hexArbitrary = fc.uint8Array({ maxLength: 300 }).map((bytes) => hexOf(bytes)!);
const recordArbitrary: fc.Arbitrary<GoldenRecord> = fc.record({
  timestamp: fc.integer({ min: 0, max: 2 ** 45 }),
  key: fc.option(hexArbitrary),
  value: fc.option(hexArbitrary),
  headers: fc.array(
    fc.record({
      key: fc.string({ unit: 'grapheme', maxLength: 10 }),
      value: fc.option(hexArbitrary),
    }),
    { maxLength: 3 },
  ),
});

t.test('a cursor finds what the builder was given', async (t) => {
  fc.assert(
    fc.property(fc.array(recordArbitrary, { minLength: 1, maxLength: 20 }), (records) => {
      const found = walk(build({}, records), records[0]!.timestamp);
      return JSON.stringify(found) === JSON.stringify(records);
    }),
    { numRuns: 100, seed: 4 },
  );
  t.pass();
});

t.test('damaged records give ProtocolError or other records, and nothing else', async (t) => {
  const batch = build({}, [
    { timestamp: 5, key: 'aabb', value: 'cc'.repeat(70), headers: [{ key: 'h', value: null }] },
    { timestamp: 9, key: null, value: '', headers: [] },
  ]);
  let refused = 0;
  for (let at = BATCH_FIELD.recordCount; at < batch.length; at++) {
    for (const lie of [0x00, 0x01, 0x7f, 0x80, 0xff]) {
      const damaged = Uint8Array.from(batch);
      damaged[at] = lie;
      if (!isSound(damaged)) refused++;
    }
  }
  t.ok(refused > 50, `${refused} were refused`);
  for (let length = 0; length < batch.length; length++) {
    t.throws(() => new RecordCursor().openBatch(batch.subarray(0, length), 0), ProtocolError);
  }
});

function isSound(batch: Uint8Array): boolean {
  try {
    const cursor = new RecordCursor().openBatch(batch, 0);
    while (cursor.next());
    return true;
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}

t.test('header fields', async (t) => {
  const batch = build({ transactional: true, control: true, producerId: 5 }, []);
  t.equal(isTransactional(batch, 0), true);
  t.equal(isControl(batch, 0), true);
  setAttributes(batch, 0, 0b100_1100);
  t.equal(attributes(batch, 0), 0b100_1100);
  t.equal(compression(batch, 0), 4);
  t.equal(isLogAppendTime(batch, 0), true);
  t.equal(hasDeleteHorizon(batch, 0), true);
  t.equal(isTransactional(batch, 0), false);
  setBaseOffset(batch, 0, 2 ** 40 + 3);
  t.equal(baseOffset(batch, 0), 2 ** 40 + 3);
  setMagic(batch, 0, 1);
  t.equal(magic(batch, 0), 1);
});

t.test('crc32c of the check string of RFC 3720 and friends', async (t) => {
  t.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  t.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa);
  t.equal(crc32c(Buffer.alloc(32, 0xff)), 0x62a8ab43);
  t.equal(crc32c(Buffer.from('xx123456789xx'), 2, 11), 0xe3069283);
});
