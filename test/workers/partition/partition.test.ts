import t from 'tap';
import { ErrorCode } from '../../../engine/protocol/kafka/errors.js';
import { LogFault, type ReadResult } from '../../../workers/log/log.js';
import { codecs, defaultTimestamp } from '../batch/build-batch.js';
import { logConfig } from '../batch/log-config.js';
import { TestMemory } from '../log/batches.js';
import { storageFault } from './memory-log.js';
import { setUp } from './set-up.js';

const three = { records: [{ key: 'a' }, { key: 'b' }, { key: 'c' }] };

t.test('acks=all is answered after the flush that covers it, and after publishing', async (t) => {
  const { log, partition, events, answers, send } = setUp();
  send(three);
  send();
  partition.drain();
  t.same(log.appends, [2], 'one write for the whole drain');
  t.same(events, ['publish 0'], 'nothing is visible or answered before the flush');
  send();
  partition.drain();
  t.equal(log.flushes, 1, 'one flush at a time');
  log.endFlush();
  t.same(events.slice(-3), ['publish 4', 'complete 1', 'complete 2']);
  t.equal(log.flushes, 2, 'what came meanwhile is flushed together');
  log.endFlush();
  t.same(events.slice(-2), ['publish 5', 'complete 3']);
  t.same(
    answers.map((answer) => answer.baseOffset),
    [0, 3, 4],
  );
  t.notOk(log.isFlushing);
});

t.test('acks=0 and acks=1 are answered after the write', async (t) => {
  const { log, partition, events, send } = setUp();
  send({}, 1);
  send({}, 0);
  partition.drain();
  t.same(events, ['publish 0', 'complete 1', 'complete 2']);
  t.ok(log.isFlushing, 'and yet become visible to readers');
  log.endFlush();
  t.equal(events.at(-1), 'publish 2');
});

t.test('durability=os answers everything after the write', async (t) => {
  const { log, partition, events, send, advanceClock } = setUp('os');
  send();
  send({}, 1);
  partition.drain();
  t.same(events, ['publish 2', 'complete 1', 'complete 2']);
  t.equal(log.flushes, 0);
  partition.maintain(advanceClock(10_000));
  t.equal(log.flushes, 1, 'a flush in the background bounds the recovery');
  log.endFlush();
});

t.test('offsets and the leader epoch are patched in place', async (t) => {
  const { log, partition, send } = setUp();
  send(three);
  const second = send(three);
  partition.drain();
  const stored = Buffer.from(log.batches[1]?.bytes ?? []);
  t.equal(stored.readBigInt64BE(0), 3n);
  t.equal(stored.readInt32BE(12), log.leaderEpoch);
  t.same(second.view.subarray(second.start, second.end), stored, 'the slab itself was patched');
  t.equal(codecs.checkBatch(stored, 0, stored.length, 4, 2 ** 20, new Float64Array(7)), 0);
});

t.test('a refused batch takes no offset and holds up nobody', async (t) => {
  const { log, partition, answers, send } = setUp();
  send();
  send({ recordCount: 3 });
  send();
  partition.drain();
  log.endFlush();
  t.same(
    answers.map(({ token, errorCode, baseOffset }) => [token, errorCode, baseOffset]),
    [
      [2, ErrorCode.INVALID_RECORD, -1],
      [1, 0, 0],
      [3, 0, 1],
    ],
  );
});

t.test(
  'while its log takes nothing, a request is refused at once and may be sent again',
  async (t) => {
    const { log, partition, send, answers } = setUp();
    log.takesAppends = false;
    partition.enqueue(send());
    t.match(answers, [{ errorCode: ErrorCode.NOT_ENOUGH_REPLICAS, baseOffset: -1 }]);
    t.equal(log.logEndOffset, 0);
  },
);

