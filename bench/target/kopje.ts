import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startKopje } from '../../test/clients/broker.js';
import type { Target } from '../scenario.js';

/** Kopje as its own process, on a fresh data directory that goes when it closes. */
export async function startKopjeTarget(settings: readonly string[]): Promise<Target> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kopje-bench-'));
  const port = await freePort();
  const logFile = join(dataDir, 'kopje.log');
  const broker = await startKopje({ dataDir: join(dataDir, 'data'), port, logFile, settings });
  return {
    name: 'kopje',
    host: '127.0.0.1',
    port,
    pid: broker.pid,
    async close() {
      await broker.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
