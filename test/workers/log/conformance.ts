import type { Test } from 'tap';
import {
  baseOffset,
  lastOffset,
  setPartitionLeaderEpoch,
} from '../../../engine/protocol/kafka/record-batch.js';
import { type Log, LogFault } from '../../../workers/log/log.js';
import { batchAt, recordsOf, runOf, splitBatches, TestMemory } from './batches.js';
import { flushed } from './read-log.js';
import { append, type OpenedLog, Session } from './session.js';

export type OpenLog = (t: Test) => Promise<OpenedLog>;

/** What every implementation of `Log` must do. */
export function conformance(t: Test, open: OpenLog): void {
  const openLog = async (t: Test) => new Session(await open(t));
  t.test('an empty log', async (t) => {
    const session = await openLog(t);
    const { log } = session;
    t.equal(log.logStartOffset, 0);
    t.equal(log.logEndOffset, 0);
    t.equal(log.stableEndOffset, 0);
    t.same(await session.readOnce(0), []);
    t.equal((await log.offsetForTimestamp(0, 0)).offset, -1);
    t.equal((await log.offsetOfMaxTimestamp(0)).offset, -1);
    t.equal(await flushed(log), null);
    await log.close();
  });

  t.test('reads back what was appended, byte for byte', async (t) => {
    const session = await openLog(t);
    const { log } = session;
    const batches = await session.appendBatches([1, 3, 2, 5]);
    t.equal(log.logEndOffset, 11);
    t.same(await session.readAll(), batches);
    for (const [offset, index] of [
      [0, 0],
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 2],
      [6, 3],
      [10, 3],
    ] as const) {
      t.same(await session.readAll(offset), batches.slice(index), `from offset ${offset}`);
      t.same((await session.readOnce(offset))[0], batches[index], `first from offset ${offset}`);
    }
    t.same(await session.readOnce(11), [], 'nothing at the end');
    await log.close();
  });

  t.test('several batches in one run', async (t) => {
    const session = await openLog(t);
    const { log } = session;
    const batches = [batch(log, 0, 2), batch(log, 2, 1), batch(log, 3, 4)];
    log.append(runOf(...batches.map((made) => made.slice())));
    await session.flush(batches);
    t.equal(log.logEndOffset, 7);
    t.same(await session.readAll(), batches);
    await log.close();
  });

  t.test('refuses offsets outside the log', async (t) => {
    const session = await openLog(t);
    const { log } = session;
    await session.appendBatches([2]);
    await t.rejects(session.readOnce(3), { code: 'offset-out-of-range' });
    await t.rejects(session.readOnce(-1), { code: 'offset-out-of-range' });
    await log.close();
  });

  t.test('no batch at or beyond the limit', async (t) => {
    const session = await openLog(t);
    const { log } = session;
    const batches = await session.appendBatches([2, 2, 2]);
    t.same(await session.readOnce(0, 2 ** 19, 0), []);
    t.same(await session.readOnce(0, 2 ** 19, 2), batches.slice(0, 1));
    t.same(await session.readAll(1, 2 ** 19, 4), batches.slice(0, 2));
    t.same(await session.readOnce(4, 2 ** 19, 4), []);
    await log.close();
  });

  t.test('whole batches within maxBytes, and one at least where asked', async (t) => {
    const session = await openLog(t);
    const { log } = session;
    const batches = await session.appendBatches([1, 1, 1, 1]);
    const size = batches[0]!.length;
    t.same(await session.readOnce(0, size, 4, false), batches.slice(0, 1));
    const two = await session.readOnce(0, 2 * size + 10, 4, false);
    t.ok(two.length === 1 || two.length === 2, 'a read may end early, with a segment');
    t.same(two, batches.slice(0, two.length));
    t.same(await session.readOnce(0, size - 1, 4, false), []);
    t.same(await session.readOnce(2, 1, 4, true), batches.slice(2, 3));
    await log.close();
  });

  t.test('spent reply memory starves a read', async (t) => {
    const session = await openLog(t);
    const { log } = session;
    await session.appendBatches([1]);
    const memory = new TestMemory(8);
    const result = await session.read(0, 1, 1000, true, memory);
    t.equal(result.starved, true);
    t.equal(result.start, -1);
    t.equal(memory.lent.size, 0);
    await log.close();
  });

  t.test('a read that is longer than the reply memory brings what there is room for', async (t) => {
    const session = await openLog(t);
    const { log } = session;
    const batches = await session.appendBatches([1, 1, 1, 1]);
    const size = batches[0]!.length;
    const memory = new TestMemory(size * 3);
    const result = await session.read(0, 4, 1000, false, memory);
    t.equal(result.starved, false);
    const bytes = memory.view.slice(result.start, result.start + result.sizeBytes);
    const read = splitBatches(bytes);
    t.ok(read.length > 0);
    t.same(read, batches.slice(0, read.length));
    await log.close();
  });

  t.test('a flush makes stable what was appended before it', async (t) => {
    const session = await openLog(t);
    const { log } = session;
    append(log, recordsOf(3));
    const sizeBytes = log.sizeBytes;
    const done = flushed(log);
    append(log, recordsOf(2));
    t.equal(await done, null);
    t.ok(log.stableEndOffset >= 3);
    t.ok(log.stableSizeBytes >= sizeBytes);
    t.equal(await flushed(log), null);
    t.equal(log.stableEndOffset, 5);
    t.equal(log.stableSizeBytes, log.sizeBytes);
    await log.close();
  });

  epochs(t, openLog);
  times(t, openLog);
  lives(t, openLog);
}

