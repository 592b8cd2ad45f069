/** A broker inside the test's process, on a port and in a directory of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Test } from 'tap';
import { type Broker, startBroker } from '../../engine/broker.js';
import { defaultSettings, type Settings } from '../../engine/config/schema.js';
import { RawClient } from '../raw-client.js';

export interface RunningBroker {
  readonly broker: Broker;
  readonly port: number;
  connect(): Promise<RawClient>;
}

/** Starts a broker that ends with the test. */
export async function runBroker(t: Test, settings: Partial<Settings> = {}): Promise<RunningBroker> {
  // Not a test directory of tap's: that is removed before the broker has closed its files.
  const dataDir = await mkdtemp(join(tmpdir(), 'kopje-test-'));
  const broker = await startBroker(
    {
      ...defaultSettings(),
      kafkaListeners: [{ name: 'PLAINTEXT', host: '127.0.0.1', port: 0 }],
      dataDir,
      workers: 2,
      groupInitialRebalanceDelayMs: 0,
      ...settings,
    },
    pino({ level: 'silent' }),
  );
  const clients: RawClient[] = [];
  t.teardown(async () => {
    for (const client of clients) client.close();
    await broker.close(2_000);
    await rm(dataDir, { recursive: true, force: true });
  });
  const port = broker.listeners[0]?.port ?? 0;
  return {
    broker,
    port,
    async connect() {
      const client = await RawClient.connect(port);
      clients.push(client);
      return client;
    },
  };
}
