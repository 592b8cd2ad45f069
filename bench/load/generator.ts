/**
 * The load generator: a process of its own, so that its cost is not the broker's. Takes its orders as JSON
 * lines on standard input and answers each with a JSON line.
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FetchShape, Load, ProduceShape, Progress } from './channel.js';
import { FetchLoad } from './kafka/fetch-load.js';
import { ProduceLoad } from './produce-load.js';
import { PulsarReadLoad } from './pulsar/read-load.js';

export type Order =
  | { order: 'produce'; shape: ProduceShape }
  /** Produces until at least this much has been acknowledged. */
  | { order: 'fill'; shape: ProduceShape; bytes: number }
  | { order: 'fetch'; shape: FetchShape }
  /** What the load that was ordered last has done. */
  | { order: 'mark' }
  /** Ends all loads. */
  | { order: 'stop' };

/** What has been done since the load began, and the generator's own CPU time. */
export interface Mark extends Progress {
  atMs: number;
  cpuMs: number;
}

/** Newest first. */
const running: Load[] = [];
const fillPollMs = 20;

async function obey(order: Order): Promise<unknown> {
  switch (order.order) {
    case 'produce':
      running.unshift(await ProduceLoad.start(order.shape, fail));
      return {};
    case 'fetch': {
      const isKafka = order.shape.address.protocol === 'kafka';
      running.unshift(await (isKafka ? FetchLoad : PulsarReadLoad).start(order.shape, fail));
      return {};
    }
    case 'fill': {
      const filling = await ProduceLoad.start(order.shape, fail);
      while (filling.progress().payloadBytes < order.bytes) await sleep(fillPollMs);
      await filling.stop();
      return filling.progress();
    }
    case 'mark': {
      const { user, system } = process.cpuUsage();
      const [load] = running;
      if (load === undefined) throw new Error('nothing runs');
      return { atMs: performance.now(), cpuMs: (user + system) / 1_000, ...load.progress() };
    }
    case 'stop':
      for (const load of running.splice(0)) await load.stop();
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
