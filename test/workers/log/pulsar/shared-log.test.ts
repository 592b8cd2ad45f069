/** Topics that others write to as well: who owns them, where entries are, what is in doubt. */
import t, { type Test } from 'tap';
import { lastOffset, recordCount } from '../../../../engine/protocol/kafka/record-batch.js';
import { EntryMaker, storedBytes } from '../../../../workers/log/pulsar/entry-maker.js';
import { EntryMemory } from '../../../../workers/log/pulsar/entry-memory.js';
import { batchAt, codecs, recordsOf } from '../batches.js';
import { flushed } from '../read-log.js';
import { append, Session } from '../session.js';
import { FakeTopic } from './fake-topic.js';
import { type FakeLogOptions, openFakeLog } from './open-fake-log.js';

const shared = { config: { pulsarWriters: 'shared', entryFormat: 'pulsar' } } as const;

async function sessionOn(
  t: Test,
  topic: FakeTopic,
  options: FakeLogOptions = shared,
): Promise<Session> {
  const log = await openFakeLog(t, topic, options);
  t.teardown(() => log.close());
  return new Session({ log, reopen: () => Promise.reject(new Error('not here')) });
}

/** An entry of somebody else's. */
function foreign(topic: FakeTopic, records: number): void {
  const maker = new EntryMaker(codecs, 2 ** 20, 2 ** 20, new EntryMemory());
  const entry = maker.make('pulsar', batchAt(0, recordsOf(records)), 1_000);
  if (entry === null) throw new Error('it does not fit');
  topic.store(records, Buffer.from(storedBytes(entry)));
}

/** Offset and number of records of each batch with records. */
async function layout(session: Session): Promise<[number, number][]> {
  const batches = await session.readAll();
  return batches.map((one) => {
    const records = recordCount(one, 0);
    return [lastOffset(one, 0) - records + 1, records];
  });
}

t.test('entries of others lie between ours, and move the end', async (t) => {
  const topic = await FakeTopic.start(t);
  foreign(topic, 2);
  const session = await sessionOn(t, topic);
  const { log } = session;
  t.equal(log.assignsOffsets, false);
  t.equal(log.logEndOffset, 3, 'behind the barrier');
  foreign(topic, 3);
  await session.until(() => log.stableEndOffset === 6);
  await session.appendBatches([2]);
  t.strictSame(session.placed, [6]);
  foreign(topic, 1);
  await session.appendBatches([1, 1]);
  t.strictSame(session.placed, [6, 9, 10]);
  t.equal(log.logEndOffset, 11);
  t.equal(log.stableEndOffset, 11);
  t.strictSame(await layout(session), [
    [0, 2],
    [3, 3],
    [6, 2],
    [8, 1],
    [9, 1],
    [10, 1],
  ]);
});

t.test('what somebody else sends at the same moment is not taken for ours', async (t) => {
  const topic = await FakeTopic.start(t);
  const session = await sessionOn(t, topic);
  let sends = 0;
  topic.beforeStore = ({ entry }) => {
    // The same records, and the same entry but for the sender's id in its stamp.
    if (sends++ === 0) {
      foreign(topic, 1);
      const other = Buffer.from(entry);
      other.write('other sender', other.lastIndexOf('kopje.send') + 12);
      topic.store(1, other.subarray(6));
    }
    return 'store';
  };
  await session.appendBatches([1]);
  t.strictSame(session.placed, [2]);
});

t.test('the tail may be ahead of the receipt', async (t) => {
  const topic = await FakeTopic.start(t);
  const session = await sessionOn(t, topic);
  topic.beforeStore = (sent, peer) => {
    const { ledgerId, entryId } = topic.store(sent.messageCount, sent.entry);
    setTimeout(() => peer.receipt(sent, ledgerId, entryId), 20);
    return 'ignore';
  };
  await session.appendBatches([1, 2]);
  t.strictSame(session.placed, [0, 1]);
  await session.appendBatches([1]);
  t.strictSame(session.placed, [0, 1, 3]);
});

t.test('a flush waits for the offsets, not for receipts', async (t) => {
  const topic = await FakeTopic.start(t);
  const session = await sessionOn(t, topic);
  topic.delivers = false;
  append(session.log, recordsOf(1));
  let isFlushed = false;
  const flushing = flushed(session.log).then(() => {
    isFlushed = true;
  });
  while (topic.entries.length < 1) await new Promise((resolve) => setImmediate(resolve));
  t.equal(isFlushed, false);
  t.equal(session.log.stableEndOffset, 0);
  topic.delivers = true;
  foreign(topic, 1);
  await flushing;
  t.strictSame(session.placed, [0]);
});

