import t from 'tap';
import { recordCount } from '../../../../engine/protocol/kafka/record-batch.js';
import { BatchCheckFlags, batchCheckSlots } from '../../../../native/index.js';
import { repairLog } from '../../../../workers/log/embedded/open.js';
import type { LogNotice } from '../../../../workers/log/log.js';
import { batchAt, codecs, recordsOf, runOf } from '../batches.js';
import { appendBatches, spanOf } from '../conformance.js';
import { logConfig } from '../log-config.js';
import { flushed, readAll, readOnce } from '../read-log.js';
import { append } from '../session.js';
import { MemoryDisk } from './memory-disk.js';
import { openTestLog, syncer } from './open-test-log.js';

t.teardown(() => syncer.close());

const dir = '/d/t-0';
const file = `${dir}/00000000000000000000.log`;

t.test('a torn tail is cut, at every byte of the last batch', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir });
  const batches = appendBatches(log, [2, 1, 3]);
  const whole = disk.bytesOf(file).slice();
  const kept = batches.slice(0, 2);
  const keptBytes = kept[0]!.length + kept[1]!.length;
  for (let size = keptBytes; size < whole.length; size++) {
    const torn = disk.powerCut(true);
    torn.put(file, whole.subarray(0, size));
    const { log, told } = await openTestLog({ disk: torn, dir });
    if (log.logEndOffset !== 3) t.fail(`with ${size} bytes the log ends at ${log.logEndOffset}`);
    const cuts = told.notices.filter(({ level }) => level === 'warn').length;
    if (cuts !== (size === keptBytes ? 0 : 1)) t.fail(`${cuts} notices of a cut`);
    if (torn.bytesOf(file).length !== keptBytes) t.fail('the file was not cut');
    await log.close();
  }
  t.pass(`${whole.length - keptBytes} lengths`);
});

t.test('a log is opened on a disk that has no room for its indexes', async (t) => {
  const disk = new MemoryDisk();
  const config = { indexIntervalBytes: 0, segmentBytes: 400 };
  const { log } = await openTestLog({ disk, dir, config });
  const batches = appendBatches(log, [2, 1, 3, 1, 2]);
  const killed = disk.powerCut(true);
  killed.freeBytes = 0;
  const full = await openTestLog({ disk: killed, dir, config });
  t.same(readAll(full.log), batches);
  t.match(full.told.notices[0], { level: 'warn', message: /cannot write the indexes/ });
  t.throws(() => append(full.log, recordsOf(1)), { code: 'full' });
  killed.freeBytes = Number.POSITIVE_INFINITY;
  append(full.log, recordsOf(1));
  await full.log.close();
  const { log: after } = await openTestLog({ disk: killed, dir, config, cleanShutdown: true });
  t.same(readAll(after).slice(0, -1), batches);
});

t.test('any damaged byte of the last batch is found and cut', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir });
  const batches = appendBatches(log, [2, 3]);
  const from = batches[0]!.length;
  const end = disk.bytesOf(file).length;
  for (let at = from; at < end; at++) {
    const damaged = disk.powerCut(true);
    damaged.bytesOf(file)[at]! ^= 0x81;
    const { log } = await openTestLog({ disk: damaged, dir });
    // Offset and epoch are outside the CRC, as Kafka has it; any offset at or above the next is believed.
    const isCovered = at - from >= 16;
    if (isCovered && log.logEndOffset !== 2) t.fail(`byte ${at} does not matter`);
    await log.close();
  }
  t.pass(`${end - from} bytes`);
});

t.test('zeros behind the records, as a file system leaves them', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir });
  const batches = appendBatches(log, [2]);
  disk.put(file, Buffer.concat([disk.bytesOf(file), Buffer.alloc(5000)]));
  const reopened = await openTestLog({ disk: disk.powerCut(true), dir });
  t.same(readAll(reopened.log), batches);
  t.match(reopened.told.notices, [
    { level: 'warn', fields: { cutBytes: 5000 } },
    { level: 'info' },
  ]);
});

t.test(
  'what was never synced is cut at the first damage, with what stands behind it',
  async (t) => {
    const disk = new MemoryDisk();
    const { log } = await openTestLog({ disk, dir });
    const batches = appendBatches(log, [2, 3, 1]);
    disk.bytesOf(file)[batches[0]!.length + 70]! ^= 1;
    for (const durability of ['fsync', 'os'] as const) {
      const { log, told } = await openTestLog({ disk: disk.powerCut(true), dir, durability });
      t.same(readAll(log), batches.slice(0, 1));
      t.match(told.notices[0], { level: 'warn', fields: { offset: 2 } });
    }
  },
);

