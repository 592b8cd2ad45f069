import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t from 'tap';
import { DataDirectory } from '../../../engine/catalog/data-directory.js';
import { openCatalog, silent, temporaryDirectory } from './open-catalog.js';

const holder = new URL('holder.js', import.meta.url).pathname;

/** Starts a holder; `lines` yields what it says. */
function hold(
  path: string,
  kind = 'ids',
  count = 0,
): { child: ChildProcess; lines: AsyncIterator<string> } {
  const child = spawn(process.execPath, [holder, path, kind, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return { child, lines };
}

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

t.test(
  'the second process is told who holds the directory; a killed one holds nothing',
  async (t) => {
    // Longer than a socket address may be.
    const path = join(await temporaryDirectory(t), 'deep'.repeat(30));
    const first = hold(path);
    t.equal((await first.lines.next()).value, 'holding');

    const second = hold(path);
    const exit = once(second.child, 'exit');
    t.equal(
      (await second.lines.next()).value,
      `data directory ${path} is in use by another kopje (pid ${first.child.pid})`,
    );
    t.strictSame(await exit, [3, null]);

    await kill(first.child);
    const third = hold(path);
    t.equal((await third.lines.next()).value, 'holding');
    await kill(third.child);
    const { close } = await openCatalog(path);
    await t.rejects(openCatalog(path), { name: 'DirectoryLocked', pid: process.pid });
    await close();
  },
);

t.test('no producer id is handed out twice, whenever the process is killed', async (t) => {
  const path = await temporaryDirectory(t);
  const seen = new Set<string>();
  for (const untilKill of [1, 1_000, 1_501]) {
    const { child, lines } = hold(path, 'ids', 5_000);
    t.equal((await lines.next()).value, 'holding');
    for (let count = 0; count < untilKill; count++) {
      const { value } = await lines.next();
      if (seen.has(value)) t.fail(`producer id ${value} twice`);
      seen.add(value);
    }
    await kill(child);
  }
  t.equal(seen.size, 2_502);
  const { catalog, close } = await openCatalog(path);
  const ids = await Promise.all(Array.from({ length: 2_001 }, () => catalog.producerIds.next()));
  t.equal(new Set(ids).size, ids.length);
  t.notOk(ids.some((id) => seen.has(String(id))));
  await close();
});

t.test('a topic that was answered is there after a kill; half a topic is not', async (t) => {
  const path = await temporaryDirectory(t);
  const made = new Map<string, string>();
  for (const untilKill of [1, 8, 20]) {
    const { child, lines } = hold(path, 'topics', untilKill + 3);
    t.equal((await lines.next()).value, 'holding');
    for (let count = 0; count < untilKill; count++) {
      const [name, id] = (await lines.next()).value.split(' ');
      made.set(name, id);
    }
    await kill(child);
  }
  const { catalog, close } = await openCatalog(path);
  for (const [name, id] of made) t.equal(catalog.topic(name)?.id, id);
  t.ok(catalog.isWhole);
  const known = [...catalog.topics()].flatMap(({ name }) => [`${name}-0`, `${name}-1`]);
  const found = (await readdir(path)).filter((name) => /^topic-.*-[01]$/.test(name));
  t.strictSame(found.sort(), known.sort());
  await close();
});

t.test('the directory keeps its identity and refuses another node id', async (t) => {
  const path = await temporaryDirectory(t);
  const first = await DataDirectory.open({ path, nodeId: 5, clusterId: '', log: silent });
  await first.close(true);
  t.match(
    await readFile(join(path, 'meta.properties'), 'utf8'),
    /^#\n#.*\nnode\.id=5\ndirectory\.id=.{22}\nversion=1\ncluster\.id=.{22}\n$/,
  );
  await t.rejects(
    DataDirectory.open({ path, nodeId: 6, clusterId: '', log: silent }),
    /belongs to node 5/,
  );
  const elsewhere = { path, nodeId: 5, clusterId: 'x', log: silent };
  await t.rejects(DataDirectory.open(elsewhere), /belongs to cluster .{22} .*not to x/);
  const again = await DataDirectory.open({ path, nodeId: null, clusterId: '', log: silent });
  t.strictSame(again.meta, first.meta);
  await again.close(false);
});

t.test('the mark of a clean shutdown lasts until the next opening', async (t) => {
  const path = await temporaryDirectory(t);
  const mark = join(path, '.kafka_cleanshutdown');
  const open = () => DataDirectory.open({ path, nodeId: null, clusterId: '', log: silent });
  const first = await open();
  t.notOk(first.cleanShutdown);
  await first.close(true);
  t.ok(existsSync(mark));
  const second = await open();
  t.ok(second.cleanShutdown);
  t.notOk(existsSync(mark));
  await second.close(false);
  t.notOk(existsSync(mark));
});

t.test('a damaged identity stops the start; a damaged checkpoint does not', async (t) => {
  const path = await temporaryDirectory(t);
  await writeFile(join(path, 'recovery-point-offset-checkpoint'), '0\n2\na 0 5\n');
  const directory = await DataDirectory.open({ path, nodeId: null, clusterId: '', log: silent });
  t.equal(directory.recoveryPoints.size, 0);
  await directory.close(true);
  await writeFile(join(path, 'meta.properties'), 'version=1\nnode.id=1\n');
  await t.rejects(
    DataDirectory.open({ path, nodeId: null, clusterId: '', log: silent }),
    /meta\.properties: cluster\.id is missing/,
  );
});
