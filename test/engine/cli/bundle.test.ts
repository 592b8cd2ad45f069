import { execFileSync, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
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
/** What a start runs, as V8 keeps it: 0.95 MB now. */
const maxKeptBytes = 1.1 * 1024 ** 2;

// What is compiled may be newer than the bundle.
execFileSync(process.execPath, [
  fileURLToPath(new URL('../../../../engine/bundle.mjs', import.meta.url)),
]);

/** Starts the bundle, and has a record go through it. */
async function useOne(t: Test, env: NodeJS.ProcessEnv): Promise<{ loaded: string[]; log: string }> {
  const settings = ['kafkaListeners=PLAINTEXT://127.0.0.1:0', 'httpListener=127.0.0.1:0'];
  const words = ['serve', ...settings.flatMap((setting) => ['--set', setting])];
  const recorder = fileOf('test/engine/cli/loaded-files.cjs');
  const child = spawn(process.execPath, ['--require', recorder, command, ...words], {
    cwd: t.testdir({}),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const ready = await lineOf(child, /^kopje ready/);
  const [, port, http] = /PLAINTEXT:\S+:(\d+) \(.*\) (http:\S+)/.exec(ready) ?? [];
  const client = await RawClient.connect(Number(port));
  await createTopic(client, 'letters', 3);
  const records = batchOf('a');
  t.equal((await produce(client, 'letters', 2, records)).errorCode, 0);
  const { responses } = await fetch(client, 'letters', [{ partition: 2, fetchOffset: 0 }]);
  t.equal(responses[0]?.partitions[0]?.records?.length, records.length);
  t.match(await (await fetchPage(`${http}/metrics`)).text(), /^kopje_/m);
  client.close();
  child.kill('SIGTERM');
  const { code, stderr } = await ended(child);
  t.equal(code, 0, stderr);
  const lines = stderr.trim().split('\n');
  const { files } = JSON.parse(lines.pop() ?? '') as { files: string[] };
  return { loaded: files.map((file) => relative(root, file)), log: lines.join('\n') };
}

const fetchPage = globalThis.fetch;

t.test('the command is one file and what is native, and V8 knows what a start runs', async (t) => {
  const { loaded } = await useOne(t, {});
  const ours = loaded.filter((file) => !/node_modules|\.node$/.test(file)).sort();
  t.strictSame(ours, ['dist/engine/cached-script.cjs', 'dist/engine/kopje.cjs']);
  const { loadCached } = createRequire(import.meta.url)(fileOf('engine/cached-script.cjs')) as {
    loadCached(file: string): { script: { cachedDataRejected?: boolean } };
  };
  t.equal(loadCached(bundled).script.cachedDataRejected, false);
  const keptBytes = statSync(`${bundled}.cache`).size;
  t.ok(keptBytes < maxKeptBytes, `${keptBytes} bytes of code`);
});

t.test('the bundle without the addon', async (t) => {
  const { log } = await useOne(t, { KOPJE_ADDON: 'off' });
  t.match(log, /running on fallback codecs/);
});