t.test('another owner takes over', async (t) => {
  await t.test('while the first one is away: it ends fenced', async (t) => {
    const topic = await FakeTopic.start(t);
    const first = await sessionOn(t, topic);
    await first.appendBatches([1]);
    // It is on its way back: it looks at the counters after this.
    topic.askedIfThere = () => {
      topic.askedIfThere = () => undefined;
      topic.sharedEpoch++;
    };
    topic.unload();
    await first.until(() => first.fault !== null);
    t.equal(first.fault?.code, 'fenced');
    t.throws(() => append(first.log, recordsOf(1)), { code: 'fenced' });
  });

  await t.test('after the first one has closed: nobody else is disturbed', async (t) => {
    const topic = await FakeTopic.start(t);
    const first = await sessionOn(t, topic);
    await first.appendBatches([1]);
    await first.log.close();
    const next = await sessionOn(t, topic);
    t.equal(topic.epoch, -1, 'no exclusive producer was opened');
    await next.appendBatches([2]);
    t.strictSame(await layout(next), [
      [0, 1],
      [2, 2],
    ]);
  });

  await t.test('from one that lives and keeps it: it is evicted', async (t) => {
    const topic = await FakeTopic.start(t);
    const first = await sessionOn(t, topic);
    await first.appendBatches([1]);
    const next = await sessionOn(t, topic);
    t.equal(topic.epoch, 0);
    append(first.log, recordsOf(1));
    await first.until(() => first.fault !== null);
    t.equal(first.fault?.code, 'fenced');
    await next.appendBatches([1]);
    t.strictSame(await layout(next), [
      [0, 1],
      [2, 1],
    ]);
  });
});

t.test('the epoch rises with every opening, whatever the modes', async (t) => {
  const topic = await FakeTopic.start(t);
  const epochs: number[] = [];
  const exclusive = { config: { pulsarWriters: 'exclusive', entryFormat: 'pulsar' } } as const;
  for (const mode of [shared, shared, exclusive, shared, exclusive, exclusive, shared]) {
    const session = await sessionOn(t, topic, mode);
    await session.appendBatches([1]);
    epochs.push(session.log.leaderEpoch);
    await session.log.close();
  }
  t.strictSame(epochs, [1, 2, 3, 4, 5, 6, 7]);
  const last = await sessionOn(t, topic);
  t.equal((await layout(last)).length, 7);
});

t.test('an exclusive owner takes a shared topic: the other one ends fenced', async (t) => {
  const topic = await FakeTopic.start(t);
  const first = await sessionOn(t, topic);
  await first.appendBatches([1]);
  const next = await sessionOn(t, topic, {});
  append(first.log, recordsOf(1));
  await first.until(() => first.fault !== null);
  t.equal(first.fault?.code, 'fenced');
  await next.appendBatches([1]);
  t.equal((await layout(next)).length, 2);
});

t.test('what has a receipt and is not delivered ends the log', async (t) => {
  const topic = await FakeTopic.start(t);
  const session = await sessionOn(t, topic);
  topic.beforeStore = (sent, peer) => {
    // As if it were a marker.
    const { ledgerId, entryId } = topic.store(sent.messageCount, sent.entry, true);
    peer.receipt(sent, ledgerId, entryId);
    setTimeout(() => foreign(topic, 1), 20);
    return 'ignore';
  };
  append(session.log, recordsOf(1));
  await session.until(() => session.fault !== null);
  t.match(session.fault, { code: 'storage', message: /not delivered/ });
});

t.test('a later entry of ours that is stored without an earlier one ends the log', async (t) => {
  const topic = await FakeTopic.start(t);
  const session = await sessionOn(t, topic);
  let sends = 0;
  topic.beforeStore = () => (sends++ === 0 ? 'ignore' : 'store');
  append(session.log, recordsOf(1));
  append(session.log, recordsOf(1));
  await session.until(() => session.fault !== null);
  t.match(session.fault, { code: 'storage', message: /before an earlier one/ });
  t.equal(topic.entries.length, 1, 'nothing is sent again');
});
