import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startKopje } from '../../test/clients/broker.js';
import { kafkaTopics, type Target } from './target.js';

/** A Kopje as its own process, whose files go when it closes. */
export interface Kopje {
  readonly port: number;
  readonly pid: number;
  close(): Promise<void>;
}

/** Its log on disk, unless the settings name a backend. */
export async function startKopjeProcess(settings: readonly string[]): Promise<Kopje> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kopje-bench-'));
  const port = await freePort();
  const logFile = join(dataDir, 'kopje.log');
  const broker = await startKopje({ dataDir: join(dataDir, 'data'), port, logFile, settings });
  return {
    port,
    pid: broker.pid,
    async close() {
      await broker.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Kopje on a fresh data directory. */
export async function startKopjeTarget(settings: readonly string[]): Promise<Target> {
  const { port, pid, close } = await startKopjeProcess(settings);
  const topics = kafkaTopics('127.0.0.1', port);
  return { name: 'kopje', pid, behind: [], entryFormat: 'kafka', ...topics, close };
}