t.test('a failed flush answers all who wait and takes the partition offline', async (t) => {
  const { log, partition, events, answers, send } = setUp();
  send();
  partition.drain();
  send();
  partition.drain();
  log.endFlush(storageFault());
  t.same(
    answers.map((answer) => answer.errorCode),
    [ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.KAFKA_STORAGE_ERROR],
  );
  t.equal(events.filter((event) => event === 'offline').length, 1);
  t.equal(events.filter((event) => event.startsWith('publish')).at(-1), 'publish 0');
  send();
  t.equal(answers.at(-1)?.errorCode, ErrorCode.KAFKA_STORAGE_ERROR);
  partition.drain();
  t.equal(log.flushes, 1, 'a failed flush is never retried');
});

t.test('a full disk refuses the run, keeps nothing of it, and heals', async (t) => {
  const { log, partition, events, answers, send } = setUp();
  const producer = { producerId: 9, producerEpoch: 0 };
  log.nextFault = new LogFault('full', 'no space');
  send({ ...producer, baseSequence: 0 });
  send({ ...producer, baseSequence: 1 });
  partition.drain();
  t.same(
    answers.map((answer) => answer.errorCode),
    [ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.KAFKA_STORAGE_ERROR],
  );
  t.notOk(events.includes('offline'));
  send({ ...producer, baseSequence: 0 });
  partition.drain();
  log.endFlush();
  t.match(answers.at(-1), { errorCode: 0, baseOffset: 0 }, 'offset and sequence are free again');
});

t.test('a storage fault in the write answers the rest of the drain too', async (t) => {
  const { log, partition, answers, events, send } = setUp();
  send();
  partition.drain();
  log.nextFault = storageFault();
  send();
  send();
  partition.drain();
  t.same(
    answers.map((answer) => answer.errorCode),
    [56, 56, 56],
  );
  t.ok(events.includes('offline'));
  t.equal(partition.read(0, 100, true, 0, memory(), result()), ErrorCode.KAFKA_STORAGE_ERROR);
});

t.test('a duplicate is answered with the original offset', async (t) => {
  const { log, partition, answers, send } = setUp();
  const batch = { ...three, producerId: 5, producerEpoch: 1, baseSequence: 0 };
  send(batch);
  partition.drain();
  log.endFlush();
  send({});
  send(batch);
  partition.drain();
  t.match(answers.at(-1), {
    token: 3,
    errorCode: 0,
    baseOffset: 0,
    appendTimeMs: defaultTimestamp,
  });
  t.equal(log.batches.length, 2);
});

t.test('a duplicate of a batch in flight waits for its outcome', async (t) => {
  const { log, partition, events, answers, send } = setUp();
  const batch = { producerId: 5, producerEpoch: 1, baseSequence: 0 };
  send(batch);
  send(batch);
  partition.drain();
  send(batch);
  partition.drain();
  t.same(log.appends, [1]);
  t.same(answers, []);
  log.endFlush();
  t.same(events.slice(-3), ['complete 1', 'complete 2', 'complete 3'], 'one flush covers all');
  t.ok(answers.every((answer) => answer.baseOffset === 0));

  const failing = setUp();
  failing.log.nextFault = new LogFault('full', 'no space');
  failing.send(batch);
  failing.send(batch);
  failing.partition.drain();
  t.same(
    failing.answers.map((answer) => answer.errorCode),
    [56, 56],
    'and shares its failure',
  );
});

t.test('sequences are checked one behind the other within a drain', async (t) => {
  const { log, partition, answers, send } = setUp();
  const producer = { producerId: 5, producerEpoch: 1 };
  send({ ...three, ...producer, baseSequence: 0 });
  send({ ...three, ...producer, baseSequence: 3 });
  send({ ...producer, baseSequence: 7 });
  send({ ...producer, producerEpoch: 0, baseSequence: 6 });
  partition.drain();
  log.endFlush();
  t.same(
    answers.map(({ token, errorCode }) => [token, errorCode]),
    [
      [3, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER],
      [4, ErrorCode.INVALID_PRODUCER_EPOCH],
      [1, 0],
      [2, 0],
    ],
  );
});

