import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startKopje } from '../../test/clients/broker.js';
import { reservablePort } from '../../test/peers/ports.js';
import { type Launched, timed } from './launched.js';
import { kafkaTopics, type Target } from './target.js';

/** A Kopje as its own process, whose files go when it closes. */
export interface Kopje {
  readonly port: number;
  readonly pid: number;
  readonly spawnedAtMs: number;
  close(): Promise<void>;
}

/** Its log on disk, unless the settings name a backend. */
export async function startKopjeProcess(
  settings: readonly string[],
  port?: number,
): Promise<Kopje> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kopje-bench-'));
  const own = port ?? (await freePort());
  const logFile = join(dataDir, 'kopje.log');
  const options = { dataDir: join(dataDir, 'data'), port: own, logFile, settings };
  const { pid, spawnedAtMs, stop } = await startKopje(options);
  return {
    port: own,
    pid,
    spawnedAtMs,
    async close() {
      await stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Kopje on a fresh data directory. */
export async function startKopjeTarget(
  durability: 'fsync' | 'os',
  settings: readonly string[],
): Promise<Target> {
  const all = [`durability=${durability}`, ...settings];
  const { port, pid, close } = await startKopjeProcess(all);
  return {
    name: 'kopje',
    pid,
    behind: [],
    stored: null,
    isOnPulsar: false,
    isJvm: false,
    entryFormat: 'kafka',
    ...kafkaTopics('127.0.0.1', port),
    launch: () => launchKopje(all),
    durable: () => startKopjeTarget('fsync', settings),
    close,
  };
}

async function launchKopje(settings: readonly string[]): Promise<Launched> {
  const port = await reservablePort();
  const { broker, startMs } = await timed(port, () => startKopjeProcess(settings, port));
  const address = { protocol: 'kafka', host: '127.0.0.1', port } as const;
  return { address, pid: broker.pid, startMs, close: broker.close };
}
