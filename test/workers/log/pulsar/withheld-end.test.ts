/** Transactions of Pulsar's own that are open at an opening: no reader is sent what lies behind. */
import t, { type Test } from 'tap';
import { lastOffset, recordCount } from '../../../../engine/protocol/kafka/record-batch.js';
import type { LogNotice } from '../../../../workers/log/log.js';
import { EntryMaker, storedBytes } from '../../../../workers/log/pulsar/entry-maker.js';
import { EntryMemory } from '../../../../workers/log/pulsar/entry-memory.js';
import type { PulsarLog } from '../../../../workers/log/pulsar/pulsar-log.js';
import { ProducerState } from '../../../../workers/partition/producer-state.js';
import { type BatchSpec, batchAt, codecs, recordsOf } from '../batches.js';
import { Session } from '../session.js';
import { FakeTopic } from './fake-topic.js';
import { type FakeLogOptions, openFakeLog } from './open-fake-log.js';

const shared = { config: { pulsarWriters: 'shared' } } as const;

/** An entry that is there already. */
function store(topic: FakeTopic, records: number, spec: BatchSpec = {}): void {
  const maker = new EntryMaker(codecs, 2 ** 20, 2 ** 20, new EntryMemory());
  const batch = batchAt(0, recordsOf(records), spec);
  const entry = maker.make('kafka', batch, 1_000);
  if (entry === null) throw new Error('it does not fit');
  topic.store(records, Buffer.from(storedBytes(entry)));
}

/** Resolves once the log has asked, as it does now and then, and knows all. */
async function over(log: PulsarLog): Promise<void> {
  while (!log.takesAppends) {
    log.expire(0);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Offset and number of records of each batch with records. */
async function layout(session: Session): Promise<[number, number][]> {
  const batches = await session.readAll();
  return batches.map((one) => {
    const records = recordCount(one, 0);
    return [lastOffset(one, 0) - records + 1, records];
  });
}

/** A topic with 20 entries of 2 records, a marker, and 4 records behind it that no reader is sent. */
async function topicWithTransaction(t: Test): Promise<FakeTopic> {
  const topic = await FakeTopic.start(t);
  for (let entry = 0; entry < 20; entry++) store(topic, 2);
  topic.endTransaction({ producerId: 1, producerEpoch: 3, isCommit: true });
  topic.withheldFrom = topic.entries.length;
  store(topic, 1);
  store(topic, 3, { producerId: 9, producerEpoch: 0, baseSequence: 0 });
  return topic;
}

async function sessionOn(t: Test, topic: FakeTopic, options: FakeLogOptions) {
  const log = await openFakeLog(t, topic, options);
  t.teardown(() => log.close());
  const session = new Session({ log, reopen: () => Promise.reject(new Error('not here')) });
  return { log, session };
}

t.test(
  'a shared topic: what is before it is served, the rest and writes once it is over',
  async (t) => {
    const topic = await topicWithTransaction(t);
    const producers = new ProducerState(2 ** 40, Date.now);
    const notices: LogNotice[] = [];
    const report = (notice: LogNotice) => void notices.push(notice);
    const { log, session } = await sessionOn(t, topic, { ...shared, producers, report });
    t.match(notices, [{ level: 'warn', fields: { fromOffset: 41 } }]);
    t.strictSame([log.logEndOffset, log.stableEndOffset], [41, 41]);
    t.strictSame([log.takesAppends, log.isWritable], [false, false]);
    t.equal((await layout(session)).length, 20);
    t.equal((await log.offsetForTimestamp(0, log.stableEndOffset)).offset, 0);
    t.strictSame(producers.takeSnapshot(100), []);
    topic.releaseEnd();
    // The marker of Pulsar's: behind the barrier at 45.
    topic.store(1, undefined, true);
    await over(log);
    t.match(notices[1], { level: 'info' });
    t.strictSame([log.logEndOffset, log.stableEndOffset], [46, 46], 'behind the barrier');
    t.match(producers.takeSnapshot(100), [{ producerId: 9, lastSequence: 2, lastOffset: 44 }]);
    await session.appendBatches([2]);
    t.strictSame(session.placed, [47]);
    t.equal(session.fault, null);
    t.strictSame((await layout(session)).slice(-3), [
      [41, 1],
      [42, 3],
      [47, 2],
    ]);
  },
);

t.test('an exclusive topic: it is opened anew once it is over', async (t) => {
  const topic = await topicWithTransaction(t);
  const producers = new ProducerState(2 ** 40, Date.now);
  const { log, session } = await sessionOn(t, topic, {});
  t.strictSame([log.stableEndOffset, log.takesAppends], [41, false]);
  t.equal((await layout(session)).length, 20);
  topic.releaseEnd();
  topic.store(1, undefined, true);
  log.expire(0);
  await session.until(() => session.fault !== null);
  t.equal(session.fault?.code, 'storage');
  const next = await sessionOn(t, topic, { producers });
  t.match(producers.takeSnapshot(100), [{ producerId: 9, lastSequence: 2, lastOffset: 44 }]);
  t.strictSame([next.log.stableEndOffset, next.log.takesAppends], [48, true]);
  await next.session.appendBatches([2]);
  t.strictSame((await layout(next.session)).slice(-3), [
    [41, 1],
    [42, 3],
    [48, 2],
  ]);
});

t.test('it was aborted: nothing of it is there', async (t) => {
  const topic = await FakeTopic.start(t);
  store(topic, 2);
  topic.withheldFrom = 1;
  topic.store(1, undefined, true);
  const { log, session } = await sessionOn(t, topic, shared);
  t.equal(log.stableEndOffset, 2);
  topic.releaseEnd();
  await over(log);
  await session.appendBatches([1]);
  t.strictSame(await layout(session), [
    [0, 2],
    [4, 1],
  ]);
});

t.test('all of a topic is in it', async (t) => {
  const topic = await FakeTopic.start(t);
  topic.withheldFrom = 0;
  store(topic, 2);
  const { log, session } = await sessionOn(t, topic, shared);
  t.strictSame([log.logStartOffset, log.stableEndOffset], [0, 0]);
  topic.releaseEnd();
  await over(log);
  t.strictSame(await layout(session), [[0, 2]]);
});

t.test('what is behind it cannot be read: the log ends', async (t) => {
  const topic = await FakeTopic.start(t);
  store(topic, 2);
  topic.withheldFrom = 1;
  store(topic, 2);
  const { log, session } = await sessionOn(t, topic, shared);
  topic.entries.length = 0;
  log.expire(0);
  await session.until(() => session.fault !== null);
  t.equal(session.fault?.code, 'storage');
});