t.test('damage below what was synced is refused, as far as the thread has noted it', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir });
  const batches = appendBatches(log, [2, 3]);
  t.equal(await flushed(log), null);
  batches.push(...appendBatches(log, [1]));
  const damaged = disk.powerCut(true);
  const at = batches[0]!.length + 70;
  damaged.bytesOf(file)[at]! ^= 1;
  const before = damaged.bytesOf(file).slice();
  // Its batch is not verified: it is found by whoever reads it. Its length is.
  const { log: opened } = await openTestLog({ disk: damaged.powerCut(true), dir });
  t.equal(opened.logEndOffset, 6);
  damaged.put(file, before.subarray(0, at));
  await t.rejects(openTestLog({ disk: damaged, dir }), { code: 'corrupt' });
  t.equal(damaged.bytesOf(file).length, at, 'nothing is cut');
  t.equal(damaged.openFiles, 0);
  const os = await openTestLog({ disk: damaged, dir, durability: 'os' });
  t.match(os.told.notices[0], { level: 'error', fields: { offset: 2 } });
  t.equal(os.log.logEndOffset, 5, 'no offset that was synced is given again');
});

t.test('a repair cuts what an opening would not', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir });
  const batches = appendBatches(log, [2, 3, 1]);
  disk.bytesOf(file)[batches[0]!.length + 70]! ^= 1;
  const damaged = disk.powerCut(true);
  const notices: LogNotice[] = [];
  const tally = await repairLog({
    disk: damaged,
    dir,
    topic: 't',
    partition: 0,
    topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
    config: logConfig(),
    recoveryPoint: 6,
    logStartOffset: 0,
    clock: Date.now,
    codecs,
    visitor: { snapshot() {}, batch() {} },
    takeSnapshot: () => [],
    copied() {},
    report: (notice) => notices.push(notice),
  });
  const cutBytes = batches[1]!.length + batches[2]!.length;
  t.match(tally, { scannedBytes: batches[0]!.length, cutBytes });
  t.match(notices, [{ fields: { offset: 2, cutBytes } }, { fields: { logEndOffset: 2 } }]);
  t.equal(damaged.openFiles, 0);
  const { log: again } = await openTestLog({ disk: damaged, dir, recoveryPoint: 6 });
  t.equal(again.logEndOffset, 6);
  const [first, ...rest] = readAll(again);
  t.same(first, batches[0]);
  t.same(rest.map(spanOf), [[2, 5]], 'an empty batch over what is lost');
});

t.test('damage below the recovery point is not a torn tail', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir });
  appendBatches(log, [2, 3]);
  disk.put(file, disk.bytesOf(file).subarray(0, -1));
  await t.rejects(openTestLog({ disk: disk.powerCut(true), dir, recoveryPoint: 5 }), {
    code: 'corrupt',
  });
});

t.test('a power cut between a roll and the next sync takes what was never synced', async (t) => {
  const config = { segmentBytes: 200 };
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir, config });
  const batches = appendBatches(log, [1]);
  t.equal(await flushed(log), null);
  appendBatches(log, [1, 2, 3]);
  const segments = disk.readdir(dir).filter((name) => name.endsWith('.log'));
  t.ok(segments.length > 1);
  for (const cutBytes of [0, 1, 70]) {
    const after = disk.powerCut(true);
    const end = batches[0]!.length + cutBytes;
    after.put(file, after.bytesOf(file).subarray(0, end));
    const { log, told } = await openTestLog({ disk: after, dir, config });
    t.same(readAll(log), batches);
    t.match(told.notices[0], { level: 'warn', fields: { offset: 1 } });
    const more = append(log, recordsOf(2));
    t.equal(await flushed(log), null);
    const { log: again } = await openTestLog({ disk: after.powerCut(), dir, config });
    t.same(readAll(again), [...batches, more], 'and none of it comes back');
  }
});

t.test('verifies what lies behind the recovery point, and no more', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir });
  const batches = appendBatches(log, [2, 3, 1]);
  for (const [recoveryPoint, from] of [
    [0, 0],
    [2, 1],
    [5, 2],
    [6, 3],
  ] as const) {
    const { told } = await openTestLog({ disk: disk.powerCut(true), dir, recoveryPoint });
    const scannedBytes = batches.slice(from).reduce((sum, batch) => sum + batch.length, 0);
    const notices = [{ level: 'info', fields: { scannedBytes, cutBytes: 0 } }];
    t.match(told.notices, scannedBytes === 0 ? [] : notices);
    t.equal(told.notices.length, scannedBytes === 0 ? 0 : 1);
  }
  const clean = await openTestLog({ disk: disk.powerCut(true), dir, cleanShutdown: true });
  t.same(clean.told.notices, []);
  t.equal(clean.log.logEndOffset, 6);
});

