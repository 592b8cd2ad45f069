import t from 'tap';
import { ErrorCode } from '../../../engine/protocol/kafka/errors.js';
import { RecordCursor } from '../../../engine/protocol/kafka/record-cursor.js';
import { BatchFault, batchCheckSlots, Compression } from '../../../native/codecs.js';
import type { CopySite } from '../../../workers/batch/rebuild.js';
import { Validator } from '../../../workers/batch/validator.js';
import { Verdict } from '../../../workers/batch/verdict.js';
import type { LogConfig } from '../../../workers/log/log.js';
import fc from '../../fast-check.js';
import {
  type BatchRecord,
  type BatchShape,
  buildBatch,
  codecs,
  defaultTimestamp,
} from './build-batch.js';
import { logConfig } from './log-config.js';

const maxInflatedBytes = 2 ** 17;

interface Outcome {
  verdict: Verdict;
  batch: Uint8Array;
  inPlace: boolean;
  copied: Partial<Record<CopySite, number>>;
}

function validate(
  bytes: Uint8Array,
  changes: Partial<LogConfig> = {},
  validateRecords: 'full' | 'headers' = 'full',
  nowMs = defaultTimestamp,
): Outcome {
  const copied: Outcome['copied'] = {};
  const validator = new Validator(
    codecs,
    { validateRecords, maxInflatedBytes },
    logConfig(changes),
    (site, sizeBytes) => {
      copied[site] = (copied[site] ?? 0) + sizeBytes;
    },
  );
  const slab = new Uint8Array(new SharedArrayBuffer(bytes.length + 100));
  slab.set(bytes, 50);
  const verdict = new Verdict();
  validator.validate(slab, 50, 50 + bytes.length, false, nowMs, verdict);
  const batch = verdict.view.slice(verdict.start, verdict.end);
  return { verdict, batch, inPlace: verdict.view === slab, copied };
}

/** Keys, timestamps and offset deltas as a consumer would read them. */
function readBack(batch: Uint8Array) {
  const header = Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength);
  const attributes = header.readInt16BE(21);
  const plain = Buffer.from(batch);
  const packed = attributes & 7;
  const records =
    packed === 0
      ? plain.subarray(61)
      : codecs.inflate(packed, plain, 61, plain.length, maxInflatedBytes);
  const base = Number(header.readBigInt64BE(27));
  const cursor = new RecordCursor().open(records, 0, records.length, header.readInt32BE(57));
  const found: { key: string | null; delta: number; timestamp: number }[] = [];
  while (cursor.next()) {
    const key =
      cursor.keyStart < 0
        ? null
        : Buffer.from(records.subarray(cursor.keyStart, cursor.keyEnd)).toString();
    found.push({ key, delta: cursor.offsetDelta, timestamp: base + cursor.timestampDelta });
  }
  return found;
}

function isSound(batch: Uint8Array): boolean {
  const facts = new Float64Array(batchCheckSlots);
  return codecs.checkBatch(batch, 0, batch.length, 0, maxInflatedBytes, facts) === BatchFault.none;
}

const records: BatchRecord[] = ['a', 'b', 'c', 'd'].map((key, index) => ({
  key,
  value: 'value '.repeat(20),
  timestamp: defaultTimestamp + [5, 30, 10, 30][index]!,
}));

t.test('a sound batch is left alone, and where it is', async (t) => {
  for (const compression of [0, 1, 2, 3, 4]) {
    const bytes = buildBatch({ records, compression });
    const { verdict, batch, inPlace, copied } = validate(bytes);
    t.equal(verdict.errorCode, 0);
    t.ok(inPlace);
    t.same(copied, {}, 'no payload is copied');
    t.same(batch, bytes);
    t.match(verdict, {
      recordCount: 4,
      lastOffsetDelta: 3,
      maxTimestamp: defaultTimestamp + 30,
      appendTimeMs: -1,
      producerId: -1,
    });
  }
});

