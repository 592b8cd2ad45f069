import t from 'tap';
import type { ProducerSnapshotEntry } from '../../../../workers/log/log.js';
import { flushed } from '../read-log.js';
import { append } from '../session.js';
import { diskError, MemoryDisk } from './memory-disk.js';
import { openTestLog, syncer } from './open-test-log.js';

t.teardown(() => syncer.close());

const dir = '/d/t-0';
const config = { segmentBytes: 200 };

function entry(producerId: number, lastOffset: number): ProducerSnapshotEntry {
  return {
    producerId,
    producerEpoch: 3,
    lastSequence: 2 ** 31 - 1,
    lastOffset,
    offsetDelta: 4,
    timestamp: 1_700_000_000_000,
    coordinatorEpoch: -1,
    currentTxnFirstOffset: -1,
  };
}

/** Ten batches of one record by producers 0 to 9, closed in order. */
async function filled(disk: MemoryDisk): Promise<void> {
  const { log } = await openTestLog({
    disk,
    dir,
    config,
    takeSnapshot: (endOffset) => [entry(1000, endOffset - 1)],
  });
  for (let i = 0; i < 10; i++) append(log, [{ value: 'x' }], { producerId: i });
  await flushed(log);
  await log.close();
}

const snapshots = (disk: MemoryDisk) =>
  disk
    .readdir(dir)
    .filter((name) => name.endsWith('.snapshot'))
    .map((name) => Number(name.slice(0, 20)))
    .sort((a, b) => a - b);
const starts = (disk: MemoryDisk) =>
  disk
    .readdir(dir)
    .filter((name) => name.endsWith('.log'))
    .map((name) => Number(name.slice(0, 20)))
    .sort((a, b) => a - b);

t.test('one at each segment start, and one at the end', async (t) => {
  const disk = new MemoryDisk();
  await filled(disk);
  t.same(snapshots(disk), [...starts(disk).slice(1), 10]);
  const { told } = await openTestLog({ disk, dir, config, cleanShutdown: true });
  t.same(told.snapshot, [entry(1000, 9)]);
  t.same(told.replayed, []);
});

t.test(
  'an older one, and the batches behind it, where the newest is lost or damaged',
  async (t) => {
    const disk = new MemoryDisk();
    await filled(disk);
    const newest = `${dir}/00000000000000000010.snapshot`;
    const last = starts(disk).at(-1)!;
    const losses: ((disk: MemoryDisk) => void)[] = [
      (disk) => disk.remove(newest),
      (disk) => disk.put(newest, new Uint8Array(0)),
      (disk) => {
        disk.bytesOf(newest)[20]! ^= 1;
      },
      (disk) => disk.put(newest, disk.bytesOf(newest).subarray(0, -3)),
    ];
    for (const lose of losses) {
      for (const cleanShutdown of [true, false]) {
        const damaged = disk.powerCut(true);
        lose(damaged);
        const { told } = await openTestLog({
          disk: damaged,
          dir,
          config,
          cleanShutdown,
          recoveryPoint: 10,
        });
        t.same(told.snapshot, [entry(1000, last - 1)]);
        t.same(
          told.replayed.map(([offset]) => offset),
          range(last, 10),
        );
      }
    }
    const none = disk.powerCut(true);
    for (const offset of snapshots(none))
      none.remove(`${dir}/${String(offset).padStart(20, '0')}.snapshot`);
    const { told } = await openTestLog({ disk: none, dir, config, recoveryPoint: 10 });
    t.same(told.snapshot, []);
    t.same(
      told.replayed,
      range(0, 10).map((i) => [i, i]),
    );
  },
);

t.test('one that alone knows a producer is not written again', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({
    disk,
    dir,
    config: { retentionMs: 0 },
    takeSnapshot: (endOffset) => [entry(1000, endOffset - 1)],
  });
  append(log, [{ value: 'x' }]);
  await flushed(log);
  log.expire(Number.MAX_SAFE_INTEGER, 1);
  t.same(starts(disk), [1]);
  disk.before = (operation, path) => {
    if (operation === 'writev' && path.endsWith('1.snapshot')) throw diskError('EIO');
  };
  await log.close();
  t.same(snapshots(disk), [1]);
});

t.test('not one that speaks of records that were cut', async (t) => {
  const disk = new MemoryDisk();
  await filled(disk);
  const last = starts(disk).at(-1)!;
  const file = `${dir}/${String(last).padStart(20, '0')}.log`;
  disk.put(file, disk.bytesOf(file).subarray(0, -1));
  disk.put(`${dir}/recovery-point`, new Uint8Array(0));
  const { told, log } = await openTestLog({ disk, dir, config });
  t.equal(log.logEndOffset, 9);
  t.same(told.snapshot, [entry(1000, last - 1)]);
  t.same(
    told.replayed.map(([offset]) => offset),
    range(last, 9),
  );
  t.ok(Math.max(...snapshots(disk)) <= 9);
});

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
