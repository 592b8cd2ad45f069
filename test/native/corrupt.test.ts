import t from 'tap';
import { CodecError, Compression } from '../../native/index.js';
import fc from '../fast-check.js';
import { available, golden, goldenPayload } from './samples.js';

const { gzip, snappy, lz4, zstd } = Compression;
const compressions = Object.entries({ gzip, snappy, lz4, zstd });
const limitBytes = 1 << 16;

type Outcome = { bytes: Uint8Array } | { error: CodecError };

for (const codecs of available) {
  /** What it makes of `input`; anything but bytes within the limit or a CodecError fails. */
  const outcome = (compression: number, input: Uint8Array): Outcome => {
    try {
      const bytes = codecs.inflate(compression, input, 0, input.length, limitBytes);
      if (bytes.length > limitBytes) throw new Error('more bytes than allowed');
      return { bytes };
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      return { error };
    }
  };
  const code = (compression: number, input: Uint8Array): string => {
    const result = outcome(compression, input);
    return 'error' in result ? result.error.code : `${result.bytes.length} bytes`;
  };

  t.test(`${codecs.name}: cut off anywhere, it is never whole`, async (t) => {
    const payload = goldenPayload.subarray(0, 400);
    for (const [name, compression] of compressions) {
      const packed = codecs.compress(compression, payload, 0, payload.length);
      for (let length = 0; length < packed.length; length++) {
        const result = outcome(compression, packed.subarray(0, length));
        if ('error' in result) continue;
        // Xerial's framing has no end: its header alone is an empty stream.
        if (compression === snappy && length === 16 && result.bytes.length === 0) continue;
        t.fail(`${name}: ${length} of ${packed.length} bytes were accepted`);
      }
      t.equal(code(compression, packed), '400 bytes', name);
    }
  });

  t.test(`${codecs.name}: any bit may flip`, async (t) => {
    const payload = goldenPayload.subarray(0, 150);
    for (const [name, compression] of compressions) {
      const packed = codecs.compress(compression, payload, 0, payload.length);
      let errors = 0;
      for (let bit = 0; bit < packed.length * 8; bit++) {
        const flipped = Uint8Array.from(packed);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        if ('error' in outcome(compression, flipped)) errors++;
      }
      t.ok(errors > 0, `${name}: ${errors} of ${packed.length * 8} flips are seen`);
    }
  });

  t.test(`${codecs.name}: damage and noise`, async (t) => {
    for (const [name, compression] of compressions) {
      const sample = golden(`java-${name}.bin`);
      const damage = fc.array(fc.tuple(fc.nat(sample.length - 1), fc.nat(255)), { maxLength: 8 });
      fc.assert(
        fc.property(damage, fc.nat(sample.length), (changes, cut) => {
          const damaged = Uint8Array.from(sample.subarray(0, sample.length - (cut % 64)));
          for (const [at, byte] of changes) damaged[at % damaged.length] = byte;
          outcome(compression, damaged);
        }),
      );
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 80 }), (noise) => {
          outcome(compression, noise);
          outcome(compression, Buffer.concat([sample.subarray(0, 19), noise]));
        }),
      );
      t.pass(name);
    }
  });

  t.test(`${codecs.name}: bombs`, async (t) => {
    const zeros = new Uint8Array(32 << 20);
    for (const [name, compression] of compressions) {
      const bomb = codecs.compress(compression, zeros, 0, zeros.length);
      t.equal(code(compression, bomb), 'too-large', name);
    }
    // Run-length blocks of 128 KiB, without a content size: 4 bytes make 131072.
    const block = Buffer.from([0x02, 0x00, 0x10, 0x00]);
    const frame = Buffer.concat([
      Buffer.from('28b52ffd0038', 'hex'),
      ...Array.from({ length: 5000 }, () => block),
      Buffer.from([0x03, 0x00, 0x10, 0x00]),
    ]);
    t.equal(code(zstd, frame), 'too-large', 'run-length blocks');
  });

  t.test(`${codecs.name}: headers that promise too much`, async (t) => {
    const hex = (digits: string): Buffer => Buffer.from(digits, 'hex');
    t.equal(code(zstd, hex('28b52ffd00a0010000')), 'too-large', 'a window of 2^30');
    t.equal(code(zstd, hex('28b52ffde0ffffffffffffff7f010000')), 'too-large', 'a content of 2^63');
    t.equal(code(snappy, hex('ffffffff0f00')), 'too-large', 'a block of 4 GiB');
    t.equal(code(snappy, hex('ffffffffff0f00')), 'corrupt', 'a length of 2^42');
    t.equal(code(snappy, hex('80800204')), 'corrupt', 'a block of 32 KiB in one byte');
    const xerial = '82534e4150505900' + '0000000100000001';
    t.equal(code(snappy, hex(`${xerial}ffffffff00`)), 'corrupt', 'a negative block length');
    t.equal(code(snappy, hex(`${xerial}00000000`)), 'corrupt', 'an empty block');
    const sized = Buffer.from(golden('python-lz4-checksums.bin'));
    t.equal(sized[4]! & 0x08, 0x08, 'the sample announces its length');
    t.equal(code(lz4, sized), 'too-large', 'the announced length is above the limit');
    t.equal(code(lz4, hex('04224d18604083')), 'corrupt', 'a wrong header checksum');
    t.equal(code(lz4, hex('04224d186040820100010000')), 'corrupt', 'a block above the greatest');
  });
}
