import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { loadAddon } from '../../native/addon-file.js';
import { codecsNotice, loadCodecs } from '../../native/index.js';
import { available } from './samples.js';

const indexUrl = new URL('../../native/index.js', import.meta.url).href;

t.test('a panic in the addon is an error', async (t) => {
  const loaded = loadAddon();
  if ('absence' in loaded) return t.comment(`no addon: ${loaded.absence}`);
  for (let i = 0; i < 3; i++) {
    t.throws(() => loaded.binding.panicForTest(), { message: 'panic in the addon: on request' });
  }
  const codecs = loadCodecs('addon');
  t.equal(codecs.crc32c(Buffer.from('123456789'), 0, 9), 0xe3069283, 'and it goes on');
});

t.test('KOPJE_ADDON=off forces the fallback, with a notice of one line', async (t) => {
  const script = `
    import { codecsNotice, createSyncer, loadCodecs } from ${JSON.stringify(indexUrl)};
    console.log(loadCodecs().name, createSyncer().constructor.name);
    console.log(codecsNotice());
    try { loadCodecs('addon') } catch (error) { console.log(error.message) }`;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, KOPJE_ADDON: 'off' },
    encoding: 'utf8',
  });
  t.equal(status, 0);
  const [names, notice, refusal] = stdout.split('\n');
  t.equal(names, 'fallback FallbackSyncer');
  t.match(notice, /^running on fallback codecs.*KOPJE_ADDON=off$/);
  t.equal(refusal, 'no addon: KOPJE_ADDON=off');
});

t.test('an addon that does not load is named in the notice', async (t) => {
  if (process.env['KOPJE_ADDON'] === 'off') return t.comment('KOPJE_ADDON=off');
  // The files of the compiled package around an addon that is none.
  const root = t.testdir({ native: {}, 'package.json': '{"type":"module"}' });
  cpSync(fileURLToPath(new URL('../../native', import.meta.url)), join(root, 'dist', 'native'), {
    recursive: true,
  });
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
  const file = join(root, 'native', `kopje.${process.platform}-${process.arch}.node`);
  writeFileSync(file, 'not a library');
  const { codecsNotice, loadCodecs } = (await import(
    pathToFileURL(join(root, 'dist', 'native', 'index.js')).href
  )) as typeof import('../../native/index.js');
  t.equal(loadCodecs().name, 'fallback');
  t.ok(codecsNotice()?.includes(file), codecsNotice() ?? 'no notice');
  const payload = Buffer.from('kopje');
  const packed = loadCodecs().compress(4, payload, 0, payload.length);
  t.ok(Buffer.from(loadCodecs().inflate(4, packed, 0, packed.length, 5)).equals(payload));
});

t.test('without a preference the addon comes first', async (t) => {
  t.equal(loadCodecs().name, codecsNotice() === null ? 'addon' : 'fallback');
});

for (const { name } of available) {
  t.test(`${name}: several threads at once`, async (t) => {
    const threads = Array.from(
      { length: 4 },
      () =>
        new Worker(new URL('./codec-thread.js', import.meta.url), {
          workerData: { preference: name, rounds: 30 },
        }),
    );
    const results = await Promise.all(
      threads.map(async (thread) => {
        const [[bad], [code]] = await Promise.all([once(thread, 'message'), once(thread, 'exit')]);
        return [bad, code];
      }),
    );
    t.same(results, Array(4).fill([0, 0]));
  });
}
