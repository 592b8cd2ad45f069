import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { exitCodes } from '../../../engine/cli/exit-codes.js';
import { ended, kopje, lineOf, start } from './kopje.js';

/** ApiVersions v0, correlation id 1, no client id. */
const apiVersionsRequest = Buffer.from('0000000a0012000000000001ffff', 'hex');

/** Sends a request and resolves with the correlation id of the answer. */
async function ask(host: string, port: number): Promise<number> {
  const socket = connect({ host, port });
  socket.write(apiVersionsRequest);
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return bytes.readInt32BE(4);
}

const listeners = 'kafkaListeners=PLAINTEXT://127.0.0.1:0,SIX://[::1]:0';
const advertised = 'kafkaAdvertisedListeners=SIX://kopje.example:19093';
const serveWords = ['serve', '--set', 'workers=1', '--set'];
const readyPattern =
  /^kopje ready PLAINTEXT:\/\/127\.0\.0\.1:(\d+) \(advertised 127\.0\.0\.1:(\d+)\) SIX:\/\/\[::1\]:(\d+) \(advertised kopje\.example:19093\) backend=embedded durability=fsync data=\.\/data$/;

t.test('says ready when every listener answers, and stops on SIGTERM', async (t) => {
  const cwd = t.testdir({});
  const child = start([...serveWords, listeners, '--set', advertised], { cwd });
  t.teardown(() => child.kill('SIGKILL'));
  const ready = readyPattern.exec(await lineOf(child, /^kopje/));
  t.ok(ready, 'the line has the agreed form');
  const [, port4 = '', advertised4, port6 = ''] = ready ?? [];
  t.equal(port4, advertised4, 'a port that the system chose is advertised');
  t.equal(await ask('127.0.0.1', Number(port4)), 1);
  t.equal(await ask('::1', Number(port6)), 1);

  const second = await kopje([...serveWords, 'kafkaListeners=PLAINTEXT://127.0.0.1:0'], { cwd });
  t.equal(second.code, exitCodes.dataDirectory, 'a second process on the directory');
  t.match(second.stderr, new RegExp(`in use by another kopje \\(pid ${child.pid}\\)`));
  t.equal(second.stdout, '');

  child.kill('SIGTERM');
  const { code, stderr } = await ended(child);
  t.equal(code, exitCodes.ok);
  for (const line of stderr.trim().split('\n')) t.type(JSON.parse(line).msg, 'string', line);
});

t.test('starts again on the directory of a process that was killed', async (t) => {
  const cwd = t.testdir({});
  const words = [...serveWords, 'kafkaListeners=PLAINTEXT://127.0.0.1:0'];
  const first = start(words, { cwd });
  await lineOf(first, /^kopje ready/);
  first.kill('SIGKILL');
  await once(first, 'close');
  const second = start(words, { cwd });
  t.teardown(() => second.kill('SIGKILL'));
  t.match(await lineOf(second, /^kopje/), /^kopje ready/);
  second.kill('SIGINT');
  t.equal((await ended(second)).code, exitCodes.ok, 'SIGINT stops it as SIGTERM does');
});

t.test('a port that is taken', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const words = [...serveWords, `kafkaListeners=PLAINTEXT://127.0.0.1:${port}`];
  const { code, stdout, stderr } = await kopje(words, { cwd: t.testdir({}) });
  t.equal(code, exitCodes.listener);
  t.equal(stdout, '');
  t.match(stderr, new RegExp(`127\\.0\\.0\\.1:${port}`), 'the message names the address');
});

t.test('a data directory that cannot be one', async (t) => {
  const cwd = t.testdir({});
  writeFileSync(join(cwd, 'data'), '');
  const { code, stderr } = await kopje([...serveWords, 'ringSlots=64'], { cwd });
  t.equal(code, exitCodes.dataDirectory);
  t.match(stderr, /data/);
  const other = t.testdir({
    data: { 'meta.properties': 'version=1\nnode.id=7\ncluster.id=c\ndirectory.id=d\n' },
  });
  const { code: otherCode, stderr: otherText } = await kopje(['serve'], { cwd: other });
  t.equal(otherCode, exitCodes.dataDirectory);
  t.match(otherText, /node 7/);
});

t.test('without the addon one log line says what that costs', async (t) => {
  const words = [...serveWords, 'kafkaListeners=PLAINTEXT://127.0.0.1:0'];
  const child = start(words, { cwd: t.testdir({}), env: { KOPJE_ADDON: 'off' } });
  t.teardown(() => child.kill('SIGKILL'));
  const all = ended(child);
  await once(child.stdout as NodeJS.EventEmitter, 'data');
  child.kill('SIGTERM');
  const { code, stderr } = await all;
  t.equal(code, exitCodes.ok);
  t.equal(stderr.split('\n').filter((line) => line.includes('fallback codecs')).length, 1);
});

t.test('a start that waits for a Pulsar cluster stops at once', async (t) => {
  // One that takes connections and says nothing, which takes longest to find out.
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  const words = [...serveWords, 'kafkaListeners=PLAINTEXT://127.0.0.1:0'];
  const pulsar = [`backend=pulsar://127.0.0.1:${port}`, `pulsarAdminUrl=http://127.0.0.1:${port}`];
  const child = start([...words, ...pulsar.flatMap((setting) => ['--set', setting])], {
    cwd: t.testdir({}),
  });
  t.teardown(() => child.kill('SIGKILL'));
  const all = ended(child);
  await once(silent, 'connection');
  const askedMs = performance.now();
  child.kill('SIGTERM');
  const { code, stdout, stderr } = await all;
  t.equal(code, exitCodes.ok);
  t.equal(stdout, '');
  t.match(stderr, /stopped before it served/);
  t.ok(performance.now() - askedMs < 5_000, 'and does not wait for an answer');
});