t.test('any topic compression is made of any other', async (t) => {
  const names = ['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
  const expected = readBack(buildBatch({ records }));
  for (const [target, compressionType] of names.entries()) {
    for (const compression of Object.values(Compression)) {
      const { verdict, batch, inPlace, copied } = validate(buildBatch({ records, compression }), {
        compressionType,
      });
      const what = `${compression} to ${compressionType}`;
      t.equal(verdict.errorCode, 0, what);
      t.equal(batch[22]! & 7, target);
      t.ok(isSound(batch), 'its CRC and length are right');
      t.same(readBack(batch), expected);
      t.equal(inPlace, compression === target, 'bytes are made only where that is needed');
      t.equal((copied.recompress ?? 0) > 0, compression !== target);
    }
  }
});

t.test('the level of compression is the topic’s, as Kafka names it', async (t) => {
  const value = Array.from({ length: 3000 }, (_, index) => `${index * 7919}`).join();
  const bytes = buildBatch({ records: [{ key: 'k', value, timestamp: defaultTimestamp }] });
  const sizeAt = (compressionType: 'gzip' | 'zstd', compressionLevel: number | null) => {
    const { verdict, batch } = validate(bytes, { compressionType, compressionLevel });
    t.equal(verdict.errorCode, 0);
    t.ok(isSound(batch));
    return batch.length;
  };
  t.equal(sizeAt('gzip', -1), sizeAt('gzip', null), '-1 is the default');
  t.ok(sizeAt('gzip', 9) < sizeAt('gzip', 1));
  t.ok(sizeAt('zstd', 9) < sizeAt('zstd', 1));
});

t.test('LogAppendTime is stamped over any compression without reading a record', async (t) => {
  const now = defaultTimestamp + 77_777;
  for (const compression of [0, 1, 2, 3, 4]) {
    const bytes = buildBatch({ records, compression });
    const { verdict, batch, inPlace } = validate(
      bytes,
      { timestampType: 'LogAppendTime' },
      'full',
      now,
    );
    t.match(verdict, { errorCode: 0, appendTimeMs: now, maxTimestamp: now });
    t.ok(inPlace);
    t.ok(isSound(batch), 'the combined CRC is the real one');
    const header = Buffer.from(batch);
    t.equal(header.readInt16BE(21), 8 | compression);
    t.equal(Number(header.readBigInt64BE(35)), now);
  }
});

t.test('the CRC survives any change of the timestamp fields', async (t) => {
  const property = fc.property(
    fc.integer({ min: -1, max: 2 ** 48 }),
    fc.integer({ min: 0, max: 300 }),
    (maxTimestamp, sizeBytes) => {
      const bytes = buildBatch({ records: [{ value: 'x'.repeat(sizeBytes) }], maxTimestamp });
      const { verdict, batch } = validate(bytes);
      return verdict.errorCode === 0 && isSound(batch);
    },
  );
  t.doesNotThrow(() => fc.assert(property, { numRuns: 200 }));
});

t.test('wrongly numbered records are numbered anew', async (t) => {
  const many = Array.from({ length: 200 }, (_, index) => ({ key: `${index}`, delta: 0 }));
  for (const compression of [0, 3]) {
    const { verdict, batch, copied } = validate(buildBatch({ records: many, compression }));
    t.equal(verdict.errorCode, 0);
    t.ok(isSound(batch));
    t.same(
      readBack(batch).map(({ key, delta }) => [key, delta]),
      many.map(({ key }, index) => [key, index]),
    );
    t.ok((copied.renumber ?? 0) > 0);
  }
});

t.test('validateRecords=headers looks at no record', async (t) => {
  const bytes = Buffer.from(buildBatch({ records }));
  bytes[70] = bytes[70]! ^ 0xff;
  const lying = (at: number, value: number) => {
    bytes[at] = value;
    bytes.writeUInt32BE(codecs.crc32c(bytes, 21, bytes.length), 17);
  };
  lying(61, 3);
  t.equal(validate(bytes).verdict.errorCode, ErrorCode.INVALID_RECORD);
  const { verdict } = validate(bytes, {}, 'headers');
  t.match(verdict, { errorCode: 0, maxTimestamp: defaultTimestamp + 30 });
  const keyless = buildBatch({ records: [{ key: null }] });
  t.equal(validate(keyless, {}, 'headers').verdict.errorCode, 0);
  const compacted = validate(keyless, { cleanupCompact: true }, 'headers');
  t.equal(compacted.verdict.errorCode, ErrorCode.INVALID_RECORD, 'compaction needs keys');
  lying(16, 2);
  bytes[80] = bytes[80]! ^ 1;
  t.equal(validate(bytes, {}, 'headers').verdict.errorCode, ErrorCode.CORRUPT_MESSAGE);
});

t.test('what inflates beyond the bound is refused', async (t) => {
  const huge = [{ key: 'k', value: ' '.repeat(maxInflatedBytes) }];
  for (const compression of [1, 2, 3, 4]) {
    const { verdict } = validate(buildBatch({ records: huge, compression }));
    t.equal(verdict.errorCode, ErrorCode.MESSAGE_TOO_LARGE);
  }
});

t.test('producer ids and timestamps beyond 2^53 are never rounded', async (t) => {
  const nanoseconds = Buffer.from(buildBatch({ records: [{ key: 'k' }] }));
  nanoseconds.writeBigInt64BE(1_700_000_000_000_000_001n, 27);
  nanoseconds.writeBigInt64BE(1_700_000_000_000_000_001n, 35);
  nanoseconds.writeUInt32BE(codecs.crc32c(nanoseconds, 21, nanoseconds.length), 17);
  t.equal(validate(nanoseconds).verdict.errorCode, ErrorCode.INVALID_TIMESTAMP);
  const { verdict, batch } = validate(nanoseconds, { timestampAfterMaxMs: 2 ** 63 });
  t.equal(verdict.errorCode, 0);
  t.same(batch, nanoseconds, 'passed through as the bytes have it');
  const producer = Buffer.from(buildBatch({ producerEpoch: 0, baseSequence: 0 }));
  producer.writeBigInt64BE(2n ** 60n, 43);
  producer.writeUInt32BE(codecs.crc32c(producer, 21, producer.length), 17);
  t.equal(validate(producer).verdict.errorCode, ErrorCode.INVALID_RECORD);
});

t.test('whatever the bytes, there is an answer and nothing around them is touched', async (t) => {
  const shapes: BatchShape[] = [
    { records },
    { records, compression: 1 },
    { records, compression: 3 },
  ];
  const property = fc.property(
    fc.constantFrom(...shapes),
    fc.array(fc.record({ at: fc.nat(), value: fc.nat(255) }), { minLength: 1, maxLength: 4 }),
    fc.boolean(),
    fc.nat(),
    (shape, damages, reseal, cut) => {
      const whole = Buffer.from(buildBatch(shape));
      for (const { at, value } of damages) whole[at % whole.length] = value;
      if (reseal) whole.writeUInt32BE(codecs.crc32c(whole, 21, whole.length), 17);
      const bytes = cut % 3 === 0 ? whole.subarray(0, cut % whole.length) : whole;
      const { verdict, batch } = validate(bytes, { cleanupCompact: true, timestampBeforeMaxMs: 1 });
      const known = Object.values(ErrorCode) as number[];
      return known.includes(verdict.errorCode) && (verdict.errorCode !== 0 || isSound(batch));
    },
  );
  t.doesNotThrow(() => fc.assert(property, { numRuns: 1000 }));
});
