/**
 * The load generator: a process of its own, so that its cost is not the broker's. Takes its orders as JSON
 * lines on standard input and answers each with a JSON line.
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { BurstLoad } from './burst-load.js';
import type { Address, FetchShape, Load, ProduceShape, Progress } from './channel.js';
import { EndToEndLoad } from './end-to-end-load.js';
import { IdleLoad } from './idle-load.js';
import { FetchLoad } from './kafka/fetch-load.js';
import type { Latency } from './latencies.js';
import { ProduceLoad } from './produce-load.js';
import { PulsarReadLoad } from './pulsar/read-load.js';

export type Order =
  | { order: 'produce'; shape: ProduceShape }
  /** Produces until at least this much has been acknowledged; answers with the progress. */
  | { order: 'fill'; shape: ProduceShape; bytes: number }
  | { order: 'fetch'; shape: FetchShape }
  | { order: 'end-to-end'; produced: ProduceShape; fetched: FetchShape }
  /** To write in bursts, and to read each when it was written. */
  | { order: 'bursts'; produced: ProduceShape; fetched: FetchShape }
  | { order: 'write-burst'; bytes: number }
  | { order: 'read-burst' }
  | { order: 'idle'; address: Address; connections: number }
  /** What the load that was ordered last has done. */
  | { order: 'mark' }
  /** What was timed so far belongs to the warm-up. */
  | { order: 'forget' }
  /** Ends all loads, and reads back what they wrote. */
  | { order: 'stop' };

/** What has been done since the load began, and the generator's own CPU time. */
export interface Mark extends Progress {
  atMs: number;
  cpuMs: number;
  /** Since the last 'forget'. */
  latency: Latency | null;
}

/** Newest first. */
const running: Load[] = [];
const fillPollMs = 20;

const events = { failed: fail };
let bursts: BurstLoad | null = null;

async function obey(order: Order): Promise<unknown> {
  switch (order.order) {
    case 'produce':
      running.unshift(await ProduceLoad.start(order.shape, events));
      return {};
    case 'fetch': {
      const isKafka = order.shape.address.protocol === 'kafka';
      running.unshift(await (isKafka ? FetchLoad : PulsarReadLoad).start(order.shape, events));
      return {};
    }
    case 'end-to-end':
      running.unshift(await EndToEndLoad.start(order.produced, order.fetched, events));
      return {};
    case 'bursts':
      bursts = await BurstLoad.start(order.produced, order.fetched, events);
      running.unshift(bursts);
      return {};
    case 'write-burst':
      await bursts?.write(order.bytes);
      return {};
    case 'read-burst':
      await bursts?.read();
      return {};
    case 'idle':
      running.unshift(await IdleLoad.start(order.address, order.connections, events));
      return {};
    case 'fill': {
      const filling = await ProduceLoad.start(order.shape, events);
      while (filling.progress().payloadBytes < order.bytes) await sleep(fillPollMs);
      await filling.stop();
      return filling.progress();
    }
    case 'mark':
      return markOf(newest());
    case 'forget':
      newest().latencies?.reset();
      return {};
    case 'stop':
      for (const load of running) await load.stop();
      for (const load of running.splice(0)) await load.verify();
      return {};
  }
}

function newest(): Load {
  const [load] = running;
  if (load === undefined) throw new Error('nothing runs');
  return load;
}

function markOf(load: Load): Mark {
  const { user, system } = process.cpuUsage();
  return {
    atMs: performance.now(),
    cpuMs: (user + system) / 1_000,
    latency: load.latencies?.summary() ?? null,
    ...load.progress(),
  };
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
