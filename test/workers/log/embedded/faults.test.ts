import t from 'tap';
import { batchAt, recordsOf, runOf } from '../batches.js';
import { appendBatches } from '../conformance.js';
import { flushed, readAll } from '../read-log.js';
import { append } from '../session.js';
import { diskError, MemoryDisk, type Operation } from './memory-disk.js';
import { openTestLog, syncer } from './open-test-log.js';

t.teardown(() => syncer.close());

const dir = '/d/t-0';

t.test('a full disk keeps nothing of a run, and takes later ones', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir });
  const batches = appendBatches(log, [2]);
  const sizeBytes = disk.bytesOf(`${dir}/00000000000000000000.log`).length;
  disk.freeBytes = 150;
  const run = runOf(batchAt(2, recordsOf(1)), batchAt(3, recordsOf(3)));
  const done: Operation[] = [];
  disk.before = (operation) => done.push(operation);
  t.throws(() => log.append(run), { code: 'full' });
  t.same(done.slice(-2), ['truncate', 'fdatasync'], 'a power cut does not bring it back');
  t.equal(log.logEndOffset, 2);
  t.equal(log.sizeBytes, sizeBytes);
  t.equal(disk.bytesOf(`${dir}/00000000000000000000.log`).length, sizeBytes);
  t.same(readAll(log), batches, 'reads go on');
  disk.freeBytes = Number.POSITIVE_INFINITY;
  log.append(run);
  t.equal(log.logEndOffset, 6);
  t.equal(await flushed(log), null);
  t.equal(log.stableSizeBytes, log.sizeBytes);
  t.same(readAll(log), [...batches, ...run.batches]);
});

t.test('a run that fails behind a roll takes the new segment back', async (t) => {
  const disk = new MemoryDisk();
  const config = { segmentBytes: 250 };
  const { log } = await openTestLog({ disk, dir, config });
  const batches = appendBatches(log, [1]);
  const files = disk.readdir(dir).sort();
  let writes = 0;
  disk.before = (operation, path) => {
    if (operation === 'writev' && path.endsWith('.log') && ++writes === 3)
      throw diskError('ENOSPC');
  };
  const run = runOf(...[1, 2, 3, 4, 5].map((offset) => batchAt(offset, recordsOf(1))));
  t.throws(() => log.append(run), { code: 'full' });
  t.equal(log.logEndOffset, 1);
  t.same(
    disk.readdir(dir).filter((name) => name.endsWith('.log')),
    files.filter((name) => name.endsWith('.log')),
  );
  disk.before = () => {};
  log.append(run);
  t.same(readAll(log), [...batches, ...run.batches]);
  t.equal(await flushed(log), null);
  const { log: after } = await openTestLog({ disk: disk.powerCut(), dir, config });
  t.same(readAll(after), [...batches, ...run.batches]);
});

t.test('the snapshot of a run that was taken back does not come back with the power', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir, config: { segmentBytes: 250 } });
  appendBatches(log, [1]);
  const done: string[] = [];
  disk.before = (operation, path) => {
    if (operation === 'writev' && path.endsWith('2.log')) throw diskError('ENOSPC');
    if (operation === 'syncDirectory') done.push(operation);
    if (operation === 'unlink' && path.endsWith('2.snapshot')) done.push(operation);
  };
  const run = runOf(...[1, 2].map((offset) => batchAt(offset, recordsOf(1))));
  t.throws(() => log.append(run), { code: 'full' });
  t.same(done.slice(-2), ['unlink', 'syncDirectory']);
});

t.test('short writes are gone on with', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir });
  for (const maxWriteBytes of [1, 7, 61, 100, 1000]) {
    disk.maxWriteBytes = maxWriteBytes;
    const from = log.logEndOffset;
    log.append(runOf(batchAt(from, recordsOf(2)), batchAt(from + 2, recordsOf(1))));
  }
  t.equal(log.logEndOffset, 15);
  t.equal(readAll(log).length, 10);
});

