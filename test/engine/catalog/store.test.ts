import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { CatalogStore } from '../../../engine/catalog/store.js';
import { openCatalog, temporaryDirectory } from './open-catalog.js';

const run = promisify(execFile);
const row = (letter: string) => ({ id: `${letter.repeat(21)}A`, partitions: 1, overrides: {} });

t.test('what was stored is there after a reopening', async (t) => {
  const path = join(await temporaryDirectory(t), 'store.mdb');
  const store = await CatalogStore.open(path);
  t.ok(store.fresh);
  await store.initialize([['a', row('a')]], 7);
  t.notOk(store.fresh);
  await store.putTopic('b', { ...row('b'), overrides: { 'retention.ms': '5' } });
  await store.removeTopic('a', row('a'));
  await store.close();
  const again = await CatalogStore.open(path);
  t.notOk(again.fresh);
  t.same([...again.topics()], [['b', { ...row('b'), overrides: { 'retention.ms': '5' } }]]);
  t.same([...again.removals()], [[row('a').id, { name: 'a', partitions: 1 }]]);
  t.equal(again.nextProducerId(), 7);
  await again.close();
});

t.test('a disk without room refuses changes and keeps what was answered', async (t) => {
  const path = join(await temporaryDirectory(t), 'store.mdb');
  const filler = new URL('filler.js', import.meta.url).pathname;
  // With the signal ignored, a write beyond the limit fails like one on a full disk.
  const limited = `trap '' XFSZ; ulimit -f 800; exec "$0" "$1" "$2"`;
  const { stdout } = await run('sh', ['-c', limited, process.execPath, filler, path]);
  const [kept, refused] = stdout.split(' ').map(Number);
  t.ok(kept! > 0 && refused! > 0, stdout);
  const store = await CatalogStore.open(path);
  t.equal([...store.topics()].length, kept);
  await store.putTopic('room-again', row('r'));
  await store.close();
});

t.test('the file has room for a change before LMDB writes it', async (t) => {
  const path = join(await temporaryDirectory(t), 'store.mdb');
  const store = await CatalogStore.open(path);
  await store.initialize([], 0);
  // LMDB writes a value of many pages in one call, which a full disk would cut short.
  const overrides = { long: 'x'.repeat(500_000) };
  const changes = ['a', 'b', 'c'].map((name) => store.putTopic(name, { ...row('a'), overrides }));
  await Promise.all(changes);
  await store.close();
  t.ok((await stat(path)).size > 3 * 2 * 500_000, 'more than its pages need');
  const again = await CatalogStore.open(path);
  t.same(
    [...again.topics()].map(([, { overrides: kept }]) => kept['long']?.length),
    [500_000, 500_000, 500_000],
  );
  await again.close();
});

t.test('a damaged file is refused with its name, not with a crash', async (t) => {
  const path = await temporaryDirectory(t);
  const file = join(path, 'kopje-catalog.mdb');
  const { catalog, close } = await openCatalog(path);
  for (let index = 0; index < 20; index++) await catalog.ensureTopic(`topic-${index}`);
  await close();
  const intact = await readFile(file);
  const noMeta = Buffer.from(intact);
  noMeta.fill(0, 4096, 8192);
  const noContent = Buffer.from(intact);
  noContent.fill(0, 8192);
  const cases: [damage: string, bytes: Uint8Array, message: RegExp][] = [
    ['random bytes', randomBytes(8192), /kopje-catalog\.mdb is no database/],
    ['a few bytes', randomBytes(10), /is no database/],
    ['a few of its pages', intact.subarray(0, 16_384), /bytes left of/],
    ['no second meta page', noMeta, /is no database/],
    ['nothing behind the meta pages', noContent, /MDB_CORRUPTED/],
  ];
  for (const [damage, bytes, message] of cases) {
    await writeFile(file, bytes);
    await t.rejects(openCatalog(path), { name: 'DataDirectoryError', message }, damage);
  }
  await writeFile(file, intact);
  const mended = await openCatalog(path);
  t.equal(mended.catalog.topicCount, 20);
  await mended.close();
  // An empty file is what a crash during the very first start leaves.
  await truncate(file, 0);
  const adopted = await openCatalog(path);
  t.equal(adopted.catalog.topicCount, 20, 'adopted from the directories');
  await adopted.close();
});
