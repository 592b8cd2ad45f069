/** A broker inside the test's process, on a port of its own; in memory, unless a dataDir is given. */
import type { Test } from 'tap';
import type { KopjeOptions } from '../../engine/embedded/options.js';
import { type Kopje, startKopje } from '../../engine/embedded/start-kopje.js';
import { RawClient } from '../raw-client.js';

export interface RunningBroker {
  readonly broker: Kopje;
  readonly port: number;
  connect(): Promise<RawClient>;
}

/** Starts a broker that ends with the test. */
export async function runBroker(t: Test, options: KopjeOptions = {}): Promise<RunningBroker> {
  const broker = await startKopje({ workers: 2, ...options });
  const clients: RawClient[] = [];
  t.teardown(async () => {
    for (const client of clients) client.close();
    await broker.close();
  });
  return {
    broker,
    port: broker.port,
    async connect() {
      const client = await RawClient.connect(broker.port);
      clients.push(client);
      return client;
    },
  };
}
