/** Searches by time where records are not in the order of their times. */
import t, { type Test } from 'tap';
import { Entry } from '../../../../workers/format/entry.js';
import { EntryMaker, storedBytes } from '../../../../workers/log/pulsar/entry-maker.js';
import { EntryMemory } from '../../../../workers/log/pulsar/entry-memory.js';
import { Lookup } from '../../../../workers/log/pulsar/lookup.js';
import { Positions } from '../../../../workers/log/pulsar/positions.js';
import { TimeSearch } from '../../../../workers/log/pulsar/time-search.js';
import { batchAt, codecs } from '../batches.js';
import { FakeTopic } from './fake-topic.js';
import { connectionsOf } from './setup.js';

/** One entry of one record for each pair of a record's time and when it was published. */
async function searchOf(
  t: Test,
  times: readonly (readonly [timestamp: number, publishedMs: number])[],
  maxSearchedBytes?: number,
) {
  const topic = await FakeTopic.start(t);
  const maker = new EntryMaker(codecs, 2 ** 20, 2 ** 20, new EntryMemory());
  for (const [timestamp, publishedMs] of times) {
    const batch = batchAt(0, [{ timestamp, value: 'v' }]);
    const entry = maker.make('kafka', batch, publishedMs);
    if (entry === null) throw new Error('it does not fit');
    const bytes = Buffer.from(storedBytes(entry));
    topic.entryBytes = bytes.length;
    topic.store(1, bytes);
  }
  const lookup = new Lookup(connectionsOf(t), [topic.broker.address]);
  const start = { offset: 0, after: { ledgerId: -1, entryId: -1 } };
  const positions = new Positions(topic, topic.name, start);
  const thread = { entry: new Entry(codecs, 2 ** 20), codecs, maxInflatedBytes: 2 ** 20 };
  const tools = { topic: topic.name, lookup, admin: topic, positions, thread };
  return { search: new TimeSearch(tools, maxSearchedBytes), entryBytes: topic.entryBytes };
}

t.test('late records: the first offset with that time or a later one, as in Kafka', async (t) => {
  const { search } = await searchOf(t, [
    [100, 100],
    [150, 200],
    [250, 300],
    [120, 400],
    [390, 500],
    [300, 600],
  ]);
  const expected = { 0: 0, 101: 1, 150: 1, 151: 2, 251: 4, 390: 4, 391: -1 };
  for (const [timestamp, offset] of Object.entries(expected)) {
    t.equal((await search.first(Number(timestamp), 0, 6)).offset, offset, timestamp);
  }
  t.match(await search.greatest(0, 6), { offset: 4, timestamp: 390 });
});

t.test(
  'a record that is ahead of its publishing is passed over: the next one is told',
  async (t) => {
    const { search } = await searchOf(t, [
      [100, 100],
      [900, 200],
      [300, 300],
      [800, 800],
      [1_000, 1_000],
    ]);
    // Kafka says 1; decision 16.
    t.equal((await search.first(850, 0, 5)).offset, 4);
  },
);

t.test('old records, published of late: what is too far in is an error, not nothing', async (t) => {
  const times = Array.from({ length: 40 }, (_, at) => [at, 10_000 + at] as const);
  const { entryBytes } = await searchOf(t, times.slice(0, 1));
  const { search } = await searchOf(t, times, 10 * entryBytes);
  t.equal((await search.first(5, 0, 40)).offset, 5);
  await t.rejects(search.first(35, 0, 40), { message: /nothing found in the first \d+ bytes/ });
  t.equal((await search.greatest(0, 40)).offset, 39, 'the last ones are what is looked at');
});
