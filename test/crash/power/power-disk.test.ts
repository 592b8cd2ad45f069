/** Power cuts below code that runs in this process: the whole broker's come with `npm run test:crash`. */
import { mkdtemp, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open as openLmdb } from 'lmdb';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { DataDirectory } from '../../../engine/catalog/data-directory.js';
import { createLmdbFile } from '../../../engine/catalog/lmdb-birth.js';
import { checkLmdbFile } from '../../../engine/catalog/lmdb-file.js';
import { PowerDisk, powerDiskAbsence } from './power-disk.js';

const absence = powerDiskAbsence();
const skip = absence === null ? false : `no power can be cut here: ${absence}`;
const cuts = 12;

async function mount(t: Test): Promise<PowerDisk> {
  const directory = await mkdtemp(join(tmpdir(), 'kopje-power-'));
  const disk = await PowerDisk.mount(directory, 1);
  t.teardown(async () => {
    await disk.close();
    await rm(directory, { recursive: true });
  });
  return disk;
}

t.test('what the kernel is told is what it gets back', { skip }, async (t) => {
  const { directory } = await mount(t);
  const path = join(directory, 'file');
  const bytes = Buffer.alloc(3_000_000, 'every byte counts; ');
  await writeFile(path, bytes);
  t.ok((await readFile(path)).equals(bytes));
  await rename(path, `${path}-2`);
  t.strictSame(await readdir(directory), ['file-2']);
  const handle = await open(`${path}-2`, 'r+');
  await handle.truncate(5);
  await handle.close();
  t.equal(await readFile(`${path}-2`, 'utf8'), 'every');
  await t.rejects(stat(path), { code: 'ENOENT' });
});

t.test('the name of a new data directory survives, and what is in it', { skip }, async (t) => {
  const disk = await mount(t);
  for (let i = 0; i < cuts; i++) {
    const path = join(disk.directory, `new-${i}`, 'data');
    const options = { path, nodeId: 1, clusterId: '', log: pino({ level: 'silent' }) };
    const opened = await DataDirectory.open(options);
    const { clusterId } = opened.meta;
    await opened.close(false);
    await disk.cutPower();
    const again = await DataDirectory.open(options);
    t.equal(again.meta.clusterId, clusterId);
    await again.close(false);
  }
});

t.test('a new catalog is there whole, or not at all', { skip }, async (t) => {
  const disk = await mount(t);
  const openRoot = (path: string) => openLmdb({ path, noSubdir: true, overlappingSync: false });
  let torn = 0;
  for (let i = 0; i < cuts; i++) {
    const [aside, inPlace] = ['aside', 'in-place'].map((name) => join(disk.directory, name + i));
    await createLmdbFile(aside!, openRoot);
    await openRoot(inPlace!).close();
    await disk.cutPower();
    await checkLmdbFile(aside!);
    torn += await checkLmdbFile(inPlace!).then(
      () => 0,
      () => 1,
    );
  }
  t.ok(torn > 0, `LMDB alone left ${torn} of ${cuts} that no start would have taken`);
});
