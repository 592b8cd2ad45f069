import t from 'tap';
import { Entry } from '../../../workers/format/entry.js';
import { bytesOf, type GoldenPartition, goldenPartitions } from './golden.js';
import { codecs, firstDifference, type ReadBatch, readBatches } from './read-records.js';

const maxInflatedBytes = 1 << 24;
const leaderEpoch = 5;
const partitions = goldenPartitions();

/** Decodes every entry of a partition, each into the place behind the one before. */
function decode({ entries }: GoldenPartition): ReadBatch[] {
  const entry = new Entry(codecs, maxInflatedBytes);
  return entries.flatMap((golden) => {
    const bytes = bytesOf(golden);
    const slab = new Uint8Array(new SharedArrayBuffer(bytes.length + 9));
    slab.set(bytes, 7);
    entry.open(slab, 7, slab.length - 2);
    const out = new Uint8Array(new SharedArrayBuffer(entry.boundBytes + 3));
    const end = entry.write(out, 3, entry.index - entry.offsets + 1, leaderEpoch);
    return readBatches(out, 3, end);
  });
}

t.test('all the entries are there', async (t) => {
  t.equal(
    partitions.reduce((sum, { entries }) => sum + entries.length, 0),
    741,
  );
});

t.test('every entry decodes to what KoP serves', async (t) => {
  for (const golden of partitions) {
    const batches = decode(golden);
    const { records: wanted, batches: wantedBatches } = golden.expected;
    if (wanted !== undefined) {
      const found = batches.filter(({ control }) => !control).flatMap(({ records }) => records);
      const plain = wanted.map(({ timestampType: _, ...record }) => record);
      t.equal(firstDifference(found, plain), null, `records of ${golden.partition}`);
    }
    if (wantedBatches !== undefined) {
      const found = batches.map((batch, i) =>
        Object.fromEntries(
          Object.keys(wantedBatches[i] ?? {}).map((key) => [key, batch[key as keyof ReadBatch]]),
        ),
      );
      t.equal(firstDifference(found, wantedBatches), null, `batches of ${golden.partition}`);
    }
  }
});

t.test('offsets go on from entry to entry, and end at the high watermark', async (t) => {
  for (const golden of partitions) {
    const batches = decode(golden);
    let next = batches[0]?.base ?? 0;
    for (const { base, last, leaderEpoch: epoch } of batches) {
      if (base !== next || epoch !== leaderEpoch)
        t.fail(`${golden.partition}: ${base}, not ${next}`);
      next = last + 1;
    }
    const { highWatermark } = golden.expected;
    if (batches.length > 0 && highWatermark !== undefined) {
      t.equal(next, highWatermark, golden.partition);
    }
  }
});

t.test(
  'what KoP put into its offsets topic comes out whole: batches within messages',
  async (t) => {
    let read = 0;
    for (const golden of partitions) {
      if (!golden.partition.includes('__consumer_offsets')) continue;
      for (const { records, control } of decode(golden)) {
        for (const { key, value } of records) {
          // Control records, and the placeholders that KoP writes when it loads a group.
          if (control || key === null || value === null || value === '') continue;
          read += readBatches(Buffer.from(value, 'base64')).reduce((sum, { n }) => sum + n, 0);
        }
      }
    }
    t.ok(read > 50, `${read} records`);
  },
);
