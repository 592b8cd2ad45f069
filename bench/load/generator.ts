/**
 * The load generator: a process of its own, so that its cost is not the broker's. Takes its orders as JSON
 * lines on standard input and answers each with a JSON line.
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { FetchLoad, type FetchShape } from './fetch-load.js';
import { ProduceLoad, type ProduceShape } from './produce-load.js';
import { RawConnection } from './raw-connection.js';
import { createTopicRequest } from './requests.js';

export type Order =
  | { order: 'create'; host: string; port: number; topic: string; partitions: number }
  | { order: 'produce'; shape: ProduceShape }
  /** Produces until at least this much has been acknowledged. */
  | { order: 'fill'; shape: ProduceShape; bytes: number }
  | { order: 'fetch'; shape: FetchShape }
  | { order: 'mark' }
  | { order: 'stop' };

/** What has been done since the load began, and the generator's own CPU time. */
export interface Mark {
  atMs: number;
  payloadBytes: number;
  records: number;
  requests: number;
  cpuMs: number;
}

interface Running {
  stop(): Promise<void>;
  mark(): Omit<Mark, 'atMs' | 'cpuMs'>;
}

let running: Running | null = null;
const fillPollMs = 20;

async function produce(shape: ProduceShape): Promise<Running> {
  const load = new ProduceLoad(shape);
  const { failed } = await load.start();
  failed.catch(fail);
  return {
    stop: () => load.stop(),
    mark: () => ({
      payloadBytes: load.acknowledged * load.payloadBytesPerRequest,
      records: load.acknowledged * load.recordsPerRequest,
      requests: load.acknowledged,
    }),
  };
}

async function fetch(shape: FetchShape): Promise<Running> {
  const load = new FetchLoad(shape);
  const { failed } = await load.start();
  failed.catch(fail);
  return {
    stop: () => load.stop(),
    mark: () => ({ payloadBytes: load.fetchedBytes, records: load.fetchedRecords, requests: 0 }),
  };
}

async function obey(order: Order): Promise<unknown> {
  switch (order.order) {
    case 'create': {
      const connection = await RawConnection.open(order.host, order.port);
      await connection.ask(createTopicRequest(order.topic, order.partitions));
      connection.close();
      return {};
    }
    case 'produce':
      running = await produce(order.shape);
      return {};
    case 'fetch':
      running = await fetch(order.shape);
      return {};
    case 'fill': {
      const filling = await produce(order.shape);
      while (filling.mark().payloadBytes < order.bytes) await sleep(fillPollMs);
      await filling.stop();
      return filling.mark();
    }
    case 'mark': {
      const { user, system } = process.cpuUsage();
      const done = running?.mark() ?? { payloadBytes: 0, records: 0, requests: 0 };
      return { atMs: performance.now(), cpuMs: (user + system) / 1_000, ...done };
    }
    case 'stop':
      await running?.stop();
      running = null;
      return {};
  }
}

function fail(error: unknown): void {
  process.stderr.write(`load generator: ${(error as Error).message}\n`);
  process.exit(1);
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    process.stdout.write(`${JSON.stringify(await obey(JSON.parse(line) as Order))}\n`);
  } catch (error) {
    fail(error);
  }
}
