import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t from 'tap';
import { commandsOf, defaultAddress, freePort, lineOf, root, start } from './commands.js';

/**
 * From the clone to the consumed message: two minutes, and as much again for machines that are shared. The addon's
 * build would be nearly all of it; what it needs of other crates is compiled once, in this checkout.
 */
const quickStartLimitMs = 240_000;
/** Leaves room to tell how much too long it took. */
const testLimitMs = 290_000;
/** A second start repeats no install and no build; Node, npm and the broker are most of it. */
const secondStartLimitMs = 10_000;

t.setTimeout(testLimitMs);
t.test(
  'the README leads from a clone to a consumed message',
  { timeout: testLimitMs },
  async (t) => {
    const cwd = join(t.testdir({}), 'kopje');
    const port = await freePort();
    const env = {
      KOPJE_KAFKA_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
      CARGO_TARGET_DIR: join(root, 'native', 'target'),
    };
    const started = performance.now();
    execFileSync('git', ['clone', '--quiet', root, cwd]);
    const commands = commandsOf(cwd, 'Quick start');
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
