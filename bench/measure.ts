import { setTimeout as sleep } from 'node:timers/promises';
import type { Mark } from './load/generator.js';
import { GeneratorProcess } from './load/generator-process.js';
import type { Latency } from './load/latencies.js';
import { type Changes, type Scenario, sizeOf } from './scenario.js';
import { type ProcessUsage, usageOf } from './target/process-usage.js';
import type { Target } from './target/target.js';

export interface Measurement {
  target: string;
  scenario: string;
  megabytesPerSecond: number;
  recordsPerSecond: number;
  requestsPerSecond: number;
  cpuSecondsPerGigabyte: number;
  brokerCpuMicrosPerRequest: number;
  rssMegabytes: number;
  /** Of one core. */
  generatorCpuShare: number;
  /** Of the time in which the broker could have run: without a core, because others had them all. */
  starvedShare: number;
  /** Why the figures say more of the load than of the broker; null where they do not. */
  invalid: string | null;
  /** Microseconds from a request to its answer; null where none was measured. */
  latency: Latency | null;
  samples: Sample[];
}

/** One of the moments of a run. */
export interface Sample {
  /** Since the measuring began. */
  atMs: number;
  megabytesPerSecond: number;
  rssMegabytes: number;
}

export interface Times {
  readonly warmUpMs: number;
  readonly measureMs: number;
}

const megabyte = 1e6;
const gigabyte = 1e9;
const sampleMs = 500;
/** A generator that uses a core up measures itself. */
const maxGeneratorShare = 0.95;
/** A broker that waits so much for a core measures the machine. */
const maxStarvedShare = 0.5;

/** Runs one scenario against one target, on a topic of its own that goes afterwards. */
export async function measure(
  target: Target,
  scenario: Scenario,
  changes: Changes,
  { warmUpMs, measureMs }: Times,
): Promise<Measurement> {
  const generator = new GeneratorProcess();
  const { address, entryFormat } = target;
  const size = sizeOf(scenario, changes);
  const topic = await target.createTopic(`bench-${scenario.name}-${Date.now()}`, size.partitions);
  try {
    await scenario.begin(generator, { ...size, address, topic, entryFormat }, changes);
    await sleep(warmUpMs);
    const moment = async (): Promise<Moment> => ({
      mark: await generator.mark(),
      usage: usageOf(target.pid),
    });
    await generator.obey({ order: 'forget' });
    const first = await moment();
    const samples: Sample[] = [];
    let last = first;
    while (last.mark.atMs - first.mark.atMs < measureMs) {
      await sleep(Math.min(sampleMs, measureMs));
      const next = await moment();
      samples.push(sampleOf(first, last, next));
      last = next;
    }
    const measured = between(first, last);
    await generator.obey({ order: 'stop' });
    return { target: target.name, scenario: scenario.name, ...measured, samples };
  } finally {
    generator.close();
    await target.deleteTopic(topic);
  }
}

interface Moment {
  mark: Mark;
  usage: ProcessUsage;
}

function sampleOf(first: Moment, last: Moment, next: Moment): Sample {
  const seconds = (next.mark.atMs - last.mark.atMs) / 1_000;
  const bytes = next.mark.payloadBytes - last.mark.payloadBytes;
  return {
    atMs: next.mark.atMs - first.mark.atMs,
    megabytesPerSecond: bytes / megabyte / seconds,
    rssMegabytes: next.usage.rssBytes / megabyte,
  };
}

function between(
  before: Moment,
  after: Moment,
): Omit<Measurement, 'target' | 'scenario' | 'samples'> {
  const ms = after.mark.atMs - before.mark.atMs;
  const bytes = after.mark.payloadBytes - before.mark.payloadBytes;
  const requests = after.mark.requests - before.mark.requests;
  const cpuMs = after.usage.cpuMs - before.usage.cpuMs;
  const waitedMs = after.usage.waitedMs - before.usage.waitedMs;
  const generatorCpuShare = (after.mark.cpuMs - before.mark.cpuMs) / ms;
  const starvedShare = waitedMs / Math.max(1, waitedMs + cpuMs);
  return {
    megabytesPerSecond: bytes / megabyte / (ms / 1_000),
    recordsPerSecond: (after.mark.records - before.mark.records) / (ms / 1_000),
    requestsPerSecond: requests / (ms / 1_000),
    cpuSecondsPerGigabyte: cpuMs / 1_000 / (bytes / gigabyte),
    brokerCpuMicrosPerRequest: requests === 0 ? 0 : (cpuMs * 1_000) / requests,
    rssMegabytes: after.usage.rssBytes / megabyte,
    generatorCpuShare,
    starvedShare,
    invalid: invalidity(generatorCpuShare, starvedShare),
    latency: after.mark.latency,
  };
}

function invalidity(generatorCpuShare: number, starvedShare: number): string | null {
  if (generatorCpuShare > maxGeneratorShare) return 'the load generator had no more to give';
  if (starvedShare > maxStarvedShare) return 'the broker waited for a core more than it ran';
  return null;
}
