/** A small one of `idle-connections.ts`: that it counts, and that idle connections cost next to nothing. */
import { join } from 'node:path';
import t from 'tap';
import { freePort, startKopje } from '../clients/broker.js';
import { runIdleLoad } from './idle-load.js';

// All of it together, on a machine with other work to do.
t.setTimeout(120_000);

t.test('five hundred idle connections', async (t) => {
  const port = await freePort();
  const dataDir = t.testdir();
  const broker = await startKopje({ dataDir, port, logFile: join(dataDir, 'log') });
  t.teardown(() => broker.stop());
  const load = { port, pid: broker.pid, connections: 500, seconds: 1 };
  const { idle, busy, requests, bytesPerConnection } = await runIdleLoad(load);
  t.same([idle, busy], [495, 5]);
  t.ok(requests > 10, `${requests} requests were answered meanwhile`);
  // Memory that is taken in pages and by the collector's whim weighs on so few.
  t.ok(bytesPerConnection < 256 * 1024, `${bytesPerConnection} bytes`);
});