function epochs(t: Test, openLog: (t: Test) => Promise<Session>): void {
  t.test('each opening that appends has a higher epoch', async (t) => {
    const first = await openLog(t);
    const epoch = first.log.leaderEpoch;
    await first.appendBatches([2]);
    const second = await first.reopen();
    const secondStart = second.log.logEndOffset;
    t.equal(second.log.leaderEpoch, epoch + 1);
    await second.appendBatches([3]);
    const { log } = await second.reopen();
    t.equal(log.leaderEpoch, epoch + 2);
    // A consumer goes on where its epoch ends, and must not be told that what it has read is gone.
    const older = log.endOffsetForEpoch(epoch).offset;
    t.ok(older >= 2 && older <= log.logEndOffset);
    t.equal(older <= log.endOffsetForEpoch(epoch + 1).offset, true);
    t.ok(log.endOffsetForEpoch(epoch + 1).offset >= secondStart + 3);
    t.match(log.endOffsetForEpoch(epoch + 2), { offset: log.logEndOffset });
    t.match(log.endOffsetForEpoch(epoch + 3), { offset: -1 });
    t.equal(log.epochAt(secondStart), epoch + 1);
    t.ok(log.epochAt(1) <= epoch + 1);
    await log.close();
  });
}

function times(t: Test, openLog: (t: Test) => Promise<Session>): void {
  t.test('finds the first record at or after a timestamp', async (t) => {
    const session = await openLog(t);
    const { log } = session;
    for (const compression of [0, 1, 2, 3, 4]) {
      const from = log.logEndOffset;
      const at = (i: number) => ({ timestamp: 1_000 + 10 * (from + i), value: 'x' });
      await session.append([at(0), at(1), at(2)], { compression });
    }
    t.match(await log.offsetForTimestamp(0, 15), {
      offset: 0,
      timestamp: 1_000,
      leaderEpoch: log.leaderEpoch,
    });
    for (let offset = 0; offset < 15; offset++) {
      const timestamp = 1_000 + 10 * offset;
      t.match(await log.offsetForTimestamp(timestamp, 15), { offset, timestamp });
      t.match(await log.offsetForTimestamp(timestamp - 9, 15), { offset, timestamp });
    }
    t.equal((await log.offsetForTimestamp(1_141, 15)).offset, -1);
    t.equal((await log.offsetForTimestamp(1_140, 14)).offset, -1, 'nothing beyond the limit');
    await log.close();
  });

  t.test('finds the record with the greatest timestamp', async (t) => {
    const session = await openLog(t);
    const { log } = session;
    await session.append([{ timestamp: 50 }, { timestamp: 90 }, { timestamp: 70 }]);
    await session.append([{ timestamp: 60 }, { timestamp: 90 }]);
    await session.append([{ timestamp: 95 }, { timestamp: 10 }]);
    t.match(await log.offsetOfMaxTimestamp(7), { offset: 5, timestamp: 95 });
    t.match(await log.offsetOfMaxTimestamp(5), { offset: 1, timestamp: 90 });
    t.match(await log.offsetOfMaxTimestamp(1), { offset: 0, timestamp: 50 });
    await log.close();
  });
}

function lives(t: Test, openLog: (t: Test) => Promise<Session>): void {
  t.test('everything is there after a close', async (t) => {
    const before = await openLog(t);
    const batches = await before.appendBatches([1, 2, 3]);
    const session = await before.reopen();
    const { log } = session;
    t.ok(log.logEndOffset >= 6);
    t.equal(log.stableEndOffset, log.logEndOffset);
    t.same((await session.readAll()).map(unstamped), batches.map(unstamped));
    const more = await session.appendBatches([2]);
    t.same((await session.readAll()).map(unstamped), [...batches, ...more].map(unstamped));
    await log.close();
  });

  t.test('a trim moves the log start', async (t) => {
    const session = await openLog(t);
    const { log } = session;
    const batches = await session.appendBatches([2, 2]);
    log.trim(3);
    t.equal(log.logStartOffset, 3);
    await t.rejects(session.readOnce(2), { code: 'offset-out-of-range' });
    t.same(
      await session.readOnce(3),
      batches.slice(1),
      'the batch around the log start is served whole',
    );
    t.throws(() => log.trim(5), { code: 'offset-out-of-range' });
    log.trim(1);
    t.equal(log.logStartOffset, 3, 'never back');
    t.equal((await log.offsetForTimestamp(0, 4)).offset, 3);
    await log.close();
  });

  t.test('a closed log answers nothing', async (t) => {
    const session = await openLog(t);
    const { log } = session;
    const run = runOf(batch(log, 0, 1));
    await log.close();
    await log.close();
    t.throws(() => log.append(run), { code: 'closed' });
    await t.rejects(session.readOnce(0, 100, 1), { code: 'closed' });
    const fault = await flushed(log);
    t.ok(fault instanceof LogFault && fault.code === 'closed');
  });
}

function batch(log: Log, offset: number, count: number): Uint8Array {
  return batchAt(offset, recordsOf(count), { epoch: log.leaderEpoch });
}

/** A batch without its epoch, which may be told less exactly after another opening. */
function unstamped(made: Uint8Array): Uint8Array {
  const copy = made.slice();
  setPartitionLeaderEpoch(copy, 0, 0);
  return copy;
}

/** Appends batches of so many records each, one run each. */
export function appendBatches(log: Log, counts: number[]): Uint8Array[] {
  return counts.map((count) => append(log, recordsOf(count)));
}

/** Offsets that a batch spans. */
export function spanOf(made: Uint8Array): [number, number] {
  return [baseOffset(made, 0), lastOffset(made, 0)];
}
