/** Offsets that a log tells once a batch is stored: what is answered, and to whom. */
import t from 'tap';
import { ErrorCode } from '../../../engine/protocol/kafka/errors.js';
import { LogFault } from '../../../workers/log/log.js';
import { storageFault } from './memory-log.js';
import { setUp } from './set-up.js';

/** Three records. */
const three = { records: [{ key: 'a' }, { key: 'b' }, { key: 'c' }] };
const producer = { producerId: 5, producerEpoch: 1 };

function setUpLate() {
  const all = setUp('fsync', {}, (log) => {
    log.assignsOffsets = false;
    log.borrowsUntilStable = true;
  });
  const codes = () =>
    all.answers.map(({ token, errorCode, baseOffset }) => [token, errorCode, baseOffset]);
  return { ...all, codes };
}

t.test(
  'a request is answered with the offset that its batch got, once that is published',
  async (t) => {
    const { log, partition, events, send, codes } = setUpLate();
    for (const acks of [-1, 0, 1]) send({}, acks);
    partition.drain();
    t.same(codes(), [], 'acks=0 and acks=1 wait as well: the bytes are lent');
    log.place(7);
    t.same(codes(), [[1, 0, 7]]);
    t.same(events.slice(-2), ['publish 8', 'complete 1']);
    log.place();
    log.place(2);
    t.same(codes().slice(1), [
      [2, 0, 8],
      [3, 0, 11],
    ]);
    t.equal(partition.highWatermark, 12);
    const stored = Buffer.from(log.batches[0]?.bytes ?? []);
    t.equal(stored.readBigInt64BE(0), 0n, 'a batch has no offset before it is stored');
    t.equal(stored.readInt32BE(12), log.leaderEpoch);
  },
);

t.test('what others write moves the high watermark', async (t) => {
  const { log, partition, published } = setUpLate();
  log.logEndOffset = 5;
  log.stableEndOffset = 5;
  log.events?.progress();
  t.equal(published.at(-1), 5);
  t.equal(partition.highWatermark, 5);
});

t.test('a duplicate waits for the batch that it repeats, and gets its offset', async (t) => {
  const { log, partition, send, codes } = setUpLate();
  const batch = { ...three, ...producer, baseSequence: 0 };
  send(batch);
  send(batch);
  partition.drain();
  send({ ...producer, baseSequence: 3 });
  send(batch);
  partition.drain();
  t.same(log.appends, [1, 1]);
  t.same(codes(), []);
  log.place(10);
  t.same(codes().slice(0, 2), [
    [1, 0, 10],
    [2, 0, 10],
  ]);
  log.place(1);
  t.same(codes().slice(2), [
    [4, 0, 10],
    [3, 0, 14],
  ]);
  send(batch);
  send({ ...producer, baseSequence: 3 });
  partition.drain();
  t.same(codes().slice(4), [
    [5, 0, 10],
    [6, 0, 14],
  ]);
  t.equal(log.unplaced.length, 0, 'neither was written again');
});

t.test('sequences are checked while nothing is placed', async (t) => {
  const { log, partition, send, codes } = setUpLate();
  for (let sequence = 0; sequence < 12; sequence++) send({ ...producer, baseSequence: sequence });
  partition.drain();
  t.same(log.appends, [5, 5, 2]);
  send({ ...producer, baseSequence: 14 });
  send({ ...producer, producerEpoch: 0, baseSequence: 12 });
  partition.drain();
  t.same(codes(), [
    [13, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, -1],
    [14, ErrorCode.INVALID_PRODUCER_EPOCH, -1],
  ]);
  for (let placed = 0; placed < 12; placed++) log.place(1);
  t.same(
    codes().slice(2),
    Array.from({ length: 12 }, (_, index) => [index + 1, 0, 2 * index + 1]),
  );
});

t.test('a run that the log refuses leaves nothing behind', async (t) => {
  const { log, partition, send, codes } = setUpLate();
  const batch = { ...producer, baseSequence: 0 };
  send({ ...producer, producerId: 6, baseSequence: 0 });
  partition.drain();
  log.nextFault = new LogFault('full', 'no space');
  send(batch);
  send(batch);
  partition.drain();
  t.same(codes(), [
    [2, ErrorCode.KAFKA_STORAGE_ERROR, -1],
    [3, ErrorCode.KAFKA_STORAGE_ERROR, -1],
  ]);
  send(batch);
  partition.drain();
  log.place();
  log.place(4);
  t.same(codes().slice(2), [
    [1, 0, 0],
    [4, 0, 5],
  ]);
});

t.test('a log that ends answers all that has no place', async (t) => {
  const { log, partition, events, send, codes } = setUpLate();
  send({ ...producer, baseSequence: 0 });
  send({ ...producer, baseSequence: 0 });
  send();
  partition.drain();
  log.place(3);
  log.events?.ended(storageFault());
  t.same(codes(), [
    [1, 0, 3],
    [2, 0, 3],
    [3, ErrorCode.KAFKA_STORAGE_ERROR, -1],
  ]);
  t.equal(events.filter((event) => event === 'offline').length, 1);
});

t.test('a close waits for what is under way', async (t) => {
  const { log, partition, send, codes } = setUpLate();
  send();
  partition.drain();
  const closing = partition.close();
  send();
  log.place();
  await closing;
  t.same(codes(), [
    [2, ErrorCode.NOT_LEADER_OR_FOLLOWER, -1],
    [1, 0, 0],
  ]);
  t.ok(log.closed);
});

t.test('thousands of batches under way', async (t) => {
  const { log, partition, send, codes } = setUpLate();
  for (let round = 0; round < 3; round++) {
    for (let batch = 0; batch < 1_500; batch++) send();
    partition.drain();
    for (let batch = 0; batch < 1_200; batch++) log.place();
  }
  while (log.unplaced.length > 0) log.place();
  t.same(
    codes().map(([token, , baseOffset]) => [token, baseOffset]),
    Array.from({ length: 4_500 }, (_, index) => [index + 1, index]),
  );
});
