/** A small one of `idle-connections.ts`: that it counts, and that idle connections cost next to nothing. */
import { join } from 'node:path';
import t from 'tap';
import { freePort, startKopje } from '../clients/broker.js';
import { runIdleLoad } from './idle-load.js';

// All of it together, on a machine with other work to do.
t.setTimeout(120_000);

/** It is 8 to 12, and 9 to 10 with ten thousand, where it has to be 12. */
const maxKibEach = 16;
// Else so few would be charged with the megabytes in which V8 lets garbage wait.
process.env['NODE_OPTIONS'] = '--max-semi-space-size=1';

t.test('fifteen hundred idle connections', async (t) => {
  const port = await freePort();
  const dataDir = t.testdir();
  const broker = await startKopje({ dataDir, port, logFile: join(dataDir, 'log') });
  t.teardown(() => broker.stop());
  const load = { port, pid: broker.pid, connections: 1_500, seconds: 1 };
  const { idle, busy, requests, bytesPerConnection } = await runIdleLoad(load);
  t.same([idle, busy], [1_485, 15]);
  t.ok(requests > 10, `${requests} requests were answered meanwhile`);
  t.ok(bytesPerConnection < maxKibEach * 1024, `${bytesPerConnection} bytes`);
});
