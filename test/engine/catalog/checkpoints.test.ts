import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { readCheckpoint, writeCheckpoint } from '../../../engine/catalog/checkpoint-file.js';
import { Checkpoints } from '../../../engine/catalog/checkpoints.js';
import { DataDirectory } from '../../../engine/catalog/data-directory.js';
import { offlinePartition } from '../../../engine/catalog/topic.js';
import type { PartitionRef } from '../../../engine/route/partition-port.js';
import { newLineState } from '../../../workers/ring/table.js';
import fc from '../../fast-check.js';
import { openCatalog, silent, temporaryDirectory } from './open-catalog.js';

t.test('what is written is read back', async (t) => {
  const path = join(await temporaryDirectory(t), 'checkpoint');
  const entry = fc.tuple(
    fc.stringMatching(/^[a-zA-Z0-9._-]{1,20}-[0-9]{1,4}$/),
    fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(entry), async (entries) => {
      const offsets = new Map(
        entries.map(([key, offset]) => [key.replace(/-0+(?=\d+$)/, '-'), offset]),
      );
      await writeCheckpoint(path, offsets);
      t.strictSame([...(await readCheckpoint(path))], [...offsets]);
    }),
    { numRuns: 30 },
  );
});

t.test('anything but the format is refused; an empty file is an empty checkpoint', async (t) => {
  const path = join(await temporaryDirectory(t), 'checkpoint');
  for (const text of [
    '1\n0\n',
    '0\n',
    '0\n1\n',
    '0\n1\na b 3\n',
    '0\n1\na 0 3',
    '0\n2\na 0 3\na 0 4\n',
  ]) {
    await writeFile(path, text);
    if (text === '0\n1\na 0 3') t.equal((await readCheckpoint(path)).get('a-0'), 3);
    else await t.rejects(readCheckpoint(path), /checkpoint/, JSON.stringify(text));
  }
  await writeFile(path, '');
  t.equal((await readCheckpoint(path)).size, 0);
});

t.test('log starts are durable when the write that was asked for is answered', async (t) => {
  const path = await temporaryDirectory(t);
  const { catalog, port, close } = await openCatalog(path);
  const file = join(path, 'log-start-offset-checkpoint');
  await catalog.createTopic({ name: 'a', partitions: 2, overrides: new Map() });
  port.publish('a-0', { logStartOffset: 5 });
  const first = catalog.checkpoints.writeLogStarts();
  // The first write has looked already; this one must not be answered by it.
  port.publish('a-1', { logStartOffset: 6 });
  const second = catalog.checkpoints.writeLogStarts();
  const third = catalog.checkpoints.writeLogStarts();
  await first;
  await Promise.all([second, third]);
  t.equal(await readFile(file, 'utf8'), '0\n2\na 0 5\na 1 6\n');
  await close();
});

t.test('an offline partition keeps what was written of it', async (t) => {
  const path = await temporaryDirectory(t);
  const first = await openCatalog(path);
  await first.catalog.createTopic({ name: 'a', partitions: 2, overrides: new Map() });
  first.port.publish('a-0', { logStartOffset: 5, recoveryPoint: 8 });
  first.port.publish('a-1', { logStartOffset: 3, recoveryPoint: 4 });
  await first.close();
  const second = await openCatalog(path, ['a-0']);
  second.port.publish('a-1', { recoveryPoint: 9 });
  await second.close();
  const recovery = await readFile(join(path, 'recovery-point-offset-checkpoint'), 'utf8');
  t.equal(recovery, '0\n2\na 0 8\na 1 9\n');
  t.equal(
    await readFile(join(path, 'log-start-offset-checkpoint'), 'utf8'),
    '0\n2\na 0 5\na 1 3\n',
  );
});

t.test('a deleted name is forgotten even where it is just being written', async (t) => {
  const path = await temporaryDirectory(t);
  const directory = await DataDirectory.open({ path, nodeId: null, clusterId: '', log: silent });
  const a = { ...offlinePartition('a', 'id', 0), online: true };
  let refs: PartitionRef[] = [a];
  const state = { ...newLineState(), recoveryPoint: 8, logStartOffset: 5 };
  const source = { partitions: () => refs, state: () => state };
  const checkpoints = new Checkpoints(directory, source, silent);
  const written = checkpoints.writeAll();
  refs = [];
  await checkpoints.forget([a]);
  await written;
  for (const file of ['recovery-point-offset-checkpoint', 'log-start-offset-checkpoint']) {
    t.equal(await readFile(join(path, file), 'utf8'), '0\n0\n');
  }
  await checkpoints.close();
  await directory.close(false);
});
