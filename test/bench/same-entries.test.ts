import t from 'tap';
import type { ProduceShape } from '../../bench/load/channel.js';
import { inEntriesOf } from '../../bench/same-entries.js';

const shape: ProduceShape = {
  address: { protocol: 'pulsar', serviceUrl: 'any', adminUrl: 'any' },
  topic: 'any',
  partitions: 4,
  recordBytes: 1024,
  batchBytes: 62 * 1024,
  compression: 'none',
  acks: -1,
  connections: 2,
  pace: { inFlight: 4 },
  distinctBytes: 2 ** 20,
  entryFormat: 'pulsar',
};

t.test('entries of the size of a batch change nothing', async (t) => {
  t.equal(inEntriesOf(null, shape), shape);
  t.strictSame(inEntriesOf(62 * 1_054, shape), shape);
  const kafka = { ...shape, entryFormat: 'kafka' } as const;
  t.strictSame(inEntriesOf(62 * 1_033 + 80, kafka), kafka);
});

t.test('as many records are on their way in larger entries', async (t) => {
  const twice = inEntriesOf(124 * 1_054, shape);
  t.equal(twice.batchBytes, 124 * 1024);
  t.strictSame([twice.connections, twice.pace], [2, { inFlight: 2 }]);
  const largest = inEntriesOf(2 ** 20, shape);
  t.strictSame([largest.connections, largest.pace], [1, { inFlight: 1 }]);
});

t.test('a pace of its own stays', async (t) => {
  const paced = { ...shape, pace: { sendsPerSecond: 3 } };
  t.equal(inEntriesOf(5, paced), paced);
});
