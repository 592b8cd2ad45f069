/**
 * The README leads to a record that a Kafka client wrote and a Pulsar client reads. Runs in this checkout: the test
 * beside this one shows that a fresh clone becomes what this is.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import t from 'tap';
import { Missing, need } from '../peers/programs.js';
import { commandsOf, defaultAddress, freePort, lineOf, root, start } from './commands.js';

/** Four virtual machines and a cluster of one, on machines that are shared. */
const limitMs = 280_000;
t.setTimeout(limitMs);

/** Why this cannot be tried here; false where it can. */
function missing(): string | false {
  try {
    need('java', 'mvn', 'tar');
    return false;
  } catch (error) {
    if (error instanceof Missing) return error.message;
    throw error;
  }
}

t.test('the commands of the README', { timeout: limitMs, skip: missing() }, async (t) => {
  const [port, pulsarPort, httpPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const commands = commandsOf(root, 'In front of Pulsar').map((command) =>
    command
      .replace(':6650', `:${pulsarPort}`)
      .replace(':8080', `:${httpPort}`)
      .replace(defaultAddress, `127.0.0.1:${port}`),
  );
  t.equal(commands.length, 4);
  const [pulsarCommand = '', kopjeCommand = '', writeCommand = '', readCommand = ''] = commands;
  const ports = `--port ${pulsarPort} --http-port ${httpPort}`;
  const dataDir = join(t.testdir({}), 'pulsar');
  const pulsar = start(`${pulsarCommand} -- ${ports} --data-dir ${dataDir}`, root, {});
  // Not SIGKILL, which npm could not pass on.
  t.teardown(() => pulsar.kill('SIGTERM'));
  await lineOf(pulsar, /^pulsar ready/);
  const env = { KOPJE_KAFKA_LISTENERS: `PLAINTEXT://127.0.0.1:${port}` };
  const kopje = start(kopjeCommand, root, env);
  t.teardown(() => kopje.kill('SIGTERM'));
  t.match(await lineOf(kopje, /^kopje ready/), `backend=pulsar://127.0.0.1:${pulsarPort}`);
  await lineOf(start(writeCommand, root, {}), /consumed "hello from Kopje"/);
  t.match(await lineOf(start(readCommand, root, {}), /content:/), /content:hello from Kopje$/);
  for (const child of [kopje, pulsar]) {
    child.kill('SIGTERM');
    t.strictSame(await once(child, 'exit'), [0, null], 'a signal to npm stops it well');
  }
});
