import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { RawClient } from '../../raw-client.js';
import { batchOf, createTopic, fetch, produce } from '../../whole/records.js';
import { ended, lineOf } from './kopje.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const fileOf = (path: string) =>
  fileURLToPath(new URL(path, new URL('../../../', import.meta.url)));
const command = fileOf('engine/kopje.cjs');
const bundled = fileOf('bundle/command.js');
/** What a start runs, as V8 keeps it: 0.9 MB now. */
const maxKeptBytes = 1.1 * 1024 ** 2;
/** A quarter of Kafka's. */
const maxResidentMib = 97;

// After an `npx tsc` what is compiled is newer than the bundle.
if (mtimeOf(fileOf('.tsbuildinfo')) > mtimeOf(bundled)) {
  const bundler = fileURLToPath(new URL('../../../../engine/bundle.mjs', import.meta.url));
  execFileSync(process.execPath, [bundler]);
}

function mtimeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

interface Used {
  readonly loaded: readonly string[];
  readonly log: string;
  readonly residentMib: number;
}

/** NaN where no file tells it. */
function residentMibOf(pid: number | undefined): number {
  if (process.platform !== 'linux') return Number.NaN;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

/** Starts the bundle, and has a record go through it. */
async function useOne(t: Test, env: NodeJS.ProcessEnv): Promise<Used> {
  const settings = ['kafkaListeners=PLAINTEXT://127.0.0.1:0'];
  const words = ['serve', ...settings.flatMap((setting) => ['--set', setting])];
  const recorder = fileOf('test/engine/cli/loaded-files.cjs');
  const child = spawn(process.execPath, ['--require', recorder, command, ...words], {
    cwd: t.testdir({}),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const ready = await lineOf(child, /^kopje ready/);
  const client = await RawClient.connect(Number(/PLAINTEXT:\S+:(\d+) /.exec(ready)?.[1]));
  await createTopic(client, 'letters', 3);
  const records = batchOf('a');
  t.equal((await produce(client, 'letters', 2, records)).errorCode, 0);
  const { responses } = await fetch(client, 'letters', [{ partition: 2, fetchOffset: 0 }]);
  t.equal(responses[0]?.partitions[0]?.records?.length, records.length);
  const residentMib = residentMibOf(child.pid);
  client.close();
  child.kill('SIGTERM');
  const { code, stderr } = await ended(child);
  t.equal(code, 0, stderr);
  const lines = stderr.trim().split('\n');
  const { files } = JSON.parse(lines.pop() ?? '') as { files: string[] };
  return { loaded: files.map((file) => relative(root, file)), log: lines.join('\n'), residentMib };
}

t.test('the command is one file and what is native, and V8 knows what a start runs', async (t) => {
  const { loaded, residentMib } = await useOne(t, {});
  const ours = loaded.filter((file) => !/node_modules|\.node$/.test(file)).sort();
  t.strictSame(ours, ['dist/engine/cached-script.cjs', 'dist/engine/kopje.cjs']);
  const { loadCached } = createRequire(import.meta.url)(fileOf('engine/cached-script.cjs')) as {
    loadCached(file: string): { script: { cachedDataRejected?: boolean } };
  };
  t.equal(loadCached(bundled).script.cachedDataRejected, false);
  const keptBytes = statSync(`${bundled}.cache`).size;
  t.ok(keptBytes < maxKeptBytes, `${keptBytes} bytes of code`);
  t.notOk(residentMib > maxResidentMib, `${residentMib.toFixed(1)} MiB of memory`);
});

t.test('the bundle without the addon', async (t) => {
  const { log } = await useOne(t, { KOPJE_ADDON: 'off' });
  t.match(log, /running on fallback codecs/);
});
