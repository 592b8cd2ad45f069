/** What a new owner knows of the producers of a partition. */
import { setImmediate } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { ErrorCode } from '../../../../engine/protocol/kafka/errors.js';
import {
  maxEntriesBetween,
  ProducerSnapshots,
} from '../../../../workers/log/pulsar/producer-snapshots.js';
import type { PulsarLog } from '../../../../workers/log/pulsar/pulsar-log.js';
import { ProducerState } from '../../../../workers/partition/producer-state.js';
import { codecs, recordsOf } from '../batches.js';
import { flushed } from '../read-log.js';
import { append } from '../session.js';
import { FakeTopic } from './fake-topic.js';
import { type FakeLogOptions, openFakeLog } from './open-fake-log.js';

const formats = ['kafka', 'mixed_kafka', 'pulsar'] as const;
const place = 'kopjeProducers.';

interface Owner {
  readonly log: PulsarLog;
  readonly producers: ProducerState;
  readonly notices: string[];
  /** What `advance` goes by. */
  nowMs: number;
}

async function ownerOf(
  t: Test,
  topic: FakeTopic,
  config: FakeLogOptions['config'] = {},
): Promise<Owner> {
  const producers = new ProducerState(2 ** 40, Date.now);
  const notices: string[] = [];
  const clock = { nowMs: Date.now() };
  const log = await openFakeLog(t, topic, {
    config,
    producers,
    clock: () => clock.nowMs,
    report: ({ message }) => notices.push(message),
  });
  t.teardown(() => log.close());
  log.listen({ placed() {}, progress() {}, arrived() {}, ended() {} });
  return {
    log,
    producers,
    notices,
    set nowMs(value: number) {
      clock.nowMs = value;
    },
    get nowMs() {
      return clock.nowMs;
    },
  };
}

/** Appends batches of two records of one producer, as a partition does. */
async function produce(
  { log, producers }: Owner,
  producerId: number,
  baseSequence: number,
  batches: number,
): Promise<void> {
  for (let i = 0; i < batches; i++) {
    const spec = { producerId, producerEpoch: 2, baseSequence: baseSequence + 2 * i };
    producers.batch(append(log, recordsOf(2), spec), 0);
    if (i % 400 === 399) await flushed(log);
  }
  await flushed(log);
}

/** The last five batches of a producer are known with their offsets, the next one is expected. */
function knows(
  t: Test,
  { producers }: Owner,
  producerId: number,
  lastOffset: number,
  next: number,
) {
  const { DUPLICATE_SEQUENCE_NUMBER: repeated, OUT_OF_ORDER_SEQUENCE_NUMBER: gap } = ErrorCode;
  for (let back = 1; back <= 5; back++) {
    t.equal(
      producers.check(producerId, 2, next - 2 * back, 2),
      repeated,
      `the last but ${back - 1}`,
    );
    t.equal(producers.duplicateLastOffset, lastOffset - 2 * (back - 1), 'its offset');
  }
  t.equal(producers.check(producerId, 2, next + 1, 1), gap, 'a gap');
  t.equal(producers.check(producerId, 2, next, 1), ErrorCode.NONE, 'the next one');
}

for (const entryFormat of formats) {
  t.test(`a new owner knows them after a close and after a death, in ${entryFormat}`, async (t) => {
    const topic = await FakeTopic.start(t);
    const first = await ownerOf(t, topic, { entryFormat });
    await produce(first, 4001, 0, 6);
    await first.log.close();
    t.equal(topic.snapshots.kept.length, 1);
    const second = await ownerOf(t, topic, { entryFormat });
    knows(t, second, 4001, 11, 12);
    await produce(second, 4001, 12, 5);
    await produce(second, 4002, 0, 5);
    // The second one is fenced, and writes nothing more.
    const third = await ownerOf(t, topic, { entryFormat });
    t.strictSame(third.notices, [], 'nothing is unknown');
    knows(t, third, 4001, 22, 22);
    knows(t, third, 4002, 32, 10);
    const { delivered } = topic;
    await third.log.close();
    const fourth = await ownerOf(t, topic, { entryFormat });
    t.equal(topic.delivered, delivered, 'no entry is read again');
    knows(t, fourth, 4002, 32, 10);
    t.strictSame(
      [...topic.told.keys()].filter((name) => name.startsWith(place)),
      [`${place}3`],
    );
  });
}

