import t from 'tap';
import { Entry } from '../../../workers/format/entry.js';
import { EntryEncoder } from '../../../workers/format/entry-encoder.js';
import { EntryFault } from '../../../workers/format/entry-fault.js';
import fc from '../../fast-check.js';
import { batchShape, buildBatch } from './arbitraries.js';
import { maxInflatedBytes } from './decoding.js';
import { bytesOf, goldenPartitions } from './golden.js';
import { codecs, readBatches } from './read-records.js';

const entry = new Entry(codecs, maxInflatedBytes);
const out = new Uint8Array(maxInflatedBytes + (1 << 16));
let decoded = 0;
let refused = 0;

/** Either an EntryFault, or sound batches that end within the bound and take the offsets announced. */
function check(bytes: Uint8Array): void {
  let end: number;
  let boundBytes: number;
  try {
    entry.open(bytes, 0, bytes.length);
    boundBytes = entry.boundBytes;
    if (boundBytes > out.length) return;
    end = entry.write(out, 0, 1000, 1);
  } catch (error) {
    if (!(error instanceof EntryFault)) throw error;
    refused++;
    return;
  }
  decoded++;
  if (end > boundBytes) throw new Error(`${end} bytes, more than the ${boundBytes} announced`);
  const batches = readBatches(out, 0, end);
  const last = batches.at(-1)?.last;
  if (last !== 999 + entry.offsets) throw new Error(`${entry.offsets} offsets, the last ${last}`);
}

/** Whether with checksum or without, so that damage gets past it. */
function withoutChecksum(bytes: Buffer): Buffer {
  const at = bytes.readUInt16BE(0) === 0x0e02 ? 6 + bytes.readUInt32BE(2) : 0;
  if (bytes.readUInt16BE(at) !== 0x0e01) return bytes;
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 6)]);
}

/** Small entries of every kind that there is, one a partition and kind of metadata. */
const samples = goldenPartitions()
  .flatMap(({ entries }) => entries.slice(0, 6).map(bytesOf))
  .filter((bytes) => bytes.length < 1000)
  .map(withoutChecksum);

t.test('every truncation', async (t) => {
  for (const sample of samples.filter((_, i) => i % 16 === 0)) {
    for (let length = 0; length < sample.length; length++) check(sample.subarray(0, length));
  }
  t.ok(refused > 1000, `${refused} refused, ${decoded} decoded`);
});

t.test('every byte made another', async (t) => {
  for (const sample of samples.filter((_, i) => i % 12 === 0)) {
    const bytes = Buffer.from(sample);
    for (let i = 0; i < bytes.length; i++) {
      const was = bytes[i]!;
      for (const value of [0, 0x7f, 0xff, was ^ 1, was ^ 0x80]) {
        bytes[i] = value;
        check(bytes);
      }
      bytes[i] = was;
    }
  }
  t.ok(refused > 1000 && decoded > 1000, `${refused} refused, ${decoded} decoded`);
});

t.test('our own entries with some bytes made others', async () => {
  const encoder = new EntryEncoder(codecs, maxInflatedBytes);
  const whole = Buffer.alloc(1 << 18);
  const changes = fc.array(
    fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(255)),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  fc.assert(
    fc.property(batchShape, batchShape, fc.boolean(), changes, (first, second, keeps, bytes) => {
      encoder.keepsCompression = keeps;
      const batches = [buildBatch(first, 0), buildBatch(second, first.records.length)];
      const end = encoder.encode('pulsar', batches, 0, 2, 1, whole, 0, whole.length);
      const damaged = Buffer.from(withoutChecksum(whole.subarray(0, end)));
      for (const [at, value] of bytes) damaged[Math.floor(at * damaged.length)] = value;
      check(damaged);
    }),
    { numRuns: 150 },
  );
});

t.test('bytes that were never an entry', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => check(bytes)),
    { numRuns: 1000 },
  );
});