t.test('an I/O error ends the log', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir });
  const batches = appendBatches(log, [2]);
  disk.before = failing('writev', '.log');
  t.throws(() => append(log, recordsOf(1)), { code: 'storage' });
  disk.before = () => {};
  t.throws(() => append(log, recordsOf(1)), { code: 'storage' }, 'and it stays so');
  t.match(await flushed(log), { code: 'storage' });
  t.same(readAll(log), batches, 'what is there can be read');
  await log.close();
  t.equal(disk.openFiles, 0);
  const { log: after } = await openTestLog({ disk, dir });
  t.same(readAll(after), batches);
});

t.test('an append that cannot be taken back ends the log', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir });
  appendBatches(log, [2]);
  disk.freeBytes = 10;
  disk.before = failing('truncate', '.log');
  t.throws(() => append(log, recordsOf(1)), { code: 'storage' });
  disk.before = () => {};
  disk.freeBytes = Number.POSITIVE_INFINITY;
  t.throws(() => append(log, recordsOf(1)), { code: 'storage' });
});

t.test('a failed sync is never tried again', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir });
  appendBatches(log, [2]);
  disk.syncErrno = 5;
  t.match(await flushed(log), { code: 'storage' });
  disk.syncErrno = 0;
  t.equal(log.stableEndOffset, 0);
  t.match(await flushed(log), { code: 'storage' });
  t.throws(() => append(log, recordsOf(1)), { code: 'storage' });
  await log.close();
  t.notOk(disk.readdir(dir).some((name) => name === '00000000000000000002.snapshot'));
});

t.test(
  'what a failed sync left in the page cache is written again before it is believed',
  async (t) => {
    const config = { segmentBytes: 250 };
    const disk = new MemoryDisk();
    const first = await openTestLog({ disk, dir, config });
    const stable = appendBatches(first.log, [2, 1]);
    t.equal(await flushed(first.log), null);
    const { recoveryPoint } = first.log;
    const unstable = appendBatches(first.log, [1, 3, 2, 1]);
    disk.syncErrno = 5;
    t.match(await flushed(first.log), { code: 'storage' });
    await first.log.close();
    disk.syncErrno = 0;

    const { log, told } = await openTestLog({ disk, dir, config, recoveryPoint });
    t.same(readAll(log), [...stable, ...unstable]);
    t.equal(log.stableEndOffset, 10);
    const rewrittenBytes = unstable.reduce((sum, batch) => sum + batch.length, 0);
    const fields = { rewrittenBytes: 0, ...told.notices[0]?.fields };
    t.ok(fields.rewrittenBytes >= rewrittenBytes);
    const after = await openTestLog({ disk: disk.powerCut(), dir, config, recoveryPoint: 10 });
    t.same(readAll(after.log), [...stable, ...unstable]);
  },
);

t.test('a sync that failed unheard is made up for: its thread died first', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir });
  const batches = appendBatches(log, [2, 1]);
  disk.holdSyncs = true;
  log.flush(() => {});
  disk.syncErrno = 5;
  // The kernel takes the pages for clean now; nobody closes the log, and nobody is told.
  for (const sync of disk.held.splice(0)) sync();
  disk.holdSyncs = false;
  disk.syncErrno = 0;
  const { told } = await openTestLog({ disk, dir });
  t.match(told.notices, [{ fields: { rewrittenBytes: log.sizeBytes } }]);
  const after = await openTestLog({ disk: disk.powerCut(), dir, recoveryPoint: 3 });
  t.same(readAll(after.log), batches, 'what the recovery read is on the disk');
});

t.test('a sync that fails in a recovery is made up for by the next', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir });
  const batches = appendBatches(log, [2, 1]);
  disk.syncErrno = 5;
  await t.rejects(openTestLog({ disk, dir }), { code: 'storage' });
  disk.syncErrno = 0;
  await openTestLog({ disk, dir });
  const after = await openTestLog({ disk: disk.powerCut(), dir, recoveryPoint: 3 });
  t.same(readAll(after.log), batches);
});

