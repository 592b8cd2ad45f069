import { setTimeout as sleep } from 'node:timers/promises';
import { GeneratorProcess } from './load/generator-process.js';
import { usageOf } from './target/process-usage.js';

/** A broker to measure. */
export interface Target {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  close(): Promise<void>;
}

export const scenarios = ['produce', 'fetch', 'small'] as const;
export type Scenario = (typeof scenarios)[number];

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
}

export interface Pace {
  warmUpMs: number;
  measureMs: number;
}

const megabyte = 1e6;
const gigabyte = 1e9;
const partitions = 4;
/** What a fetch reads from: more than the brokers' own buffers, less than the page cache. */
const fetchedTopicBytes = 1.5 * gigabyte;

/** 62 KB batches of 1 KiB records, 248 KB requests over 4 partitions, 2 connections, 4 in flight. */
function largeBatches(target: Target, topic: string) {
  return {
    host: target.host,
    port: target.port,
    topic,
    partitions,
    recordBytes: 1024,
    batchBytes: 62 * 1024,
    connections: 2,
    inFlight: 4,
    acks: -1,
    distinctRequests: 128,
  };
}

/** One 100-byte record a request, 64 connections, one in flight on each. */
function smallRequests(target: Target, topic: string) {
  return {
    ...largeBatches(target, topic),
    partitions: 1,
    recordBytes: 100,
    batchBytes: 100,
    connections: 64,
    inFlight: 1,
  };
}

/** Runs one scenario against one broker, on a topic of its own. */
export async function measure(
  target: Target,
  scenario: Scenario,
  pace: Pace,
): Promise<Measurement> {
  const generator = new GeneratorProcess();
  const topic = `bench-${scenario}-${Date.now()}`;
  const { host, port } = target;
  try {
    await generator.obey({ order: 'create', host, port, topic, partitions });
    if (scenario === 'fetch') {
      const shape = largeBatches(target, topic);
      await generator.obey({ order: 'fill', shape, bytes: fetchedTopicBytes });
      const reading = { host, port, topic, partitions, maxBytes: 4 * 1024 * 1024, connections: 2 };
      await generator.obey({ order: 'fetch', shape: reading });
    } else {
      const shape =
        scenario === 'produce' ? largeBatches(target, topic) : smallRequests(target, topic);
      await generator.obey({ order: 'produce', shape });
    }
    await sleep(pace.warmUpMs);
    const before = { mark: await generator.mark(), usage: usageOf(target.pid) };
    await sleep(pace.measureMs);
    const after = { mark: await generator.mark(), usage: usageOf(target.pid) };
    await generator.obey({ order: 'stop' });
    const seconds = (after.mark.atMs - before.mark.atMs) / 1_000;
    const bytes = after.mark.payloadBytes - before.mark.payloadBytes;
    const requests = after.mark.requests - before.mark.requests;
    const cpuMs = after.usage.cpuMs - before.usage.cpuMs;
    return {
      target: target.name,
      scenario,
      megabytesPerSecond: bytes / megabyte / seconds,
      recordsPerSecond: (after.mark.records - before.mark.records) / seconds,
      requestsPerSecond: requests / seconds,
      cpuSecondsPerGigabyte: cpuMs / 1_000 / (bytes / gigabyte),
      brokerCpuMicrosPerRequest: requests === 0 ? 0 : (cpuMs * 1_000) / requests,
      rssMegabytes: after.usage.rssBytes / megabyte,
      generatorCpuShare: (after.mark.cpuMs - before.mark.cpuMs) / (seconds * 1_000),
    };
  } finally {
    generator.close();
  }
}