t.test('more than five batches of one producer go in two writes', async (t) => {
  const { log, partition, send } = setUp();
  for (let sequence = 0; sequence < 7; sequence++) {
    send({ producerId: 5, producerEpoch: 1, baseSequence: sequence });
  }
  partition.drain();
  t.same(log.appends, [5, 2]);
  t.equal(log.logEndOffset, 7);
});

t.test('transactional batches are refused', async (t) => {
  const { partition, answers, send } = setUp();
  send({ attributes: 0x10, producerId: 5, producerEpoch: 0, baseSequence: 0 });
  partition.drain();
  t.equal(answers[0]?.errorCode, ErrorCode.INVALID_TXN_STATE);
});

function memory() {
  const view = new Uint8Array(4096);
  return { view, allocate: () => 128, release: () => {} };
}

function result(): ReadResult {
  return { start: 5, sizeBytes: 5, starved: true, awaited: false };
}

t.test('reads never pass the high watermark', async (t) => {
  const { log, partition, send } = setUp();
  send(three);
  partition.drain();
  const read = result();
  t.equal(partition.read(0, 1000, true, 0, memory(), read), 0);
  t.same(
    read,
    { start: -1, sizeBytes: 0, starved: false, awaited: false },
    'written, not yet stable',
  );
  log.endFlush();
  t.equal(partition.read(1, 1000, true, 0, memory(), read), 0);
  t.same(read, { start: 128, sizeBytes: log.sizeBytes, starved: false, awaited: false });
  t.equal(partition.read(3, 1000, true, 0, memory(), read), 0);
  t.equal(read.start, -1);
  t.equal(partition.read(4, 1000, true, 0, memory(), read), ErrorCode.OFFSET_OUT_OF_RANGE);
  log.logStartOffset = 2;
  t.equal(partition.read(1, 1000, true, 0, memory(), read), ErrorCode.OFFSET_OUT_OF_RANGE);
  log.nextFault = new LogFault('corrupt', 'bad bytes');
  t.equal(partition.read(2, 1000, true, 0, memory(), read), ErrorCode.CORRUPT_MESSAGE);
});

t.test('readers of committed records end where an open transaction begins', async (t) => {
  const { log, partition, send } = setUp();
  send(three);
  partition.drain();
  log.endFlush();
  const end = (isolation: number) => {
    const result = { start: -1, sizeBytes: 0, starved: false, awaited: false };
    const errorCode = partition.read(0, 1_000_000, true, isolation, new TestMemory(), result);
    t.equal(errorCode, ErrorCode.NONE);
    return result.sizeBytes > 0;
  };
  t.ok(end(1));
  t.notOk(partition.hasAborted(0));
  log.aborted = [{ producerId: 7, firstOffset: 1 }];
  t.ok(partition.hasAborted(0));
  t.strictSame(partition.abortedIn(0, 1), []);
  t.strictSame(partition.abortedIn(0, 2), log.aborted);
  log.firstOpenOffset = 0;
  t.equal(partition.lastStableOffset, 0);
  t.notOk(end(1));
  t.ok(end(0));
});

t.test('offsets are listed up to the high watermark', async (t) => {
  const { log, partition, send } = setUp();
  send(three);
  partition.drain();
  log.endFlush();
  send({ records: [{ timestamp: defaultTimestamp + 5 }] });
  partition.drain();
  const list = (timestamp: number) => partition.listOffset(timestamp);
  t.match(await list(-1), { errorCode: 0, offset: 3, timestamp: -1, leaderEpoch: 7 });
  t.match(await list(-2), { offset: 0, timestamp: -1, leaderEpoch: 7 });
  t.match(await list(-3), { offset: 0, timestamp: defaultTimestamp });
  t.match(await list(-4), { offset: 0 });
  t.match(await list(-5), { errorCode: 0, offset: -1 });
  t.match(await list(defaultTimestamp), { offset: 0, timestamp: defaultTimestamp });
  t.match(await list(defaultTimestamp + 1), { errorCode: 0, offset: -1 }, 'not yet stable');
  t.match(await partition.endOffsetForEpoch(-1, 7), { errorCode: 0, offset: 3, leaderEpoch: 7 });
  t.match(await partition.endOffsetForEpoch(7, 6), { errorCode: 0, offset: -1 });
  t.match(await partition.endOffsetForEpoch(6, 6), { errorCode: ErrorCode.FENCED_LEADER_EPOCH });
  t.match(await partition.endOffsetForEpoch(8, 6), { errorCode: ErrorCode.UNKNOWN_LEADER_EPOCH });
});

