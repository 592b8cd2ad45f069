/**
 * Connections that break in the middle of requests and answers: an idempotent producer sends again
 * what it has no answer for, and every record is there once and in order all the same.
 */

import { Runner } from '../admin.js';
import { type BrokerOptions, startKopje } from '../broker.js';
import type { Client } from '../catalogue.js';
import { CuttingProxy } from '../proxy.js';
import { checkStored, produce, read, roundTripPartitions, roundTripTopic } from './round-trip.js';
import { type Context, ownBrokerContext } from './scenario.js';

const shortestIntervalMs = 100;
const longestIntervalMs = 800;
const recordCount = 30_000;

export interface CutOptions {
  broker: BrokerOptions;
  client: Client;
  command: string[];
  /** The program that reads what was written. */
  reader: string[];
  note(text: string): void;
}

/** Lets a client write through a proxy that cuts its connections; Kopje is a fresh one. */
export async function cutConnections(options: CutOptions): Promise<void> {
  const { broker, client, command, reader, note } = options;
  const proxy = await CuttingProxy.start(broker.port);
  const advertised = `kafkaAdvertisedListeners=PLAINTEXT://127.0.0.1:${proxy.port}`;
  const kopje = await startKopje({ ...broker, settings: [...(broker.settings ?? []), advertised] });
  const runner = new Runner(`127.0.0.1:${proxy.port}`);
  const baseTimestampMs = Date.now() - 3_600_000;
  const context: Context = { ...ownBrokerContext(runner, 'cut'), baseTimestampMs, recordCount };
  try {
    await runner.connect();
    await runner.createTopic(roundTripTopic(context, client), roundTripPartitions);
    const stop = cutNowAndThen(proxy);
    await produce(context, client, command).finally(stop);
    note(`${client.name} wrote through ${proxy.cuts} cut connections`);
    await checkStored(context, client);
    await read(context, client, reader);
  } finally {
    await runner.close();
    proxy.close();
    await kopje.stop();
  }
}

/** Cuts at irregular intervals, so that all points of a request are hit; gives how to end it. */
function cutNowAndThen(proxy: CuttingProxy): () => void {
  let timer: NodeJS.Timeout;
  const next = () => {
    proxy.cut();
    const spreadMs = longestIntervalMs - shortestIntervalMs;
    timer = setTimeout(next, shortestIntervalMs + Math.random() * spreadMs);
  };
  next();
  return () => clearTimeout(timer);
}
