import t, { type Test } from 'tap';
import { baseOffset, lastOffset } from '../../../../engine/protocol/kafka/record-batch.js';
import { readTimeoutMs } from '../../../../workers/log/pulsar/catch-up.js';
import { CacheMemory } from '../../../../workers/log/pulsar/entry-cache.js';
import { batchAt, newResult, recordsOf, TestMemory } from '../batches.js';
import { flushed } from '../read-log.js';
import { append, recordsIn, Session } from '../session.js';
import type { Peer, Sent } from './fake-broker.js';
import { FakeTopic } from './fake-topic.js';
import { type FakeLogOptions, openFakeLog } from './open-fake-log.js';

async function sessionOn(
  t: Test,
  topic: FakeTopic,
  options: FakeLogOptions = {},
): Promise<Session> {
  const log = await openFakeLog(t, topic, options);
  t.teardown(() => log.close());
  return new Session({ log, reopen: () => Promise.reject(new Error('not here')) });
}

/** Resolves once something is so of which a log tells nothing. */
async function turns(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

/** Offsets and numbers of records of all batches from the start, those that stand for a hole included. */
async function layout(session: Session): Promise<[number, number, number][]> {
  const found: [number, number, number][] = [];
  for (let offset = session.log.logStartOffset; offset < session.log.stableEndOffset; ) {
    const batches = await session.readOnce(offset, 2 ** 19, session.log.stableEndOffset);
    for (const one of batches) found.push([baseOffset(one, 0), lastOffset(one, 0), recordsIn(one)]);
    offset = (found.at(-1)?.[1] ?? Number.NaN) + 1;
  }
  return found;
}

/** Stores the next `stored` sends without a receipt; then the connection is cut. */
function cut(topic: FakeTopic, sends: number, stored: number, late = false): void {
  let seen = 0;
  topic.beforeStore = (sent: Sent, peer: Peer) => {
    const isStored = seen++ < stored;
    const store = () => topic.store(sent.messageCount, sent.entry);
    if (isStored && !late) store();
    if (isStored && late) setTimeout(store, 100);
    if (seen === sends) {
      topic.beforeStore = () => 'store';
      peer.socket.destroy();
    }
    return 'ignore';
  };
}

t.test('another owner takes over: the old one ends fenced, and its data is there', async (t) => {
  const topic = await FakeTopic.start(t);
  const old = await sessionOn(t, topic);
  await old.appendBatches([3, 2]);
  const next = await sessionOn(t, topic);
  t.equal(next.log.leaderEpoch, old.log.leaderEpoch + 1);
  t.equal(next.log.logEndOffset, 6, 'behind the barrier');
  append(old.log, recordsOf(1));
  await old.until(() => old.fault !== null);
  t.equal(old.fault?.code, 'fenced');
  t.throws(() => append(old.log, recordsOf(1)), { code: 'fenced' });
  await next.appendBatches([1]);
  t.strictSame(await layout(next), [
    [0, 2, 3],
    [3, 4, 2],
    [5, 5, 0],
    [6, 6, 1],
  ]);
});

t.test(
  'a cut connection: what was stored all the same is acknowledged, and it goes on',
  async (t) => {
    for (const late of [false, true]) {
      const topic = await FakeTopic.start(t);
      const session = await sessionOn(t, topic);
      const { log } = session;
      await session.appendBatches([2]);
      cut(topic, 2, 2, late);
      append(log, recordsOf(3));
      append(log, recordsOf(1));
      await session.until(() => log.stableEndOffset === 6 && log.isWritable);
      await session.appendBatches([1]);
      t.equal(session.fault, null);
      t.equal(topic.epoch, 0, 'the same owner');
      t.strictSame(
        topic.entries.map(({ messages }) => messages),
        [2, 3, 1, 1],
        'nothing twice',
      );
    }
  },
);

t.test('an owner does not come back to a topic that is being deleted', async (t) => {
  const topic = await FakeTopic.start(t);
  const session = await sessionOn(t, topic);
  await session.appendBatches([1]);
  const { producers } = topic;
  topic.isThere = false;
  let asked = 0;
  // The second time it has done with the first.
  const askedTwice = new Promise<void>((resolve) => {
    topic.askedIfThere = () => {
      if (++asked === 2) resolve();
    };
  });
  topic.unload();
  await askedTwice;
  t.equal(topic.producers, producers, 'a producer might make it again');
});

t.test('a cut connection: only a first part was stored', async (t) => {
  for (const stored of [0, 1]) {
    const topic = await FakeTopic.start(t);
    const session = await sessionOn(t, topic);
    const { log } = session;
    await session.appendBatches([2]);
    cut(topic, 2, stored);
    append(log, recordsOf(3));
    append(log, recordsOf(1));
    t.notOk(session.fault);
    await session.until(() => session.fault !== null);
    t.equal(session.fault?.code, 'storage');
    t.equal(log.stableEndOffset, stored === 0 ? 2 : 5);
    const again = await sessionOn(t, topic);
    t.equal(again.log.logEndOffset, stored === 0 ? 3 : 6, 'behind its barrier');
  }
});

t.test('the barrier of the next owner does not pass for an entry in doubt', async (t) => {
  const topic = await FakeTopic.start(t);
  const session = await sessionOn(t, topic);
  const { log } = session;
  await session.appendBatches([2]);
  topic.beforeStore = (_, peer) => {
    // As long as it takes over, its epoch is not what the broker goes by.
    topic.store(1);
    topic.told.set('pulsar.topic.epoch', '1');
    topic.hidesEpoch = true;
    peer.socket.destroy();
    return 'ignore';
  };
  append(log, recordsOf(1));
  await session.until(() => session.fault !== null);
  t.equal(session.fault?.code, 'fenced');
  t.equal(log.stableEndOffset, 2);
});

t.test('an unloaded topic comes back, for writing and for reading', async (t) => {
  const topic = await FakeTopic.start(t);
  const session = await sessionOn(t, topic);
  const { log } = session;
  await session.appendBatches([2]);
  await session.readAll();
  topic.unload();
  await turns(() => !log.isWritable);
  await session.until(() => log.isWritable);
  await session.appendBatches([3]);
  t.equal(session.fault, null);
  t.equal((await session.readAll()).length, 2);
});

t.test('a log that gets no receipts says that it is full, and goes on with them', async (t) => {
  const topic = await FakeTopic.start(t);
  const session = await sessionOn(t, topic);
  const { log } = session;
  const waiting: (() => void)[] = [];
  topic.beforeStore = (sent, peer) => {
    const { ledgerId, entryId } = topic.store(sent.messageCount, sent.entry);
    waiting.push(() => peer.receipt(sent, ledgerId, entryId));
    return 'ignore';
  };
  let appends = 0;
  while (log.isWritable) {
    append(log, recordsOf(1));
    if (++appends > 10_000) throw new Error('it never was full');
  }
  t.equal(appends, 501, 'as many as a producer has on its way, and the first that waits');
  await turns(() => waiting.length >= 500);
  topic.beforeStore = () => 'store';
  for (const give of waiting) give();
  await session.until(() => log.stableEndOffset === appends);
  t.ok(log.isWritable);
});

t.test('holes in the middle and at the end are passed', async (t) => {
  const topic = await FakeTopic.start(t);
  const first = await sessionOn(t, topic);
  await first.appendBatches([2]);
  await first.log.close();
  const metadata = Buffer.from([0, 0, 0, 5, 0x0a, 0, 0xa0, 0x01, 0]);
  topic.store(1, metadata);
  const second = await sessionOn(t, topic);
  await second.appendBatches([2]);
  await second.log.close();
  topic.store(1, metadata);
  const { log } = await sessionOn(t, topic);
  await log.close();
  const last = await sessionOn(t, topic);
  t.strictSame(await layout(last), [
    [0, 1, 2],
    [2, 3, 0],
    [4, 5, 2],
    [6, 8, 0],
  ]);
});

t.test('a damaged entry is a hole, and is told', async (t) => {
  const topic = await FakeTopic.start(t);
  const first = await sessionOn(t, topic);
  await first.appendBatches([2, 3, 1]);
  const damaged = topic.entries[1]?.bytes as Buffer;
  damaged[damaged.length - 1] = ~(damaged.at(-1) ?? 0) & 0xff;
  const notices: string[] = [];
  const report = ({ message }: { message: string }) => notices.push(message);
  const again = await sessionOn(t, topic, { report });
  t.strictSame(await layout(again), [
    [0, 1, 2],
    [2, 4, 0],
    [5, 5, 1],
    [6, 6, 0],
  ]);
  t.ok(notices.includes('a damaged entry is a hole'));
});

t.test('entries without an index take no offset, wherever they are', async (t) => {
  const topic = await FakeTopic.start(t);
  const stored = (await sessionOn(t, topic)).appendBatches([2, 3]);
  await stored;
  const bytes = topic.entries.at(-1)?.bytes as Buffer;
  for (let count = 0; count < 3; count++) topic.store(0, bytes);
  const second = await sessionOn(t, topic);
  await second.appendBatches([1]);
  for (let count = 0; count < 3; count++) topic.store(0, bytes);
  topic.rollLedger();
  topic.store(0, bytes);
  const third = await sessionOn(t, topic);
  await third.appendBatches([4]);
  const records = (await layout(third)).filter(([, , count]) => count > 0);
  t.strictSame(records, [
    [0, 1, 2],
    [2, 4, 3],
    [6, 6, 1],
    [8, 11, 4],
  ]);
});

t.test('who reads at the end gets what is written without Pulsar', async (t) => {
  const topic = await FakeTopic.start(t);
  const session = await sessionOn(t, topic);
  await session.appendBatches([1]);
  await session.readAll();
  const { delivered } = topic;
  const batches = await session.appendBatches([1, 2, 3, 4]);
  t.same(await session.readAll(1), batches);
  t.ok(topic.delivered - delivered <= 4, 'a reader that is still there may bring them, too');
});

t.test('a batch that the broker would not take is refused before it is sent', async (t) => {
  const topic = await FakeTopic.start(t);
  for (const entryFormat of ['kafka', 'pulsar'] as const) {
    const { log } = await sessionOn(t, topic, { config: { entryFormat } });
    // The fake broker takes 1000 bytes.
    t.ok(log.accepts(batchAt(0, recordsOf(1, 600))));
    t.notOk(log.accepts(batchAt(0, recordsOf(1, 1_000))));
    // In `pulsar` a record may take more than in its batch.
    t.equal(log.accepts(batchAt(0, recordsOf(40, 1))), entryFormat === 'kafka');
  }
  t.equal(topic.entries.filter(({ isMarker }) => !isMarker).length, 0);
});

t.test('a log start outlives its owner', async (t) => {
  const topic = await FakeTopic.start(t);
  const session = await sessionOn(t, topic);
  await session.appendBatches([2, 2]);
  session.log.trim(3);
  await session.append(recordsOf(1));
  t.equal(topic.told.get('kopjeLogStartOffset'), '3');
  const next = await sessionOn(t, topic);
  t.equal(next.log.logStartOffset, 3);
});

t.test('what readers keep in memory is bounded, and a reader far ahead waits', async (t) => {
  const topic = await FakeTopic.start(t);
  const values = 64 * 1024;
  const entries = 400;
  topic.maxMessageBytes = 2 ** 20;
  const first = await sessionOn(t, topic);
  for (let sent = 0; sent < entries; sent += 100) {
    for (let i = 0; i < 100; i++) append(first.log, recordsOf(1, values));
    await first.until(() => first.log.stableEndOffset === sent + 100);
  }
  await first.log.close();
  const memory = new CacheMemory(16 * 2 ** 20);
  const session = await sessionOn(t, topic, { memory });
  const replayed = topic.delivered;
  t.equal((await session.readOnce(0)).length > 0, true);
  let seen = -1;
  await turns(() => {
    // Nothing more comes once the reader is paused.
    const isSame = seen === topic.delivered;
    seen = topic.delivered;
    return isSame && topic.delivered > replayed + 64;
  });
  t.ok(topic.delivered < replayed + 200, 'the feed stops in front of its reader');
  const all = await session.readAll();
  t.equal(all.length, entries);
  t.ok(memory.usedBytes <= 16 * 2 ** 20);
});

t.test('a read that waits for too long brings nothing, and the next one waits again', async (t) => {
  const topic = await FakeTopic.start(t);
  const first = await sessionOn(t, topic);
  await first.appendBatches([2]);
  await first.log.close();
  let nowMs = 1_000_000;
  const { log } = await sessionOn(t, topic, { clock: () => nowMs });
  topic.delivers = false;
  const result = newResult();
  const memory = new TestMemory();
  log.read(0, 2, 1_000, true, memory, result);
  t.ok(result.awaited);
  nowMs += readTimeoutMs;
  log.read(0, 2, 1_000, true, memory, result);
  t.match(result, { awaited: false, start: -1, sizeBytes: 0 });
  log.read(0, 2, 1_000, true, memory, result);
  t.ok(result.awaited);
});

t.test('who goes on after a read that brought nothing gets all there is', async (t) => {
  const topic = await FakeTopic.start(t);
  const first = await sessionOn(t, topic);
  await first.appendBatches([2, 3]);
  await first.log.close();
  let nowMs = 1_000_000;
  const next = await sessionOn(t, topic, { clock: () => nowMs });
  topic.delivers = false;
  const reading = next.readAll();
  nowMs += readTimeoutMs;
  next.log.expire(nowMs, next.log.stableEndOffset);
  await turns(() => next.emptyReads === 1);
  topic.delivers = true;
  topic.store(1);
  t.strictSame(
    (await reading).map((batch) => baseOffset(batch, 0)),
    [0, 2],
  );
});

t.test('a hole that was entered in its middle is passed from its beginning, too', async (t) => {
  const topic = await FakeTopic.start(t);
  const first = await sessionOn(t, topic);
  await first.appendBatches([2]);
  await first.log.close();
  // Its barrier is at 2, that of the next one at 3.
  await (await sessionOn(t, topic)).log.close();
  const next = await sessionOn(t, topic);
  await next.appendBatches([1]);
  const offsets = (batches: Uint8Array[]) => batches.map((batch) => baseOffset(batch, 0));
  t.strictSame(offsets(await next.readOnce(3)).at(0), 3);
  t.strictSame(offsets(await next.readAll()), [0, 4]);
});

t.test('a topic that has lost what readers have seen is not served', async (t) => {
  const topic = await FakeTopic.start(t);
  topic.store(3);
  const opening = openFakeLog(t, topic, { knownEndOffset: 9 });
  await t.rejects(opening, { code: 'corrupt', message: /ends at 3, and readers have seen 9/ });
});

t.test('payload bytes are copied for readers only, and counted', async (t) => {
  const topic = await FakeTopic.start(t);
  const copies: string[] = [];
  const copied = (site: string) => copies.push(site);
  const session = await sessionOn(t, topic, { copied });
  await session.appendBatches([1, 1]);
  t.strictSame(copies, []);
  await session.readAll();
  t.strictSame(copies, ['cache', 'cache']);
});

t.test('a log start that cannot be stored ends the log', async (t) => {
  const topic = await FakeTopic.start(t);
  const session = await sessionOn(t, topic);
  await session.appendBatches([2, 2]);
  topic.setProperty = async () => {
    throw new Error('no rights');
  };
  session.log.trim(3);
  t.match(await flushed(session.log), {
    code: 'storage',
    message: /could not be stored: no rights/,
  });
  t.equal(session.fault?.code, 'storage');
});

t.test('who lent entries is told of the end when no socket sends them any more', async (t) => {
  const topic = await FakeTopic.start(t);
  topic.maxMessageBytes = 2 ** 20;
  const session = await sessionOn(t, topic);
  const { log } = session;
  await session.appendBatches([1]);
  const sockets = topic.broker.peers.map(({ socket }) => socket);
  for (const socket of sockets) socket.pause();
  // More than kernels take in.
  while (log.isWritable) append(log, recordsOf(1, 900_000));
  topic.setProperty = async () => {
    throw new Error('no rights');
  };
  log.trim(1);
  let passed = 0;
  await turns(() => ++passed > 100);
  t.equal(session.fault, null, 'still lent');
  for (const socket of sockets) socket.resume();
  await session.until(() => session.fault !== null);
  t.equal(session.fault?.code, 'storage');
});
