import t from 'tap';
import { flushed, readAll } from '../read-log.js';
import { append } from '../session.js';
import { MemoryDisk } from './memory-disk.js';
import { openTestLog, syncer } from './open-test-log.js';

t.teardown(() => syncer.close());

const dir = '/d/t-0';
/** Ten segments of one batch of two records each, the records of segment i at 1000 * i. */
async function filled(disk: MemoryDisk, config: object) {
  const options = { segmentBytes: 100, fileDeleteDelayMs: 500, ...config };
  const { log } = await openTestLog({ disk, dir, config: options, clock: () => disk.nowMs });
  for (let i = 0; i < 10; i++) append(log, [{ timestamp: 1000 * i }, { timestamp: 1000 * i }]);
  await flushed(log);
  return log;
}

const logs = (disk: MemoryDisk) => disk.readdir(dir).filter((name) => name.endsWith('.log'));

t.test('by time, whole segments whose newest record is too old', async (t) => {
  const disk = new MemoryDisk();
  const log = await filled(disk, { retentionMs: 3_000 });
  t.equal(log.expire(3_000, 20), false);
  t.equal(log.logStartOffset, 0);
  t.equal(log.expire(6_000, 20), true);
  t.equal(log.logStartOffset, 6, 'the records at 3000 are not older than 3000 ms');
  t.equal(logs(disk).length, 7);
  t.equal(readAll(log).length, 7);
  t.equal(log.endOffsetForEpoch(0).offset, 20);
});

t.test('never beyond the high watermark', async (t) => {
  const log = await filled(new MemoryDisk(), { retentionMs: 0 });
  log.expire(50_000, 5);
  t.equal(log.logStartOffset, 4);
});

t.test('when everything is too old, the active segment goes as well', async (t) => {
  const disk = new MemoryDisk();
  const log = await filled(disk, { retentionMs: 3_000 });
  t.equal(log.expire(50_000, 20), true);
  t.equal(log.logStartOffset, 20);
  t.equal(log.logEndOffset, 20);
  t.same(readAll(log), []);
  await flushed(log);
  log.expire(50_001, 20);
  t.equal(log.sizeBytes, 0);
  t.equal(log.stableSizeBytes, 0);
  t.same(logs(disk), ['00000000000000000020.log']);
  t.equal(log.expire(90_000, 20), false, 'an empty log stays as it is');
  const batch = append(log, [{ timestamp: 60_000 }]);
  t.same(readAll(log), [batch]);
  await log.close();
  const { log: again } = await openTestLog({ disk, dir, recoveryPoint: 21, logStartOffset: 20 });
  t.equal(again.logStartOffset, 20);
  t.equal(again.logEndOffset, 21);
});

t.test('an idle log whose records have all expired gives its space back', async (t) => {
  const disk = new MemoryDisk();
  const log = await filled(disk, { retentionMs: 3_000 });
  t.equal(log.expire(50_000, 20), true);
  t.same(logs(disk), ['00000000000000000020.log'], 'nothing is appended or synced any more');
  t.equal(log.sizeBytes, 0);
  const batch = append(log, [{ timestamp: 60_000 }]);
  await flushed(log);
  t.same(readAll(log), [batch]);
  await log.close();
});

t.test('by size, the oldest beyond the limit', async (t) => {
  const disk = new MemoryDisk();
  const log = await filled(disk, { retentionBytes: 1 });
  const segmentBytes = log.sizeBytes / 10;
  log.configure({ ...log.config, retentionBytes: 4 * segmentBytes });
  t.equal(log.expire(0, 20), true);
  t.equal(log.sizeBytes, 4 * segmentBytes);
  t.equal(log.logStartOffset, 12);
  log.configure({ ...log.config, retentionBytes: 4 * segmentBytes - 1 });
  log.expire(0, 20);
  t.equal(log.sizeBytes, 4 * segmentBytes, 'one byte too many is no whole segment');
});

t.test('records without a timestamp go by the age of the file', async (t) => {
  const disk = new MemoryDisk();
  const config = { segmentBytes: 100, retentionMs: 3_000 };
  const { log } = await openTestLog({ disk, dir, config, clock: () => disk.nowMs });
  disk.nowMs = 1_000;
  append(log, [{ timestamp: -1 }, { timestamp: -1 }]);
  append(log, [{ timestamp: -1 }, { timestamp: -1 }]);
  await flushed(log);
  t.equal(log.expire(3_000, 4), false);
  t.equal(log.expire(4_001, 4), true);
});

t.test('not where the policy is not to delete; a trim always counts', async (t) => {
  const disk = new MemoryDisk();
  const log = await filled(disk, { retentionMs: 0, retentionBytes: 0, cleanupDelete: false });
  t.equal(log.expire(50_000, 20), false);
  t.equal(logs(disk).length, 10);
  log.trim(5);
  t.equal(logs(disk).length, 8);
  t.equal(log.logStartOffset, 5);
  await log.close();
  const { log: again } = await openTestLog({ disk, dir, cleanShutdown: true, logStartOffset: 5 });
  t.equal(again.logStartOffset, 5);
});

t.test('files go after the delay, and at the latest at the next opening', async (t) => {
  const disk = new MemoryDisk();
  const log = await filled(disk, {});
  const waiting = () => disk.readdir(dir).filter((name) => name.endsWith('.deleted'));
  log.trim(4);
  t.ok(waiting().some((name) => name === '00000000000000000000.log.deleted'));
  log.expire(499, 20);
  t.ok(waiting().length > 0);
  log.expire(500, 20);
  t.same(waiting(), []);
  log.trim(6);
  t.ok(waiting().length > 0);
  await openTestLog({ disk: disk.powerCut(), dir });
  const { log: again } = await openTestLog({ disk: disk.powerCut(true), dir });
  t.equal(again.logStartOffset, 6);
  await log.close();
  t.same(waiting(), []);
});

t.test('a segment that is being synced is not let go', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir, config: { segmentBytes: 100 } });
  for (let i = 0; i < 4; i++) append(log, [{ timestamp: i }, { timestamp: i }]);
  disk.holdSyncs = true;
  const done = flushed(log);
  log.trim(8);
  t.equal(logs(disk).length, 4);
  for (const sync of disk.held.splice(0)) sync();
  t.equal(await done, null);
  log.expire(0, 8);
  t.equal(logs(disk).length, 1);
  t.equal(log.sizeBytes, log.stableSizeBytes);
});

t.test('rolls by the age of the first record, by the records’ own clock', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir, config: { segmentMs: 1_000 } });
  append(log, [{ timestamp: 10_000 }]);
  append(log, [{ timestamp: 11_000 }]);
  t.equal(logs(disk).length, 1);
  append(log, [{ timestamp: 11_001 }]);
  t.equal(logs(disk).length, 2);
  await log.close();
  const { log: again } = await openTestLog({
    disk,
    dir,
    config: { segmentMs: 1_000 },
    cleanShutdown: true,
  });
  append(again, [{ timestamp: 12_001 }]);
  t.equal(logs(disk).length, 2, 'the age is known after an opening');
  append(again, [{ timestamp: 12_002 }]);
  t.equal(logs(disk).length, 3);
});
