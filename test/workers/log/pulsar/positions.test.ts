import t from 'tap';
import { AdminError } from '../../../../workers/log/pulsar/admin.js';
import { EntryOrder, findStart, Positions } from '../../../../workers/log/pulsar/positions.js';
import fc from '../../../fast-check.js';
import { FakeTopic } from './fake-topic.js';

/** A topic of entries with so many messages each, in ledgers of so many entries. */
function topicOf(counts: readonly number[], ledgerEntries: number): FakeTopic {
  const topic = new FakeTopic();
  counts.forEach((count, at) => {
    if (at > 0 && at % ledgerEntries === 0) topic.rollLedger();
    topic.store(count);
  });
  return topic;
}

t.test('any offset is found, from a point that is not far before it', async (t) => {
  const counts = fc.array(fc.constantFrom(1, 2, 500, 20_000), { minLength: 1, maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(counts, fc.integer({ min: 1, max: 400 }), fc.nat(), async (all, size, at) => {
      const topic = topicOf(all, size);
      const { ledgers } = await topic.ledgers();
      const start = await findStart(topic, topic.name, ledgers, 0);
      const positions = new Positions(topic, topic.name, start);
      const order = new EntryOrder(ledgers);
      const end = (topic.entries.at(-1)?.index ?? -1) + 1;
      for (const offset of [at % end, end - 1, Math.floor((at % end) / 2)]) {
        topic.adminReads = 0;
        const point = await positions.locate(offset);
        t.ok(topic.adminReads <= 20, `${topic.adminReads} probes`);
        const after = order.numberOf(point.after);
        const before = topic.entries[after];
        t.equal(point.offset, before === undefined ? 0 : before.index + 1);
        t.ok(point.offset <= offset);
        const holder = topic.entries.findIndex(({ index }) => index >= offset);
        const isNear = holder - after <= 65 || offset - point.offset <= 2_000;
        t.ok(isNear, `${holder - after} entries behind the point`);
      }
    }),
    { numRuns: 60 },
  );
});

t.test('the entry before any offset is found', async (t) => {
  const counts = fc.array(fc.constantFrom(1, 2, 500, 20_000), { minLength: 1, maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(counts, fc.integer({ min: 1, max: 400 }), fc.nat(), async (all, size, at) => {
      const topic = topicOf(all, size);
      const { ledgers } = await topic.ledgers();
      const positions = new Positions(topic, topic.name, {
        offset: 0,
        after: { ledgerId: ledgers[0]?.ledgerId ?? -1, entryId: -1 },
      });
      const end = (topic.entries.at(-1)?.index ?? -1) + 1;
      for (const { index, ledgerId, entryId } of topic.entries.filter((_, i) => i % 3 === at % 3)) {
        positions.saw(index + 1, ledgerId, entryId);
      }
      const order = new EntryOrder(ledgers);
      for (const offset of [0, at % end, end - 1, end]) {
        topic.adminReads = 0;
        const found = order.numberOf(await positions.before(offset));
        t.equal(
          found,
          topic.entries.findLastIndex(({ index }) => index < offset),
        );
        t.ok(topic.adminReads <= 30, `${topic.adminReads} probes`);
      }
    }),
    { numRuns: 60 },
  );
});

t.test('what was seen is not searched for', async (t) => {
  const topic = topicOf(
    Array.from({ length: 1_000 }, () => 100),
    300,
  );
  const positions = new Positions(topic, topic.name, {
    offset: 0,
    after: { ledgerId: 3, entryId: -1 },
  });
  for (const { index, ledgerId, entryId } of topic.entries) {
    positions.saw(index + 1, ledgerId, entryId);
  }
  const point = await positions.locate(77_777);
  t.equal(topic.adminReads, 0);
  t.ok(77_777 - point.offset <= 2_000);
});

t.test('a ledger that retention has just taken is no start', async (t) => {
  const topic = topicOf([5, 5, 5, 5], 2);
  const { ledgers } = await topic.ledgers();
  const [first] = ledgers;
  topic.entry = async (name, id) => {
    if (id.ledgerId === first?.ledgerId) throw new AdminError(404, 'Message id not found');
    return FakeTopic.prototype.entry.call(topic, name, id);
  };
  t.equal((await findStart(topic, topic.name, ledgers, 20)).offset, 10);
  t.equal((await findStart(topic, topic.name, [], 20)).offset, 20);
});
