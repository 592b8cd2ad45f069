/** A topic goes to another broker, or to another cluster. */
import t, { type Test } from 'tap';
import { recordCount } from '../../../../engine/protocol/kafka/record-batch.js';
import { recordsOf } from '../batches.js';
import { flushed } from '../read-log.js';
import { append, Session } from '../session.js';
import type { FakeBroker } from './fake-broker.js';
import { FakeTopic } from './fake-topic.js';
import { type FakeLogOptions, openFakeLog } from './open-fake-log.js';

const writers = ['exclusive', 'shared'] as const;

async function sessionOn(t: Test, topic: FakeTopic, options: FakeLogOptions): Promise<Session> {
  const log = await openFakeLog(t, topic, options);
  t.teardown(() => log.close());
  return new Session({ log, reopen: () => Promise.reject(new Error('not here')) });
}

function lookupsAt({ commands }: FakeBroker): number {
  return commands.filter(({ name }) => name === 'lookup').length;
}

/** Appends batches of two records whenever the log takes one. */
async function pump(session: Session, batches: number, each: (sent: number) => void = () => {}) {
  const { log } = session;
  for (let sent = 0; sent < batches && session.fault === null; sent++) {
    await session.until(() => log.isWritable || session.fault !== null);
    if (session.fault !== null) return;
    append(log, recordsOf(2));
    each(sent);
  }
  await flushed(log);
}

/** Every record is there once. */
async function checkAll(t: Test, topic: FakeTopic, session: Session, batches: number) {
  const own = topic.entries.filter(({ isMarker }) => !isMarker);
  t.equal(own.length, batches, 'nothing twice');
  const found = (await session.readAll()).filter((batch) => recordCount(batch, 0) === 2);
  t.equal(found.length, batches, 'and all is read');
}

/** Appends a batch that the broker is sent and says nothing of; those behind it are stored. */
async function appendIgnored(topic: FakeTopic, { log }: Session): Promise<void> {
  const sent = new Promise<void>((resolve) => {
    topic.beforeStore = () => {
      resolve();
      return 'ignore';
    };
  });
  append(log, recordsOf(2));
  await sent;
  topic.beforeStore = () => 'store';
}

for (const pulsarWriters of writers) {
  t.test(`it is unloaded to another broker under load, ${pulsarWriters}`, async (t) => {
    const topic = await FakeTopic.start(t);
    const first = topic.broker;
    const second = await topic.newBroker(t);
    const session = await sessionOn(t, topic, { config: { pulsarWriters } });
    await session.appendBatches([2]);
    await session.readAll();
    const before = lookupsAt(first);
    await pump(session, 200, (sent) => {
      if (sent === 100) topic.moveTo(second, true);
    });
    t.equal(session.fault, null);
    await checkAll(t, topic, session, 201);
    t.ok(lookupsAt(first) - before <= 1, 'the broker has said where it is');
    t.ok(second.commands.some(({ name }) => name === 'producer'));
    topic.moveTo(first, false);
    await pump(session, 10);
    t.equal(session.fault, null);
    t.ok(lookupsAt(first) > before, 'it was asked for');
    await checkAll(t, topic, session, 211);
  });

  t.test(`it goes to another cluster under load, ${pulsarWriters}`, async (t) => {
    const topic = await FakeTopic.start(t);
    const first = topic.broker;
    const second = await topic.newBroker(t);
    const session = await sessionOn(t, topic, { config: { pulsarWriters } });
    await session.appendBatches([2]);
    await session.readAll();
    const before = lookupsAt(first);
    await pump(session, 200, (sent) => {
      if (sent === 100) topic.migrateTo(second);
    });
    t.equal(session.fault, null);
    t.equal(lookupsAt(first), before, 'the cluster that it has left is not asked');
    t.ok(lookupsAt(second) > 0);
    await checkAll(t, topic, session, 201);
  });
}

t.test('sends that a broker drops while it gives the topic away are settled', async (t) => {
  const topic = await FakeTopic.start(t);
  const second = await topic.newBroker(t);
  const session = await sessionOn(t, topic, {});
  await pump(session, 10);
  topic.beforeStore = () => 'ignore';
  for (let i = 0; i < 5; i++) append(session.log, recordsOf(2));
  await appendIgnored(topic, session);
  topic.moveTo(second, true);
  await session.until(() => session.fault !== null);
  t.equal(session.fault?.code, 'storage', 'clients send again what is not there');
  t.equal(session.log.stableEndOffset, 20);
  const next = await sessionOn(t, topic, {});
  await pump(next, 5);
  await checkAll(t, topic, next, 15);
});

t.test('sends that get no answer at all are timed out', async (t) => {
  const topic = await FakeTopic.start(t);
  let nowMs = Date.now();
  const session = await sessionOn(t, topic, { clock: () => nowMs });
  await pump(session, 10);
  await appendIgnored(topic, session);
  session.log.expire(nowMs, session.log.stableEndOffset);
  nowMs += 31_000;
  session.log.expire(nowMs, session.log.stableEndOffset);
  await session.until(() => session.fault !== null);
  t.equal(session.fault?.code, 'storage');
  const next = await sessionOn(t, topic, {});
  await pump(next, 5);
  await checkAll(t, topic, next, 15);
});
