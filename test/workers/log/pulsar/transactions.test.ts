/** Transactions that KoP left in a topic: found at the opening, read only. */
import t, { type Test } from 'tap';
import {
  baseOffset,
  isControl,
  lastOffset,
  producerEpoch,
  producerId,
} from '../../../../engine/protocol/kafka/record-batch.js';
import { RecordBatchBuilder } from '../../../../engine/protocol/kafka/record-batch-builder.js';
import {
  KAFKA_ENVELOPE_BYTES,
  putKafkaEnvelope,
} from '../../../../workers/format/entry-encoder.js';
import type { PulsarLog } from '../../../../workers/log/pulsar/pulsar-log.js';
import { transactionsProperty } from '../../../../workers/log/pulsar/transaction-scan.js';
import { Session } from '../session.js';
import { FakeTopic } from './fake-topic.js';
import { openFakeLog } from './open-fake-log.js';

/** An entry of KoP's with `count` records of a producer, in its transaction unless the producer is -1. */
function entry(producer: number, count: number): Buffer {
  const transactional = producer >= 0;
  const builder = new RecordBatchBuilder({
    transactional,
    producerId: producer,
    producerEpoch: transactional ? 3 : -1,
    baseSequence: transactional ? 0 : -1,
  });
  for (let at = 0; at < count; at++) builder.append(1_000, null, Buffer.from([at]));
  return enveloped(builder.finish(), count);
}

/** The end of a transaction as KoP writes it in the kafka format. */
function control(producer: number, isCommit: boolean): Buffer {
  const options = { transactional: true, control: true, producerId: producer, producerEpoch: 3 };
  const builder = new RecordBatchBuilder(options);
  builder.append(1_000, Buffer.from([0, 0, 0, isCommit ? 1 : 0]), Buffer.alloc(6));
  return enveloped(builder.finish(), 1);
}

function enveloped(batch: Uint8Array, count: number): Buffer {
  const bytes = Buffer.alloc(KAFKA_ENVELOPE_BYTES + batch.length);
  const end = putKafkaEnvelope(count, 1_000, bytes, 0, bytes.length);
  bytes.set(batch, end);
  return bytes.subarray(0, end + batch.length);
}

async function open(t: Test, topic: FakeTopic, transactions: 'read' | 'read-with-commits') {
  const log = await openFakeLog(t, topic, { transactions });
  t.teardown(() => log.close());
  return log;
}

/** Offset, producer and epoch of each control batch of a producer's. */
async function ends(log: PulsarLog): Promise<[number, number, number][]> {
  const session = new Session({ log, reopen: () => Promise.reject(new Error('not here')) });
  const batches: Uint8Array[] = [];
  for (let offset = 0; offset < log.stableEndOffset; ) {
    batches.push(...(await session.readOnce(offset, 2 ** 19, log.stableEndOffset)));
    offset = lastOffset(batches.at(-1) as Uint8Array, 0) + 1;
  }
  return batches
    .filter((batch) => isControl(batch, 0) && producerId(batch, 0) >= 0)
    .map((batch) => [baseOffset(batch, 0), producerId(batch, 0), producerEpoch(batch, 0)]);
}

/** Producer 1 commits 0–1, producer 2 aborts 3–4, producer 1 aborts 6, producer 5 is still at it from 9 on. */
async function topicOfKop(t: Test): Promise<FakeTopic> {
  const topic = await FakeTopic.start(t);
  topic.store(2, entry(1, 2));
  topic.endTransaction({ producerId: 1, producerEpoch: 3, isCommit: true });
  topic.store(1, entry(2, 1));
  topic.store(1, entry(2, 1));
  topic.endTransaction({ producerId: 2, producerEpoch: 3, isCommit: false });
  topic.rollLedger();
  topic.store(1, entry(1, 1));
  topic.store(1, control(1, false));
  // Nobody knows what it ends, so it hides nothing.
  topic.endTransaction({ producerId: 7, producerEpoch: 3, isCommit: false });
  topic.store(2, entry(5, 2));
  topic.store(3, entry(-1, 3));
  return topic;
}

t.test('open and aborted ones are known, and what ended is told', async (t) => {
  const log = await open(t, await topicOfKop(t), 'read');
  t.equal(log.firstOpenOffset, 9);
  t.strictSame(log.abortedIn(0, 9), [
    { producerId: 2, firstOffset: 3 },
    { producerId: 1, firstOffset: 6 },
  ]);
  t.strictSame(log.abortedIn(5, 6), [{ producerId: 2, firstOffset: 3 }], 'its marker is at 5');
  t.strictSame(log.abortedIn(6, 9), [{ producerId: 1, firstOffset: 6 }]);
  t.strictSame(log.abortedIn(8, 20), []);
  t.strictSame(await ends(log), [
    [2, 1, 3],
    [5, 2, 3],
    [7, 1, 3],
    [8, 7, 3],
  ]);
});

t.test('a later opening goes on from what was stored', async (t) => {
  const topic = await topicOfKop(t);
  await (await open(t, topic, 'read')).close();
  const stored = topic.told.get(transactionsProperty) ?? '';
  t.match(JSON.parse(stored), {
    open: [[5, 9]],
    aborted: [
      [2, 3, 3, 5],
      [1, 3, 6, 7],
    ],
  });
  topic.endTransaction({ producerId: 5, producerEpoch: 3, isCommit: false });
  // Not what the topic has: what was looked at once counts.
  topic.told.set(transactionsProperty, stored.replace('[1,3,6,7]', '[1,3,6,8]'));
  const log = await open(t, topic, 'read');
  t.equal(log.firstOpenOffset, Number.POSITIVE_INFINITY);
  t.strictSame(log.abortedIn(8, 100), [
    { producerId: 1, firstOffset: 6 },
    { producerId: 5, firstOffset: 9 },
  ]);
});

t.test('ends that commit are found by each opening where they are needed', async (t) => {
  const topic = await topicOfKop(t);
  const first = await open(t, topic, 'read-with-commits');
  const found = await ends(first);
  await first.close();
  t.notOk(topic.told.has(transactionsProperty));
  t.strictSame(await ends(await open(t, topic, 'read-with-commits')), found);
});
