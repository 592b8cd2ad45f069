import { setTimeout as sleep } from 'node:timers/promises';
import type { FetchShape, Latency, ProduceShape } from './load/channel.js';
import type { Mark } from './load/generator.js';
import { GeneratorProcess } from './load/generator-process.js';
import { type ProcessUsage, usageOf } from './target/process-usage.js';
import type { Target } from './target/target.js';

export const scenarios = ['produce', 'fetch', 'small', 'latency', 'latency-read'] as const;
export type Scenario = (typeof scenarios)[number];

/** What a user should know of each. */
export const scenarioTexts: Readonly<Record<Scenario, string>> = {
  produce:
    '1 KiB records in 62 KiB batches to 4 partitions, 2 connections with 4 requests in flight',
  fetch: 'what was written before, 4 MiB a request, 2 connections',
  small: 'one record of 100 bytes a request, 64 connections with 1 request in flight',
  latency: 'one record of 1 KiB a request, one request after the other',
  'latency-read': 'the same while somebody reads at the end of the topic',
};

export interface Measurement {
  target: string;
  scenario: Scenario;
  megabytesPerSecond: number;
  recordsPerSecond: number;
  requestsPerSecond: number;
  cpuSecondsPerGigabyte: number;
  brokerCpuMicrosPerRequest: number;
  rssMegabytes: number;
  generatorCpuShare: number;
  /** Microseconds from a request to its answer; null where none was measured. */
  latency: Latency | null;
}

export interface Pace {
  warmUpMs: number;
  measureMs: number;
}

const megabyte = 1e6;
const gigabyte = 1e9;
/** What a fetch reads from: more than the brokers' own buffers, less than the page cache. */
const fetchedTopicBytes = 1.5 * gigabyte;

/** 62 KB batches of 1 KiB records, 248 KB requests over 4 partitions, 2 connections, 4 in flight. */
const largeBatches = {
  partitions: 4,
  recordBytes: 1024,
  batchBytes: 62 * 1024,
  connections: 2,
  inFlight: 4,
  distinctSends: 128,
};

const shapes: Readonly<Record<Scenario, typeof largeBatches>> = {
  produce: largeBatches,
  fetch: largeBatches,
  small: {
    ...largeBatches,
    partitions: 1,
    recordBytes: 100,
    batchBytes: 100,
    connections: 64,
    inFlight: 1,
  },
  latency: {
    ...largeBatches,
    partitions: 1,
    batchBytes: 1024,
    connections: 1,
    inFlight: 1,
  },
  'latency-read': {
    ...largeBatches,
    partitions: 1,
    batchBytes: 1024,
    connections: 1,
    inFlight: 1,
  },
};

/** Runs one scenario against one target, on a topic of its own that goes afterwards. */
export async function measure(
  target: Target,
  scenario: Scenario,
  pace: Pace,
): Promise<Measurement> {
  const generator = new GeneratorProcess();
  const { address, entryFormat, pid } = target;
  const { partitions } = shapes[scenario];
  const topic = await target.createTopic(`bench-${scenario}-${Date.now()}`, partitions);
  const shape: ProduceShape = { ...shapes[scenario], address, topic, entryFormat };
  const connections = Math.min(2, partitions);
  const reading = { address, topic, partitions, maxBytes: 4 * 2 ** 20, connections };
  try {
    await begin(generator, scenario, shape, { ...reading, atTail: scenario === 'latency-read' });
    await sleep(pace.warmUpMs);
    const before = { mark: await generator.mark(), usage: usageOf(pid) };
    await sleep(pace.measureMs);
    const after = { mark: await generator.mark(), usage: usageOf(pid) };
    await generator.obey({ order: 'stop' });
    return { target: target.name, scenario, ...between(before, after) };
  } finally {
    generator.close();
    await target.deleteTopic(topic);
  }
}

/** Puts the load on that is to be measured; ordered last, it is the one that is marked. */
async function begin(
  generator: GeneratorProcess,
  scenario: Scenario,
  shape: ProduceShape,
  reading: FetchShape,
): Promise<void> {
  if (scenario === 'fetch') {
    await generator.obey({ order: 'fill', shape, bytes: fetchedTopicBytes });
    await generator.obey({ order: 'fetch', shape: reading });
  } else {
    // A raw reader only costs the broker what it costs; what it adds to a receipt is not of interest.
    const isRead = reading.atTail && shape.address.protocol === 'kafka';
    if (isRead) await generator.obey({ order: 'fetch', shape: reading });
    await generator.obey({ order: 'produce', shape });
  }
}

interface Moment {
  mark: Mark;
  usage: ProcessUsage;
}

function between(before: Moment, after: Moment): Omit<Measurement, 'target' | 'scenario'> {
  const seconds = (after.mark.atMs - before.mark.atMs) / 1_000;
  const bytes = after.mark.payloadBytes - before.mark.payloadBytes;
  const requests = after.mark.requests - before.mark.requests;
  const cpuMs = after.usage.cpuMs - before.usage.cpuMs;
  return {
    megabytesPerSecond: bytes / megabyte / seconds,
    recordsPerSecond: (after.mark.records - before.mark.records) / seconds,
    requestsPerSecond: requests / seconds,
    cpuSecondsPerGigabyte: cpuMs / 1_000 / (bytes / gigabyte),
    brokerCpuMicrosPerRequest: requests === 0 ? 0 : (cpuMs * 1_000) / requests,
    rssMegabytes: after.usage.rssBytes / megabyte,
    generatorCpuShare: (after.mark.cpuMs - before.mark.cpuMs) / (seconds * 1_000),
    latency: after.mark.latency,
  };
}
