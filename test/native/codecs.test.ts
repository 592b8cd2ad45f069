import t from 'tap';
import { CodecError, Compression } from '../../native/index.js';
import fc from '../fast-check.js';
import { available, golden, goldenPayload, sharedRange } from './samples.js';

const { gzip, snappy, lz4, zstd } = Compression;
const compressions = Object.entries({ gzip, snappy, lz4, zstd });

/** Streams of the golden payload. */
const goldenStreams: [string, number][] = [
  ['java-gzip.bin', gzip],
  ['java-snappy.bin', snappy],
  ['java-lz4.bin', lz4],
  ['java-lz4-kafka-3160.bin', lz4],
  ['java-zstd.bin', zstd],
  ['python-gzip-members.bin', gzip],
  ['python-snappy-raw.bin', snappy],
  ['python-lz4-checksums.bin', lz4],
  ['python-zstd-frames.bin', zstd],
];

for (const codecs of available) {
  t.test(`${codecs.name}: reads what clients compress`, async (t) => {
    for (const [name, compression] of goldenStreams) {
      const { view, start, end } = sharedRange(golden(name));
      const length = goldenPayload.length;
      const plain = codecs.inflate(compression, view, start, end, length);
      t.ok(Buffer.from(plain).equals(goldenPayload), `${name} into memory of its own`);

      const out = new Uint8Array(new SharedArrayBuffer(length + 7), 3);
      t.equal(codecs.decompress(compression, view, start, end, out, 4), length);
      t.ok(Buffer.from(out).subarray(4).equals(goldenPayload), `${name} into a shared range`);

      const tooLarge = { code: 'too-large' };
      t.throws(() => codecs.inflate(compression, view, start, end, length - 1), tooLarge);
      t.throws(() => codecs.decompress(compression, view, start, end, out, 5), tooLarge);
    }
    const linked = golden('python-lz4-linked.bin');
    t.throws(() => codecs.inflate(lz4, linked, 0, linked.length, 2 ** 20), { code: 'unsupported' });
  });

  t.test(`${codecs.name}: what one writes, each reads`, async (t) => {
    const payloads = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(6000))
        .map(([bytes, times]) => Buffer.concat(Array.from({ length: times }, () => bytes))),
    );
    for (const [name, compression] of compressions) {
      fc.assert(
        fc.property(payloads, (payload) => {
          const { view, start, end } = sharedRange(payload);
          const packed = codecs.compress(compression, view, start, end);
          return available.every((reader) =>
            Buffer.from(
              reader.inflate(compression, packed, 0, packed.length, payload.length),
            ).equals(payload),
          );
        }),
        { numRuns: 25 },
      );
      t.pass(name);
    }
  });

  t.test(`${codecs.name}: framing as the Java client's`, async (t) => {
    const text = Buffer.from('kopje '.repeat(20_000));
    const packed = (compression: number): Buffer =>
      Buffer.from(codecs.compress(compression, text, 0, text.length));
    t.equal(packed(gzip).subarray(0, 3).toString('hex'), '1f8b08');
    t.equal(
      packed(snappy).subarray(0, 16).toString('hex'),
      '82534e4150505900' + '0000000100000001',
    );
    t.equal(packed(lz4).subarray(0, 7).toString('hex'), '04224d18' + '604082');
    t.equal(packed(lz4).subarray(-4).toString('hex'), '00000000');
    t.equal(packed(zstd).subarray(0, 4).toString('hex'), '28b52ffd');
  });

  t.test(`${codecs.name}: levels`, async (t) => {
    const sizeAt = (compression: number, level?: number): number =>
      codecs.compress(compression, goldenPayload, 0, goldenPayload.length, level).length;
    t.ok(sizeAt(gzip, 9) < sizeAt(gzip, 1));
    t.equal(sizeAt(gzip), sizeAt(gzip, 6));
    t.ok(sizeAt(zstd, 19) < sizeAt(zstd, -5));
    t.equal(sizeAt(zstd), sizeAt(zstd, 3));
    t.throws(() => sizeAt(gzip, 10), RangeError);
    t.throws(() => sizeAt(zstd, 23), RangeError);
  });

  t.test(`${codecs.name}: knows no other compression`, async (t) => {
    for (const compression of [Compression.none, 5, 7]) {
      t.throws(() => codecs.inflate(compression, goldenPayload, 0, 9, 9), { code: 'unsupported' });
      t.throws(() => codecs.compress(compression, goldenPayload, 0, 9), { code: 'unsupported' });
    }
    t.throws(
      () => codecs.inflate(9, goldenPayload, 0, 9, 9),
      CodecError,
      'an error of its own class',
    );
  });
}
