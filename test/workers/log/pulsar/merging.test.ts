/** Batches that wait together become one entry. */
import t, { type Test } from 'tap';
import { ErrorCode } from '../../../../engine/protocol/kafka/errors.js';
import {
  baseOffset,
  lastOffset,
  producerId,
} from '../../../../engine/protocol/kafka/record-batch.js';
import type { EntryFormat } from '../../../../workers/format/entry-encoder.js';
import { maxMergedBytes } from '../../../../workers/log/pulsar/entry-merger.js';
import { Partition } from '../../../../workers/partition/partition.js';
import { ProducerState } from '../../../../workers/partition/producer-state.js';
import { AppendRequest } from '../../../../workers/partition/request.js';
import { readBatches } from '../../format/read-records.js';
import { type BatchSpec, batchAt, codecs, recordsOf, runOf } from '../batches.js';
import { logConfig } from '../log-config.js';
import { flushed } from '../read-log.js';
import { Session } from '../session.js';
import { FakeTopic } from './fake-topic.js';
import { type FakeLogOptions, openFakeLog } from './open-fake-log.js';

/** A batch: so many records of so many bytes. */
interface Batch extends BatchSpec {
  readonly count: number;
  readonly valueBytes?: number;
}

async function sessionOn(t: Test, topic: FakeTopic, options: FakeLogOptions): Promise<Session> {
  const log = await openFakeLog(t, topic, options);
  t.teardown(() => log.close());
  return new Session({ log, reopen: () => Promise.reject(new Error('not here')) });
}

/** Appends all in one run; returns messages of the entries that came of it. */
async function appendRun(topic: FakeTopic, { log }: Session, batches: Batch[]): Promise<number[]> {
  const before = topic.entries.length;
  let offset = log.logEndOffset;
  const made = batches.map(({ count, valueBytes = 20, ...spec }) => {
    const batch = batchAt(offset, recordsOf(count, valueBytes), {
      epoch: log.leaderEpoch,
      ...spec,
    });
    offset += count;
    return batch;
  });
  t.ok(made.every((batch) => log.accepts(batch)));
  log.append(runOf(...made));
  t.equal(log.logEndOffset, offset);
  await flushed(log);
  return topic.entries.slice(before).map(({ messages }) => messages);
}

async function start(t: Test): Promise<FakeTopic> {
  const topic = await FakeTopic.start(t);
  topic.maxMessageBytes = 2 ** 20;
  return topic;
}

const settings = {
  durability: 'fsync',
  validateRecords: 'full',
  maxInflatedBytes: 2 ** 24,
} as const;

const many: Batch[] = Array.from({ length: 300 }, (_, i) => ({
  count: 1 + (i % 3),
  compression: i % 5 === 0 ? 1 : 0,
  ...(i % 2 === 0 && { producerId: 4000 + (i % 7), producerEpoch: 1, baseSequence: i }),
}));
const total = many.reduce((sum, { count }) => sum + count, 0);

for (const [entryFormat, kopCompatible] of [
  ['pulsar', true],
  ['kafka', false],
  ['mixed_kafka', false],
] satisfies [EntryFormat, boolean][]) {
  t.test(`they are read as they were written, in ${entryFormat}`, async (t) => {
    const topic = await start(t);
    const config = { entryFormat };
    const session = await sessionOn(t, topic, { config, kopCompatible });
    const entries = await appendRun(topic, session, many);
    t.equal(entries.length, 2, '256 batches are the most');
    t.equal(
      entries.reduce((sum, messages) => sum + messages, 0),
      total,
    );
    let offset = 0;
    const batches = await session.readAll();
    t.equal(batches.length, many.length);
    for (const [i, batch] of batches.entries()) {
      const { count, producerId: id = -1 } = many[i] as Batch;
      t.strictSame([baseOffset(batch, 0), lastOffset(batch, 0)], [offset, offset + count - 1]);
      t.equal(producerId(batch, 0), id);
      t.equal(readBatches(batch)[0]?.records.length, count);
      offset += count;
    }
    const producers = new ProducerState(2 ** 40, Date.now);
    topic.told.clear();
    const next = await sessionOn(t, topic, { config, kopCompatible, producers });
    t.equal(producers.size, 7);
    t.same((await next.readAll()).length, many.length);
  });
}

t.test('KoP reads one batch of an entry', async (t) => {
  const topic = await start(t);
  for (const entryFormat of ['kafka', 'mixed_kafka'] as const) {
    const session = await sessionOn(t, topic, { config: { entryFormat } });
    t.strictSame(await appendRun(topic, session, [{ count: 1 }, { count: 2 }]), [1, 2]);
    await session.log.close();
  }
});

t.test('what does not belong together is apart', async (t) => {
  const topic = await start(t);
  const of = (producerEpoch: number) => ({
    count: 1,
    producerId: 1,
    producerEpoch,
    baseSequence: 0,
  });
  for (const entryFormat of ['pulsar', 'kafka'] as const) {
    const options = { config: { entryFormat }, kopCompatible: false };
    const session = await sessionOn(t, topic, options);
    const epochs = [of(1), { count: 1 }, of(1), of(2), of(2)];
    t.strictSame(await appendRun(topic, session, epochs), [3, 2]);
    const transaction = { ...of(3), transactional: true };
    const mixed = [{ count: 1 }, transaction, transaction, { count: 1 }, { count: 1 }];
    t.strictSame(await appendRun(topic, session, mixed), [1, 1, 1, 2]);
    const large = { count: 1, valueBytes: Math.ceil(maxMergedBytes / 3) };
    t.strictSame(await appendRun(topic, session, [large, large, large, large]), [2, 2]);
    await session.log.close();
  }
});