t.test(
  'a snapshot now and then bounds what is scanned, and none counts what may be lost',
  async (t) => {
    const topic = await FakeTopic.start(t);
    const owner = await ownerOf(t, topic);
    await produce(owner, 7, 0, 20);
    await produce(owner, 8, 0, maxEntriesBetween);
    t.equal(topic.snapshots.kept.length, 1);
    await produce(owner, 8, 2 * maxEntriesBetween, 10);
    owner.nowMs += 600_000;
    const wanted = append(owner.log, recordsOf(2), {
      producerId: 9,
      producerEpoch: 2,
      baseSequence: 0,
    });
    owner.producers.batch(wanted, 0);
    owner.log.expire(owner.nowMs);
    t.equal(topic.snapshots.kept.length, 1, 'what has no receipt is not in a snapshot');
    await flushed(owner.log);
    owner.log.expire(owner.nowMs);
    t.equal(topic.snapshots.kept.length, 2, 'after some time, however little it is');
    const next = await ownerOf(t, topic);
    t.strictSame(next.notices, []);
    knows(t, next, 7, 39, 40);
    t.equal(next.producers.check(9, 2, 0, 2), ErrorCode.DUPLICATE_SEQUENCE_NUMBER);
  },
);

t.test('of a topic that is being deleted nothing is written down, nor asked', async (t) => {
  const topic = await FakeTopic.start(t);
  const owner = await ownerOf(t, topic, {});
  await produce(owner, 4001, 0, 6);
  const told = [...topic.told];
  await owner.log.close(true);
  t.equal(topic.snapshots.kept.length, 0);
  t.strictSame([...topic.told], told);
});

t.test('snapshots of many producers are seldom, and in parts', async (t) => {
  const topic = await FakeTopic.start(t);
  const row = {
    producerId: 1,
    producerEpoch: 0,
    lastSequence: 0,
    lastOffset: 0,
    offsetDelta: 0,
    timestamp: 0,
    coordinatorEpoch: -1,
    currentTxnFirstOffset: -1,
  };
  const tools = {
    topic: topic.name,
    topicId: topic.id,
    leaderEpoch: 0,
    admin: topic,
    store: topic.snapshots,
    codecs,
    clock: () => 0,
    takeSnapshot: () => new Array(80_000).fill(row),
    report: () => {},
  };
  const snapshots = new ProducerSnapshots(tools, [], 0, 0);
  const counts: number[] = [];
  for (let sent = 1; sent <= 20_000; sent++) {
    snapshots.appended(100, 0);
    snapshots.stored(sent, 3, sent);
    const before = topic.snapshots.kept.length;
    snapshots.advance(0, sent, sent);
    if (sent % 1_000 === 0) await setImmediate();
    if (topic.snapshots.kept.length > before) counts.push(sent);
  }
  t.strictSame(counts, [maxEntriesBetween, maxEntriesBetween + 10_000]);
  t.equal(topic.snapshots.kept.length, 8);
  t.ok(topic.snapshots.kept.every(({ length }) => length < 2 ** 20));
  await snapshots.close(20_000);
});

t.test('what cannot be read, or is of another topic, is passed', async (t) => {
  const topic = await FakeTopic.start(t);
  const first = await ownerOf(t, topic);
  await produce(first, 1, 0, 6);
  await first.log.close();
  const gone = JSON.stringify({ topicId: topic.id, offset: 13, after: null, parts: ['9:9'] });
  const beyond = JSON.stringify({ topicId: topic.id, offset: 1_000, after: null, parts: [] });
  const other = JSON.stringify({ topicId: 'other', offset: 12, after: null, parts: [] });
  for (const [epoch, told] of [gone, beyond, other, '{', 'null'].entries()) {
    topic.told.set(`${place}${100 + epoch}`, told);
  }
  const next = await ownerOf(t, topic);
  t.strictSame(next.notices, ['a snapshot of the producers cannot be read']);
  knows(t, next, 1, 11, 12);
});

t.test('without a snapshot the last entries tell, and the log says so', async (t) => {
  const topic = await FakeTopic.start(t);
  const first = await ownerOf(t, topic);
  topic.snapshots.failure = new Error('no room');
  await produce(first, 1, 0, 6);
  await produce(first, 2, 0, 20);
  first.nowMs += 600_000;
  first.log.expire(first.nowMs);
  await setImmediate();
  // So large that few of them are looked at.
  topic.entryBytes = 2 ** 23;
  t.strictSame(first.notices, [
    'the producers of a partition could not be written down; it is tried again',
  ]);
  const next = await ownerOf(t, topic);
  t.match(next.notices, [/no snapshot tells of the producers/]);
  knows(t, next, 2, 51, 40);
  t.equal(next.producers.check(1, 2, 0, 2), ErrorCode.NONE, 'it is not known');
});

t.test('an owner that is fenced and does not know it hides nothing', async (t) => {
  const topic = await FakeTopic.start(t);
  const old = await ownerOf(t, topic);
  await produce(old, 1, 0, 6);
  const next = await ownerOf(t, topic);
  await produce(next, 2, 0, 6);
  await next.log.close();
  // Nobody has told the old one.
  await old.log.close();
  const last = await ownerOf(t, topic);
  knows(t, last, 1, 11, 12);
  knows(t, last, 2, 24, 12);
});