t.test('a log that ends below its recovery point has lost records', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir });
  const batches = appendBatches(log, [2, 3]);
  const cut = disk.powerCut(true);
  cut.put(file, cut.bytesOf(file).subarray(0, batches[0]!.length));
  await t.rejects(openTestLog({ disk: cut, dir, recoveryPoint: 5 }), { code: 'corrupt' });
  t.equal(cut.bytesOf(file).length, batches[0]!.length);

  const os = await openTestLog({ disk: cut, dir, recoveryPoint: 5, durability: 'os' });
  t.match(os.told.notices[0], { level: 'error', fields: { recoveryPoint: 5, logEndOffset: 2 } });
  t.equal(os.log.logEndOffset, 5, 'no offset is given again');
  const [first, span] = readAll(os.log);
  t.same(first, batches[0]);
  t.same([...spanOf(span!), recordCount(span!, 0)], [2, 4, 0]);
  const out = new Float64Array(batchCheckSlots);
  const flags = BatchCheckFlags.stored;
  t.equal(codecs.checkBatch(span!, 0, span!.length, flags, 2 ** 20, out), 0);
  t.same(readOnce(os.log, 3), [span], 'a reader inside gets what leads it out');
  append(os.log, recordsOf(1));
  await os.log.close();
  const { log: again } = await openTestLog({ disk: cut, dir, recoveryPoint: 6 });
  t.equal(again.logEndOffset, 6);
});

t.test('records were deleted before they were synced, and are lost', async (t) => {
  const disk = new MemoryDisk();
  await openTestLog({ disk, dir });
  const { log } = await openTestLog({ disk, dir, logStartOffset: 5, durability: 'os' });
  t.equal(log.logEndOffset, 5, 'no offset is given again');
});

t.test('only what was flushed survives a power cut, and nothing flushed is lost', async (t) => {
  const disk = new MemoryDisk();
  const config = { segmentBytes: 300 };
  const { log } = await openTestLog({ disk, dir, config });
  const stable = appendBatches(log, [1, 2, 3, 2, 1]);
  t.equal(await flushed(log), null);
  const recoveryPoint = log.recoveryPoint;
  appendBatches(log, [1, 1, 1, 1]);
  const { log: after } = await openTestLog({ disk: disk.powerCut(), dir, config, recoveryPoint });
  t.same(readAll(after), stable);
  t.equal(after.leaderEpoch, 1);
});

t.test('an epoch that was cut away is not given again', async (t) => {
  const disk = new MemoryDisk();
  const first = await openTestLog({ disk, dir });
  appendBatches(first.log, [2]);
  await first.log.close();
  const second = await openTestLog({ disk, dir, recoveryPoint: 2 });
  t.equal(second.log.leaderEpoch, 1);
  appendBatches(second.log, [2]);
  const third = await openTestLog({ disk: disk.powerCut(), dir, recoveryPoint: 2 });
  t.equal(third.log.logEndOffset, 2);
  t.equal(third.log.leaderEpoch, 2, 'the epoch was stored before its first append');
  t.match(third.log.endOffsetForEpoch(1), { offset: 2, leaderEpoch: 0 });
});

t.test('epochs are learnt from batches where the file is lost', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir });
  log.append(runOf(batchAt(0, recordsOf(2), { epoch: 4 }), batchAt(2, recordsOf(1), { epoch: 7 })));
  disk.remove(`${dir}/leader-epoch-checkpoint`);
  const { log: after } = await openTestLog({ disk: disk.powerCut(true), dir });
  t.equal(after.leaderEpoch, 8);
  t.match(after.endOffsetForEpoch(4), { offset: 2, leaderEpoch: 4 });
  t.equal(after.epochAt(2), 7);
});

t.test('an opening that had to close its own active segment goes on writing to it', async (t) => {
  class Disk extends MemoryDisk {
    override readonly maxOpenSegments = 1;
  }
  const disk = new Disk();
  const { log } = await openTestLog({ disk, dir, config: { segmentBytes: 100 } });
  append(log, recordsOf(1));
  append(log, recordsOf(1));
  // As a kill leaves it between making a segment and its first write.
  disk.close(disk.open(`${dir}/00000000000000000002.log`, 'create'));
  const { log: again } = await openTestLog({ disk, dir });
  again.append(runOf(batchAt(2, recordsOf(1)), batchAt(3, recordsOf(1))));
  t.equal(readAll(again).length, 4);
  await again.close();
});
