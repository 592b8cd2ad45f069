import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { Missing, need } from '../peers/programs.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/**
 * From the clone to the consumed message: two minutes, and as much again for machines that are shared. The addon's
 * build would be nearly all of it; what it needs of other crates is compiled once, in this checkout.
 */
const quickStartLimitMs = 240_000;
/** Leaves room to tell how much too long it took. */
const testLimitMs = 290_000;
/** A second start repeats no install and no build; Node, npm and the broker are most of it. */
const secondStartLimitMs = 10_000;
const defaultAddress = '127.0.0.1:9092';

/** The `sh` blocks of a section: what the README tells people to type. */
function commandsOf(heading: string): string[] {
  const readme = readFileSync(join(cwd, 'README.md'), 'utf8');
  const section = new RegExp(`\n## ${heading}\n(.*?)\n## `, 's').exec(readme)?.[1] ?? '';
  return [...section.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = '']) =>
    block.trim().split('\n'),
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs a command of plain words; no shell in between, which would keep signals to itself. */
function start(command: string, cwd: string, env: NodeJS.ProcessEnv): ChildProcess {
  const [program = '', ...words] = command.split(' ');
  return spawn(program, words, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function lineOf(child: ChildProcess, pattern: RegExp): Promise<string> {
  if (child.stdout === null) throw new Error('standard output is not piped');
  for await (const line of createInterface({ input: child.stdout })) {
    if (pattern.test(line)) return line;
  }
  throw new Error(`ended without a line like ${pattern}`);
}

t.setTimeout(testLimitMs);
/** The checkout, which the second test finds built by the first. */
const cwd = join(t.testdir({}), 'kopje');
t.test(
  'the README leads from a clone to a consumed message',
  { timeout: testLimitMs },
  async (t) => {
    const port = await freePort();
    const env = {
      KOPJE_KAFKA_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
      CARGO_TARGET_DIR: join(root, 'native', 'target'),
    };
    const started = performance.now();
    execFileSync('git', ['clone', '--quiet', root, cwd]);
    const commands = commandsOf('Quick start');
    t.equal(commands.length, 2, 'the quick start is two commands');
    const [startCommand = '', messageCommand = ''] = commands;

    const broker = start(startCommand, cwd, env);
    t.teardown(() => broker.kill('SIGKILL'));
    t.match(await lineOf(broker, /^kopje ready/), `PLAINTEXT://127.0.0.1:${port}`);
    const address = `127.0.0.1:${port}`;
    const message = start(messageCommand.replace(defaultAddress, address), cwd, {});
    t.match(await lineOf(message, /consumed/), /hello from Kopje/);
    const tookMs = performance.now() - started;
    t.ok(tookMs < quickStartLimitMs, `took ${Math.round(tookMs / 1000)} s`);
    broker.kill('SIGTERM');
    t.strictSame(await once(broker, 'exit'), [0, null], 'a signal to npm stops the broker well');

    const again = performance.now();
    const second = start(startCommand, cwd, env);
    t.teardown(() => second.kill('SIGKILL'));
    await lineOf(second, /^kopje ready/);
    const secondMs = performance.now() - again;
    t.ok(secondMs < secondStartLimitMs, `the second start took ${Math.round(secondMs)} ms`);
    second.kill('SIGTERM');
    t.strictSame(await once(second, 'exit'), [0, null]);
  },
);

/** What a test of these commands needs beside Node; null where all of it is there. */
function missingForPulsar(): string | null {
  try {
    need('java', 'mvn', 'tar');
    return null;
  } catch (error) {
    if (error instanceof Missing) return error.message;
    throw error;
  }
}

t.test(
  'the README leads to a record that a Kafka client wrote and a Pulsar client reads',
  { timeout: testLimitMs, skip: missingForPulsar() ?? false },
  async (t) => {
    const [port, pulsarPort, httpPort] = await Promise.all([freePort(), freePort(), freePort()]);
    const env = { KOPJE_KAFKA_LISTENERS: `PLAINTEXT://127.0.0.1:${port}` };
    const commands = commandsOf('In front of Pulsar').map((command) =>
      command
        .replace(':6650', `:${pulsarPort}`)
        .replace(':8080', `:${httpPort}`)
        .replace(defaultAddress, `127.0.0.1:${port}`),
    );
    t.equal(commands.length, 4);
    const [pulsarCommand = '', kopjeCommand = '', writeCommand = '', readCommand = ''] = commands;
    const ports = `-- --port ${pulsarPort} --http-port ${httpPort}`;
    const pulsar = start(`${pulsarCommand} ${ports}`, cwd, {});
    // Not SIGKILL, which npm could not pass on.
    t.teardown(() => pulsar.kill('SIGTERM'));
    await lineOf(pulsar, /^pulsar ready/);
    const kopje = start(kopjeCommand, cwd, env);
    t.teardown(() => kopje.kill('SIGTERM'));
    t.match(await lineOf(kopje, /^kopje ready/), `backend=pulsar://127.0.0.1:${pulsarPort}`);
    await lineOf(start(writeCommand, cwd, {}), /consumed "hello from Kopje"/);
    t.match(await lineOf(start(readCommand, cwd, {}), /content:/), /content:hello from Kopje$/);
    for (const child of [kopje, pulsar]) {
      child.kill('SIGTERM');
      t.strictSame(await once(child, 'exit'), [0, null], 'a signal to npm stops it well');
    }
  },
);