t.test('an entry is never longer than the broker takes', async (t) => {
  const topic = await FakeTopic.start(t);
  for (const entryFormat of ['pulsar', 'kafka'] as const) {
    for (let valueBytes = 1; valueBytes < 100; valueBytes += 7) {
      topic.maxMessageBytes = 600 + valueBytes;
      const options = { config: { entryFormat }, kopCompatible: false };
      const { log } = await sessionOn(t, topic, options);
      const session = new Session({ log, reopen: () => Promise.reject(new Error('not here')) });
      const spec = { count: 1, valueBytes, producerId: 1, producerEpoch: 0 };
      const run = Array.from({ length: 40 }, (_, i) => ({ ...spec, baseSequence: i }));
      const before = topic.entries.length;
      const entries = await appendRun(topic, session, run);
      t.ok(entries.length > 1 && entries.length < 40);
      for (const { bytes } of topic.entries.slice(before)) {
        // Checksum, its magic and the metadata's size are not counted.
        t.ok(bytes.length <= topic.maxMessageBytes + 10, `${bytes.length}`);
      }
      await log.close();
    }
  }
});

t.test('batches wait for each other while entries are under way', async (t) => {
  const topic = await start(t);
  const held: (() => void)[] = [];
  topic.beforeStore = (sent, peer) => {
    held.push(() => {
      const { ledgerId, entryId } = topic.store(sent.messageCount, sent.entry);
      peer.receipt(sent, ledgerId, entryId);
    });
    return 'ignore';
  };
  const { log } = await sessionOn(t, topic, { config: { entryFormat: 'pulsar' } });
  const session = new Session({ log, reopen: () => Promise.reject(new Error('not here')) });
  let appended = 0;
  for (; log.isWritable; appended++) log.append(runOf(batchAt(log.logEndOffset, recordsOf(1))));
  t.ok(appended > 1 && appended < 100, `${appended} entries are under way`);
  while (held.length < appended) await new Promise((resolve) => setImmediate(resolve));
  for (const store of held.splice(0)) store();
  await session.until(() => log.isWritable);
  log.configure({ ...logConfig(), entryFormat: 'kafka' });
  t.ok(log.isWritable, 'there is nothing to wait for where none are merged');
});

t.test('a drain that has begun is taken, whatever is under way', async (t) => {
  const topic = await start(t);
  const session = await sessionOn(t, topic, {});
  const { log } = session;
  const one = () => batchAt(log.logEndOffset, recordsOf(1));
  for (let i = 0; i < 1_200; i++) log.append(runOf(one()));
  t.notOk(log.isWritable);
  await session.until(() => log.isWritable);
  await flushed(log);
  t.equal(topic.entries.length, 1_200);
});

t.test('where others write, too, each request has its own offset', async (t) => {
  for (const entryFormat of ['pulsar', 'kafka'] as const) {
    const topic = await start(t);
    const config = { entryFormat, pulsarWriters: 'shared' } as const;
    const producers = new ProducerState(2 ** 40, Date.now);
    const log = await openFakeLog(t, topic, { config, kopCompatible: false, producers });
    const answers: number[] = [];
    let wake: () => void = () => {};
    const name = { topic: 'topic', partition: 0 };
    const partition = new Partition(name, log, producers, codecs, settings, logConfig(config), {
      complete: ({ token, errorCode, baseOffset }) => {
        t.equal(errorCode, 0);
        answers[token] = baseOffset;
        wake();
      },
      publish() {},
      report() {},
      arrived() {},
      offline: ({ message }) => t.fail(message),
      compact() {},
      copied() {},
      now: Date.now,
    });
    t.teardown(() => partition.close());
    const before = topic.entries.length;
    // Somebody else's entry comes first.
    topic.beforeStore = () => {
      topic.beforeStore = () => 'store';
      topic.store(3);
      return 'store';
    };
    const expected: number[] = [];
    let offset = log.logEndOffset + 3;
    for (let token = 0; token < 50; token++) {
      const count = 1 + (token % 3);
      const spec = { producerId: 40 + token, producerEpoch: 0, baseSequence: 0 };
      const bytes = batchAt(0, recordsOf(count), spec);
      partition.enqueue(new AppendRequest(token, bytes, 0, bytes.length));
      expected.push(offset);
      offset += count;
    }
    partition.drain();
    while (answers.filter((answer) => answer >= 0).length < expected.length) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    t.strictSame(answers, expected, entryFormat);
    t.equal(topic.entries.length - before, 2);
    await partition.close();
    const known = new ProducerState(2 ** 40, Date.now);
    await openFakeLog(t, topic, { config, producers: known });
    t.equal(known.check(89, 0, 0, 2), ErrorCode.DUPLICATE_SEQUENCE_NUMBER);
    t.equal(known.duplicateBaseOffset, expected[49]);
  }
});
