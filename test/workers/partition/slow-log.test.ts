/** A partition over a log that answers later and by itself, as the Pulsar log does. */
import t from 'tap';
import { ErrorCode } from '../../../engine/protocol/kafka/errors.js';
import { LogFault, type ReadResult } from '../../../workers/log/log.js';
import { storageFault } from './memory-log.js';
import { setUp } from './set-up.js';

t.test('appends wait until the log can be written to', async (t) => {
  const { log, partition, events, send } = setUp();
  log.isWritable = false;
  send();
  send();
  partition.drain();
  t.same(log.appends, []);
  t.same(events, []);
  log.isWritable = true;
  log.events?.progress();
  t.same(log.appends, [2], 'together');
});

t.test(
  'what waits for an end of the log is answered as the log moves it, flush or not',
  async (t) => {
    const { log, partition, events, send } = setUp();
    for (let count = 0; count < 3; count++) {
      send();
      partition.drain();
    }
    events.length = 0;
    log.stableEndOffset = 2;
    log.events?.progress();
    t.same(events, ['publish 2', 'complete 1', 'complete 2']);
    log.endFlush();
    log.endFlush();
    t.same(events.slice(-2), ['publish 3', 'complete 3']);
  },
);

t.test('batches that go out from where they lie are not given back before', async (t) => {
  const { log, partition, events, send } = setUp();
  log.borrowsUntilStable = true;
  send({}, 1);
  send({}, 0);
  partition.drain();
  t.same(events, ['publish 0']);
  log.stableEndOffset = 2;
  log.events?.progress();
  t.same(events.slice(1), ['publish 2', 'complete 1', 'complete 2']);
});

t.test('a log that ends takes what waits with it', async (t) => {
  const { log, partition, events, answers, send } = setUp();
  send();
  partition.drain();
  log.isWritable = false;
  send();
  partition.drain();
  log.events?.ended(storageFault());
  t.match(answers, [
    { token: 2, errorCode: ErrorCode.KAFKA_STORAGE_ERROR },
    { token: 1, errorCode: ErrorCode.KAFKA_STORAGE_ERROR },
  ]);
  t.ok(events.includes('arrived'), 'held reads get the error');
  t.ok(events.includes('offline'));
});

t.test('a log that another owner has taken sends clients elsewhere', async (t) => {
  const { log, partition, answers, send } = setUp();
  send();
  partition.drain();
  log.events?.ended(new LogFault('fenced', 'there is another owner'));
  send();
  t.match(answers, [
    { token: 1, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER },
    { token: 2, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER },
  ]);
  t.equal((await partition.listOffset(-1)).errorCode, ErrorCode.NOT_LEADER_OR_FOLLOWER);
});

t.test('closing refuses what the log could not take yet', async (t) => {
  const { log, partition, answers, send } = setUp();
  log.isWritable = false;
  send();
  partition.drain();
  await partition.close();
  t.match(answers, [{ token: 1, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER }]);
});

t.test('a read is tried again when what it waits for has come', async (t) => {
  const { log, partition, events, send } = setUp();
  send();
  partition.drain();
  log.endFlush();
  log.isAwaited = true;
  const result: ReadResult = { start: -1, sizeBytes: 0, starved: false, awaited: false };
  const memory = { view: new Uint8Array(1024), allocate: () => 0, release() {} };
  t.equal(partition.read(0, 1024, true, 0, memory, result), ErrorCode.NONE);
  t.ok(result.awaited);
  log.isAwaited = false;
  log.events?.arrived();
  t.equal(events.at(-1), 'arrived');
  t.equal(partition.read(0, 1024, true, 0, memory, result), ErrorCode.NONE);
  t.notOk(result.awaited);
  t.ok(result.sizeBytes > 0);
});
