import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { DirectoryLock } from '../../../engine/catalog/directory-lock.js';
import { exitCodes } from '../../../engine/cli/exit-codes.js';
import { kopje } from './kopje.js';

const freePort = 'kafkaListeners=PLAINTEXT://127.0.0.1:0';

t.test('a directory that does not exist yet is no problem', async (t) => {
  const cwd = t.testdir({});
  const { code, stdout } = await kopje(['check', '--set', freePort], { cwd });
  t.equal(code, exitCodes.ok, stdout);
  t.match(stdout, /^ok +data directory: .*data does not exist yet/m);
  t.match(stdout, /^ok +settings/m);
  t.match(stdout, /^(ok|warning) +addon/m);
  t.match(stdout, /^(ok|warning) +open files/m);
  t.match(stdout, /no problem found\n$/);
});

t.test('a directory in use by another process', async (t) => {
  const cwd = t.testdir({ data: {} });
  const lock = await DirectoryLock.acquire(join(cwd, 'data'));
  t.teardown(() => lock.release());
  const { code, stdout } = await kopje(['check', '--set', freePort], { cwd });
  t.equal(code, exitCodes.unexpected);
  t.match(stdout, new RegExp(`^PROBLEM +data directory: .*in use by .*pid ${process.pid}`, 'm'));
  t.match(stdout, /→ stop that process/);
});

t.test('a directory that is a file, or of another node', async (t) => {
  const cwd = t.testdir({
    file: '',
    other: { 'meta.properties': 'version=1\nnode.id=7\ncluster.id=c\ndirectory.id=d\n' },
  });
  const file = await kopje(['check', '-s', freePort, '-s', 'dataDir=file'], { cwd });
  t.equal(file.code, exitCodes.unexpected);
  t.match(file.stdout, /^PROBLEM +data directory: .*file is a file/m);
  const other = await kopje(['check', '-s', freePort, '-s', 'dataDir=other'], { cwd });
  t.match(other.stdout, /belongs to node 7, not to node 1/);
  t.match(other.stdout, /→ set brokerId to 7/);
});

t.test('a directory that cannot be written to', { skip: process.getuid?.() === 0 }, async (t) => {
  const cwd = t.testdir({});
  mkdirSync(join(cwd, 'data'), { mode: 0o500 });
  const { code, stdout } = await kopje(['check', '--set', freePort], { cwd });
  t.equal(code, exitCodes.unexpected);
  t.match(stdout, /cannot be written to/);
});

t.test('a port that is taken, an address that is not ours', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const listeners = `kafkaListeners=A://127.0.0.1:${port},B://192.0.2.1:9092`;
  const { code, stdout } = await kopje(['check', '--set', listeners], { cwd: t.testdir({}) });
  t.equal(code, exitCodes.unexpected);
  t.match(stdout, new RegExp(`^PROBLEM +listener: A://127.0.0.1:${port} cannot be bound`, 'm'));
  t.match(stdout, /→ stop the process that listens there/);
  t.match(stdout, /^PROBLEM +listener: B:\/\/192\.0\.2\.1:9092 cannot be bound/m);
  t.match(stdout, /2 problem\(s\) found/);
});

t.test('wrong settings', async (t) => {
  const { code, stdout } = await kopje(['check', '--set', 'workers=x'], { cwd: t.testdir({}) });
  t.equal(code, exitCodes.unexpected);
  t.match(stdout, /^PROBLEM +settings: --set workers: workers must be/m);
});