t.test('DeleteRecords is answered once it is durable', async (t) => {
  const { log, partition, published, send } = setUp();
  send(three);
  partition.drain();
  log.endFlush();
  const trimmed = partition.trim(2);
  t.same(log.trims, [2]);
  t.ok(log.isFlushing);
  log.endFlush();
  t.same(await trimmed, { errorCode: 0, logStartOffset: 2 });
  t.equal(published.at(-1), 3);
  t.same(await partition.trim(1), { errorCode: 0, logStartOffset: 2 }, 'below the start: nothing');
  t.match(await partition.trim(4), { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE });
  t.match(await partition.trim(-2), { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE });
  const all = partition.trim(-1);
  log.endFlush();
  t.same(await all, { errorCode: 0, logStartOffset: 3 });
});

t.test('DeleteRecords that a full disk stops halfway shows how far it came', async (t) => {
  const { log, partition, starts, send } = setUp();
  send(three);
  partition.drain();
  log.endFlush();
  log.trim = (logStartOffset) => {
    log.logStartOffset = logStartOffset;
    throw new LogFault('full', 'no space');
  };
  t.match(await partition.trim(2), { errorCode: ErrorCode.KAFKA_STORAGE_ERROR });
  t.equal(starts.at(-1), 2);
});

t.test('DeleteRecords fails with the flush that it waits for', async (t) => {
  const { log, partition, send } = setUp();
  send(three);
  partition.drain();
  log.endFlush();
  const trimmed = partition.trim(2);
  log.endFlush(storageFault());
  t.match(await trimmed, { errorCode: ErrorCode.KAFKA_STORAGE_ERROR });
});

t.test('closing writes, flushes and answers what is under way', async (t) => {
  const { log, partition, answers, send } = setUp();
  send();
  const closed = partition.close();
  t.ok(log.isFlushing);
  log.endFlush();
  if (log.isFlushing) log.endFlush();
  await closed;
  t.ok(log.closed);
  t.match(answers, [{ errorCode: 0, baseOffset: 0 }]);
  send();
  t.equal(answers.at(-1)?.errorCode, ErrorCode.NOT_LEADER_OR_FOLLOWER);
  t.match(await partition.listOffset(-1), { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER });
  await partition.close();
});

t.test('a topic may change while it is written', async (t) => {
  const { log, partition, copies, answers, send, advanceClock } = setUp();
  partition.configure(logConfig({ compressionType: 'gzip', timestampType: 'LogAppendTime' }));
  t.equal(log.config?.compressionType, 'gzip');
  const now = advanceClock(777);
  send(three);
  partition.drain();
  log.endFlush();
  t.same(copies, ['recompress']);
  t.match(answers, [{ errorCode: 0, appendTimeMs: now }]);
  t.match(log.batches[0], { maxTimestamp: now });
});

t.test('producers are described and expire', async (t) => {
  const { partition, send, advanceClock } = setUp();
  send({ producerId: 5, producerEpoch: 1, baseSequence: 0 });
  partition.drain();
  t.match(partition.producers(), [
    { producerId: 5, producerEpoch: 1, lastSequence: 0, lastTimestamp: defaultTimestamp },
  ]);
  t.match(partition.describe(), { logEndOffset: 1, highWatermark: 0, producers: 1 });
  partition.maintain(advanceClock(86_400_000));
  t.same(partition.producers(), []);
});
