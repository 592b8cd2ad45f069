import t, { type Test } from 'tap';
import type { EmbeddedLog } from '../../../../workers/log/embedded/embedded-log.js';
import { batchAt, runOf } from '../batches.js';
import { flushed, readAll, readOnce } from '../read-log.js';
import { append } from '../session.js';
import { MemoryDisk } from './memory-disk.js';
import { openTestLog, syncer } from './open-test-log.js';

t.teardown(() => syncer.close());

const dir = '/d/t-0';
const config = { segmentBytes: 2000, indexIntervalBytes: 150 };

/** Sixty batches of two records over several segments, timestamps ten apart. */
async function filled(disk: MemoryDisk): Promise<EmbeddedLog> {
  const { log } = await openTestLog({ disk, dir, config });
  for (let i = 0; i < 60; i++) {
    append(log, [{ timestamp: 1000 + 20 * i, value: 'abc' }, { timestamp: 1010 + 20 * i }]);
  }
  await log.close();
  return log;
}

/** Every offset and every timestamp is found. */
function check(t: Test, log: EmbeddedLog): void {
  const wrong: number[] = [];
  for (let offset = 0; offset < 120; offset++) {
    const [first] = readOnce(log, offset, 1);
    const found = log.offsetForTimestamp(1000 + 10 * offset, 120);
    if (first?.[7] !== (offset & ~1) || found.offset !== offset) wrong.push(offset);
  }
  t.same(wrong, [], 'offsets that are not found');
}

t.test('every kind of loss', async (t) => {
  const disk = new MemoryDisk();
  await filled(disk);
  const names = disk.readdir(dir).filter((name) => /index$/.test(name));
  t.ok(names.length >= 6);
  const losses: [string, (disk: MemoryDisk, path: string) => void][] = [
    ['none', () => {}],
    ['all gone', (disk, path) => disk.remove(path)],
    ['empty', (disk, path) => disk.put(path, new Uint8Array(0))],
    ['torn', (disk, path) => disk.put(path, disk.bytesOf(path).subarray(0, -5))],
    [
      'halved',
      (disk, path) =>
        disk.put(path, disk.bytesOf(path).subarray(0, disk.bytesOf(path).length >> 1)),
    ],
    ['zeros', (disk, path) => disk.bytesOf(path).fill(0)],
    [
      'preallocated',
      (disk, path) => disk.put(path, Buffer.concat([disk.bytesOf(path), Buffer.alloc(240)])),
    ],
    [
      'noise',
      (disk, path) =>
        disk.bytesOf(path).forEach((_, i, bytes) => {
          bytes[i] = (i * 73) & 0x7f;
        }),
    ],
  ];
  for (const [name, lose] of losses) {
    for (const kind of ['.index', '.timeindex', 'index']) {
      await t.test(`${name} of ${kind}`, async (t) => {
        const damaged = disk.powerCut(true);
        for (const file of names) if (file.endsWith(kind)) lose(damaged, `${dir}/${file}`);
        const { log } = await openTestLog({ disk: damaged, dir, config, cleanShutdown: true });
        check(t, log);
        t.equal(log.logEndOffset, 120);
        append(log, [{ value: 'more' }]);
        t.equal(readAll(log).length, 61);
        await log.close();
      });
    }
  }
});

t.test('a time index is synced before the offset index goes further', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir, config: { indexIntervalBytes: 150 } });
  for (let i = 0; i < 10; i++) append(log, [{ value: 'abc' }]);
  await flushed(log);
  const done: string[] = [];
  disk.before = (operation, path) => {
    if (/index$/.test(path) && operation !== 'open') done.push(operation);
  };
  await log.close();
  t.same(done, ['writev', 'fdatasync', 'writev']);
});

t.test('an index of another segment', async (t) => {
  const disk = new MemoryDisk();
  await filled(disk);
  const [first, second] = disk
    .readdir(dir)
    .filter((name) => name.endsWith('.index'))
    .sort();
  disk.put(`${dir}/${second}`, disk.bytesOf(`${dir}/${first}`));
  const { log } = await openTestLog({ disk, dir, config, cleanShutdown: true });
  check(t, log);
});

t.test('a full index rolls the segment', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({
    disk,
    dir,
    config: { segmentIndexBytes: 40, indexIntervalBytes: 0 },
  });
  for (let i = 0; i < 30; i++) append(log, [{ timestamp: 1000 + i }]);
  await log.close();
  const indexes = disk.readdir(dir).filter((name) => name.endsWith('index'));
  for (const name of indexes) {
    t.ok(disk.bytesOf(`${dir}/${name}`).length <= 40, `${name} has at most 40 bytes`);
  }
  t.ok(indexes.length > 8);
});

t.test('an offset that does not fit beside the segment rolls it', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir });
  append(log, [{}]);
  const far = 2 ** 31 + 5;
  log.append(runOf(batchAt(far, [{}])));
  t.equal(log.logEndOffset, far + 1);
  t.equal(readOnce(log, 1, 1).length, 1, 'a reader in the hole gets what follows');
  await log.close();
  t.ok(disk.readdir(dir).includes(`${String(far).padStart(20, '0')}.log`));
});