t.test('a run that a full disk refused does not come back with a power cut', async (t) => {
  const disk = new MemoryDisk();
  const config = { segmentBytes: 250 };
  const { log } = await openTestLog({ disk, dir, config });
  const batches = appendBatches(log, [1]);
  t.equal(await flushed(log), null);
  const run = runOf(...[1, 2, 3, 4, 5].map((offset) => batchAt(offset, recordsOf(1))));
  disk.freeBytes = run.sizeBytes - 10;
  t.throws(() => log.append(run), { code: 'full' });
  disk.freeBytes = Number.POSITIVE_INFINITY;
  const { log: after } = await openTestLog({ disk: disk.powerCut(), dir, config });
  t.same(readAll(after), batches);
});

t.test('without file descriptors a roll is refused, and the log goes on', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir, config: { segmentBytes: 200 } });
  const batches = appendBatches(log, [1, 1]);
  disk.before = failing('open', '.log', 'EMFILE');
  t.throws(() => append(log, recordsOf(2)), { code: 'full' });
  t.same(readAll(log), batches);
  disk.before = () => {};
  batches.push(...appendBatches(log, [2]));
  t.same(readAll(log), batches);
});

t.test('a file whose close fails is not closed a second time', async (t) => {
  class Disk extends MemoryDisk {
    readonly closed: number[] = [];
    mayFail = false;
    override close(fd: number): void {
      const fails = this.mayFail && this.at(fd).path.endsWith('.log');
      this.closed.push(fd);
      super.close(fd);
      if (!fails) return;
      this.mayFail = false;
      throw diskError('EIO');
    }
  }
  const disk = new Disk();
  const config = { segmentBytes: 200, fileDeleteDelayMs: 0 };
  const { log } = await openTestLog({ disk, dir, config });
  appendBatches(log, [1, 1, 1]);
  t.equal(await flushed(log), null);
  disk.closed.length = 0;
  disk.mayFail = true;
  t.throws(() => log.trim(2), { code: 'storage' });
  await log.close();
  t.equal(disk.openFiles, 0);
  t.equal(new Set(disk.closed).size, disk.closed.length);
  t.notOk(disk.mayFail);
});

t.test('a flush takes in segments that were rolled', async (t) => {
  const disk = new MemoryDisk();
  const config = { segmentBytes: 200 };
  const { log } = await openTestLog({ disk, dir, config });
  const batches = appendBatches(log, [1, 2, 1, 2]);
  disk.holdSyncs = true;
  const done = flushed(log);
  const syncs = disk.held.length;
  t.ok(syncs > 1, `${syncs} files`);
  appendBatches(log, [1, 2]);
  t.equal(log.stableEndOffset, 0);
  for (const sync of disk.held.splice(0)) sync();
  t.equal(await done, null);
  t.equal(log.stableEndOffset, 6, 'up to what had been written when it began');
  const { log: after } = await openTestLog({
    disk: disk.powerCut(),
    dir,
    config,
    recoveryPoint: 6,
  });
  t.same(readAll(after).slice(0, 4), batches);
});

t.test('close waits for the flush that is under way', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir });
  appendBatches(log, [2]);
  disk.holdSyncs = true;
  const done = flushed(log);
  const closed = log.close();
  disk.holdSyncs = false;
  for (const sync of disk.held.splice(0)) sync();
  t.equal(await done, null);
  await closed;
  t.equal(disk.openFiles, 0);
});

t.test('the epoch is stored before the first append, or there is none', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir });
  disk.before = failing('rename', 'leader-epoch-checkpoint.tmp');
  t.throws(() => append(log, recordsOf(1)), { code: 'storage' });
  t.equal(disk.bytesOf(`${dir}/00000000000000000000.log`).length, 0);
});

t.test('a lost index write costs nothing but time', async (t) => {
  const disk = new MemoryDisk();
  const { log, told } = await openTestLog({ disk, dir, config: { indexIntervalBytes: 0 } });
  const batches = appendBatches(log, [2, 1, 1]);
  disk.before = failing('open', '.index');
  await log.close();
  t.match(told.notices.at(-1), { level: 'warn' });
  disk.before = () => {};
  const { log: after } = await openTestLog({ disk, dir, cleanShutdown: true });
  t.same(readAll(after), batches);
});

function failing(operation: Operation, ending: string, code = 'EIO') {
  return (o: Operation, path: string) => {
    if (o === operation && path.endsWith(ending)) throw diskError(code);
  };
}
