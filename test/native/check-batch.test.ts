import t from 'tap';
import {
  BatchCheck,
  BatchCheckFlags,
  BatchFault,
  batchCheckSlots,
  type Codecs,
  Compression,
} from '../../native/index.js';
import fc from '../fast-check.js';
import {
  available,
  encodeBatch,
  encodeRecord,
  golden,
  type SampleBatch,
  type SampleRecord,
  sealBatch,
  sharedRange,
  varint,
} from './samples.js';

const out = new Float64Array(batchCheckSlots);
const limitBytes = 1 << 20;

/** The name of the fault; the slots are in `out`. */
function check(codecs: Codecs, batch: Uint8Array, flags = 0, limit = limitBytes): string {
  const { view, start, end } = sharedRange(batch);
  const fault = codecs.checkBatch(view, start, end, flags, limit, out);
  const named = Object.entries(BatchFault).find(([, value]) => value === fault);
  return named?.[0] ?? `unknown fault ${fault}`;
}

const slots = (): Record<string, number> =>
  Object.fromEntries(Object.entries(BatchCheck).map(([name, slot]) => [name, out[slot]!]));

for (const codecs of available) {
  const batchOf = (records: SampleRecord[], fields: SampleBatch = {}): Buffer =>
    encodeBatch(Buffer.concat(records.map(encodeRecord)), records.length, codecs, fields);
  const raw = (count: number, ...bytes: number[]): Buffer =>
    encodeBatch(Uint8Array.from(bytes), count, codecs);

  t.test(`${codecs.name}: accepts what clients send`, async (t) => {
    for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
      t.equal(check(codecs, golden(`java-${compression}.batch`)), 'none');
      t.match(slots(), {
        recordIndex: -1,
        maxTimestamp: 1_700_001_000_000,
        offsetOfMaxTimestamp: 20,
        minTimestamp: 1_700_000_000_000,
        indexOfMinTimestamp: 0,
        recordCount: 40,
      });
      t.equal(check(codecs, golden(`librdkafka-${compression}.batch`)), 'none');
    }
  });

  t.test(`${codecs.name}: the bound of the decompressed records`, async (t) => {
    for (const compression of ['gzip', 'snappy', 'lz4', 'zstd']) {
      const batch = golden(`java-${compression}.batch`);
      check(codecs, batch);
      const bytes = out[BatchCheck.inflatedBytes]!;
      t.ok(bytes > 64 * 1024, 'several blocks');
      t.equal(check(codecs, batch, 0, bytes), 'none');
      t.equal(check(codecs, batch, 0, bytes - 1), 'inflatesTooLarge');
      t.equal(check(codecs, batch, 0, 0), 'inflatesTooLarge');
    }
  });

  t.test(`${codecs.name}: the batch's length`, async (t) => {
    const batch = batchOf([{}, {}]);
    for (let length = 0; length < batch.length; length++) {
      t.equal(check(codecs, batch.subarray(0, length)), 'truncated');
    }
    t.equal(check(codecs, Buffer.concat([batch, Buffer.of(0)])), 'badLength', 'a byte behind it');
    const short = Buffer.from(batch);
    short.writeInt32BE(48, 8);
    t.equal(check(codecs, short), 'badLength', 'less than a header');
    short.writeInt32BE(-1, 8);
    t.equal(check(codecs, short), 'badLength', 'negative');
  });

  t.test(`${codecs.name}: the header`, async (t) => {
    const batch = batchOf([{}, {}]);
    const changed = (at: number, byte: number): Buffer => {
      const copy = Buffer.from(batch);
      copy[at] = byte;
      return copy;
    };
    t.equal(check(codecs, changed(16, 1)), 'badMagic');
    t.equal(check(codecs, changed(7, 1)), 'badBaseOffset');
    t.equal(check(codecs, changed(7, 1), BatchCheckFlags.stored), 'none', 'of a log: any offset');
    t.equal(check(codecs, changed(15, 9)), 'none', 'the leader epoch is outside the CRC');
    for (let at = 17; at < batch.length; at++) {
      t.equal(check(codecs, changed(at, batch[at]! ^ 0x10)), 'badCrc');
    }
    t.equal(check(codecs, batchOf([{}], { attributes: 5 })), 'badAttributes');
    t.equal(check(codecs, batchOf([{}], { attributes: 0x20 })), 'controlBatch');
    t.equal(check(codecs, batchOf([{}], { producerId: 0n })), 'badSequence');
    t.equal(check(codecs, batchOf([{}], { producerId: 0n, baseSequence: 0 })), 'none');
    t.equal(check(codecs, batchOf([{}], { count: 0 })), 'badCount');
    t.equal(check(codecs, batchOf([{}], { count: -1 })), 'badCount');
    t.equal(check(codecs, batchOf([{}], { lastOffsetDelta: 1 })), 'badCount');
    const most = { count: 0x7fffffff, lastOffsetDelta: 0x7ffffffe };
    t.equal(check(codecs, batchOf([{}], most)), 'badRecord', 'a count without its records');
    t.equal(out[BatchCheck.recordIndex], 1);
  });

  t.test(`${codecs.name}: headers only`, async (t) => {
    const { headersOnly } = BatchCheckFlags;
    const nonsense = raw(3, 0xff, 0xff, 0xff);
    t.equal(check(codecs, nonsense, headersOnly), 'none');
    t.match(slots(), { recordCount: 3, maxTimestamp: 1_700_000_000_002, inflatedBytes: 0 });
    t.equal(check(codecs, nonsense), 'badRecord');
    nonsense[70] = 1;
    t.equal(check(codecs, Buffer.concat([nonsense, Buffer.of(1)]), headersOnly), 'badLength');
  });

  t.test(`${codecs.name}: records`, async (t) => {
    // length, attributes, timestamp, offset, null key, null value, headers
    t.equal(check(codecs, raw(1, 12, 0, 0, 0, 1, 1, 0)), 'none', 'the least record');
    t.equal(check(codecs, raw(1, 12, 0, 0, 0, 9, 5, 0)), 'none', 'any negative length is null');
    t.equal(check(codecs, raw(1, 0)), 'badRecord', 'an empty record');
    t.equal(check(codecs, raw(1, 13, 0, 0, 0, 1, 1, 0)), 'badRecord', 'a negative length');
    t.equal(check(codecs, raw(1, 14, 0, 0, 0, 1, 1, 0)), 'badRecord', 'longer than the batch');
    t.equal(check(codecs, raw(1, 10, 0, 0, 0, 1, 1, 0)), 'badRecord', 'too short for its fields');
    t.equal(check(codecs, raw(1, 14, 0, 0, 0, 1, 1, 0, 0)), 'badRecord', 'a byte too many');
    t.equal(check(codecs, raw(1, 12, 0, 0, 0, 8, 1, 0)), 'badRecord', 'a key past the end');
    t.equal(check(codecs, raw(1, 12, 0, 0, 0, 1, 8, 0)), 'badRecord', 'a value past the end');
    t.equal(check(codecs, raw(1, 12, 0, 0, 0, 1, 1, 1)), 'badHeaders', 'a negative count');
    t.equal(check(codecs, raw(1, 12, 0, 0, 0, 1, 1, 2)), 'badHeaders', 'a header past the end');
    t.equal(check(codecs, raw(1, 16, 0, 0, 0, 1, 1, 2, 1, 0)), 'badHeaders', 'a null header key');
    t.equal(check(codecs, raw(1, 16, 0, 0, 0, 1, 1, 2, 0, 1)), 'none', 'a null header value');
    t.equal(check(codecs, raw(1, 12, 0, 0, 0, 1, 1, 0, 12)), 'trailingBytes');
    t.equal(out[BatchCheck.recordIndex], -1);
    const long = [0x80, 0x80, 0x80, 0x80, 0x80, 0];
    t.equal(check(codecs, raw(1, ...long, 0, 0, 0, 1, 1, 0)), 'badRecord', 'a varint of 6 bytes');
    t.equal(check(codecs, raw(1, 20, 0, 0x80, 0x80, 0x80, 0x80, 0, 0, 1, 1, 0)), 'none');
  });

  t.test(`${codecs.name}: keys and offsets`, async (t) => {
    const records = [{}, { key: '' }, { key: null }, { offsetDelta: 4 }, { offsetDelta: 4 }];
    const batch = batchOf(records);
    t.equal(check(codecs, batch, BatchCheckFlags.requireKeys), 'keyMissing');
    t.equal(out[BatchCheck.recordIndex], 2);
    t.equal(check(codecs, batch), 'badOffsetDelta', 'if nothing else is wrong');
    t.equal(out[BatchCheck.recordIndex], 3);

    const { stored } = BatchCheckFlags;
    const holes = [{ offsetDelta: 2 }, { offsetDelta: 7 }];
    const compacted = { baseOffset: 900, lastOffsetDelta: 9, attributes: 0x20 };
    t.equal(check(codecs, batchOf(holes, compacted), stored), 'none');
    t.equal(check(codecs, batchOf([], { lastOffsetDelta: 9 }), stored), 'none', 'no record left');
    const past = { ...compacted, lastOffsetDelta: 6 };
    t.equal(check(codecs, batchOf(holes, past), stored), 'badOffsetDelta');
    t.equal(check(codecs, batchOf([{}, { offsetDelta: 0 }]), stored), 'badOffsetDelta', 'twice');
  });

  t.test(`${codecs.name}: timestamps`, async (t) => {
    const deltas = [5, -3, 9, 9, -3];
    const records = deltas.map((timestampDelta) => ({ timestampDelta }));
    check(codecs, batchOf(records, { baseTimestamp: 100n }));
    const found = { maxTimestamp: 109, offsetOfMaxTimestamp: 2 };
    t.match(slots(), { ...found, minTimestamp: 97, indexOfMinTimestamp: 1 });
    check(codecs, batchOf(records, { attributes: 0x08, maxTimestamp: 42n }));
    t.match(slots(), { maxTimestamp: 42, offsetOfMaxTimestamp: 0, minTimestamp: 42 });
    check(codecs, batchOf([{ timestampDelta: 0 }], { baseTimestamp: -1n }));
    t.match(slots(), { maxTimestamp: -1, offsetOfMaxTimestamp: -1, indexOfMinTimestamp: -1 });

    const huge = 2n ** 63n - 1n;
    check(codecs, batchOf([{ timestampDelta: 0 }], { baseTimestamp: huge }));
    t.match(slots(), { maxTimestamp: 2 ** 53, minTimestamp: 2 ** 53 });
    check(codecs, batchOf([{ timestampDelta: 1 }], { baseTimestamp: huge }));
    t.match(slots(), { maxTimestamp: -1, minTimestamp: -(2 ** 53) }, 'it wraps, as in Java');
    const body = [0, ...varint(-(2n ** 62n)), 0, 1, 1, 0];
    const wide = encodeBatch(Uint8Array.from([body.length * 2, ...body]), 1, codecs, {
      baseTimestamp: 2n ** 62n + 1234567890123n,
    });
    t.equal(check(codecs, wide), 'none');
    t.equal(out[BatchCheck.maxTimestamp], 1234567890123, 'exact beyond 53 bits in between');
  });

  t.test(`${codecs.name}: compressed records that straddle blocks`, async (t) => {
    const { lz4, snappy, zstd, gzip } = Compression;
    fc.assert(
      fc.property(
        fc.array(fc.nat(90_000), { minLength: 1, maxLength: 6 }),
        fc.constantFrom(lz4, snappy, zstd, gzip),
        fc.nat(200),
        (lengths, attributes, noise) => {
          const records = Buffer.concat(
            lengths.map((length, i) => {
              // Header lengths of two bytes, so that a varint may lie across a block's end.
              const headers: [string, string | null][] = [['h'.repeat(noise), 'v'.repeat(noise)]];
              return encodeRecord({ value: Buffer.alloc(length, i + noise), headers }, i);
            }),
          );
          const packed = codecs.compress(attributes, records, 0, records.length);
          const batch = encodeBatch(packed, lengths.length, codecs, { attributes });
          const cut = codecs.compress(attributes, records, 0, records.length - 1);
          const more = codecs.compress(
            attributes,
            Buffer.concat([records, Buffer.of(2)]),
            0,
            records.length + 1,
          );
          return (
            check(codecs, batch) === 'none' &&
            out[BatchCheck.inflatedBytes] === records.length &&
            out[BatchCheck.recordCount] === lengths.length &&
            check(codecs, encodeBatch(cut, lengths.length, codecs, { attributes })) ===
              'badRecord' &&
            check(codecs, encodeBatch(more, lengths.length, codecs, { attributes })) ===
              'trailingBytes'
          );
        },
      ),
      { numRuns: 40 },
    );
    t.pass();
  });

  t.test(`${codecs.name}: corrupt compression`, async (t) => {
    for (const [attributes, compression] of [
      [1, 'gzip'],
      [2, 'snappy'],
      [3, 'lz4'],
      [4, 'zstd'],
    ] as const) {
      const batch = Buffer.from(golden(`java-${compression}.batch`));
      const cut = batch.subarray(0, batch.length - 9);
      cut.writeInt32BE(cut.length - 12, 8);
      t.equal(check(codecs, sealBatch(cut, codecs)), 'corruptCompression', compression);
      const plain = encodeBatch(Buffer.from('no such frame'), 1, codecs, { attributes });
      t.equal(check(codecs, plain), 'corruptCompression', compression);
    }
  });

  t.test(`${codecs.name}: never throws for bad bytes`, async (t) => {
    const samples = ['none', 'gzip', 'snappy', 'lz4', 'zstd'].map((name) =>
      golden(`librdkafka-${name}.batch`),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
        (sample, changes) => {
          const batch = Buffer.from(sample);
          for (const [at, byte] of changes) batch[21 + (at % (batch.length - 21))] = byte;
          check(codecs, sealBatch(batch, codecs));
        },
      ),
      { numRuns: 500 },
    );
    t.throws(
      () => codecs.checkBatch(new Uint8Array(9), 0, 10, 0, 9, out),
      RangeError,
      'only for a bad range',
    );
  });
}
