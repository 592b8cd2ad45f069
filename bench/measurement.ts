import type { Mark } from './load/generator.js';
import type { Latency } from './load/latencies.js';
import type { ProcessUsage } from './target/process-usage.js';

/** What one run of a scenario found of one target. Figures that it did not look for are 0, or null. */
export interface Measurement {
  target: string;
  scenario: string;
  megabytesPerSecond: number;
  recordsPerSecond: number;
  requestsPerSecond: number;
  cpuSecondsPerGigabyte: number;
  /** Of the broker, of what it stands in front of, and of the load. */
  allCpuSecondsPerGigabyte: number;
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
  /** From the start of the process to its first answer to Metadata. */
  startMs: number | null;
  /** Resident memory for each idle connection. */
  connectionBytes: number | null;
  /** What Pulsar was given; null where the records are elsewhere. */
  entries: Entries | null;
  samples: Sample[];
}

export interface Entries {
  /** While it was measured. */
  perSecond: number;
  /** Of all of the topic. */
  meanBytes: number;
}

/** One of the moments of a run. */
export interface Sample {
  /** Since the measuring began. */
  atMs: number;
  megabytesPerSecond: number;
  rssMegabytes: number;
}

/** What was measured, but for whom. */
export type Figures = Omit<Measurement, 'target' | 'scenario'>;

export const megabyte = 1e6;
const gigabyte = 1e9;
/** A broker that waits so much for a core measures the machine. */
const maxStarvedShare = 0.5;

export const nothingMeasured: Figures = {
  megabytesPerSecond: 0,
  recordsPerSecond: 0,
  requestsPerSecond: 0,
  cpuSecondsPerGigabyte: 0,
  allCpuSecondsPerGigabyte: 0,
  brokerCpuMicrosPerRequest: 0,
  rssMegabytes: 0,
  generatorCpuShare: 0,
  starvedShare: 0,
  invalid: null,
  latency: null,
  startMs: null,
  connectionBytes: null,
  entries: null,
  samples: [],
};

/** The state of a load and of a broker at one time. */
export interface Moment {
  readonly mark: Mark;
  readonly usage: ProcessUsage;
  /** CPU time of what the broker stands in front of. */
  readonly behindCpuMs: number;
}

/** What was done and used from one moment to the next. */
export interface Span {
  readonly ms: number;
  readonly payloadBytes: number;
  readonly records: number;
  readonly requests: number;
  readonly cpuMs: number;
  readonly behindCpuMs: number;
  readonly waitedMs: number;
  readonly generatorCpuMs: number;
}

export function spanOf(before: Moment, after: Moment): Span {
  return {
    ms: after.mark.atMs - before.mark.atMs,
    payloadBytes: after.mark.payloadBytes - before.mark.payloadBytes,
    records: after.mark.records - before.mark.records,
    requests: after.mark.requests - before.mark.requests,
    cpuMs: after.usage.cpuMs - before.usage.cpuMs,
    behindCpuMs: after.behindCpuMs - before.behindCpuMs,
    waitedMs: after.usage.waitedMs - before.usage.waitedMs,
    generatorCpuMs: after.mark.cpuMs - before.mark.cpuMs,
  };
}

export function sum(spans: readonly Span[]): Span {
  const of = (name: keyof Span): number => spans.reduce((total, span) => total + span[name], 0);
  return {
    ms: of('ms'),
    payloadBytes: of('payloadBytes'),
    records: of('records'),
    requests: of('requests'),
    cpuMs: of('cpuMs'),
    behindCpuMs: of('behindCpuMs'),
    waitedMs: of('waitedMs'),
    generatorCpuMs: of('generatorCpuMs'),
  };
}

/** @param maxCpuShare of a core, beyond which the load measures itself */
export function figuresOf(span: Span, last: Moment, maxCpuShare: number): Figures {
  const { ms, payloadBytes, records, requests, cpuMs, waitedMs, generatorCpuMs } = span;
  const seconds = ms / 1_000;
  const gigabytes = payloadBytes / gigabyte;
  const generatorCpuShare = generatorCpuMs / ms;
  const starvedShare = waitedMs / Math.max(1, waitedMs + cpuMs);
  return {
    ...nothingMeasured,
    megabytesPerSecond: payloadBytes / megabyte / seconds,
    recordsPerSecond: records / seconds,
    requestsPerSecond: requests / seconds,
    cpuSecondsPerGigabyte: cpuMs / 1_000 / gigabytes,
    allCpuSecondsPerGigabyte: (cpuMs + span.behindCpuMs + generatorCpuMs) / 1_000 / gigabytes,
    brokerCpuMicrosPerRequest: requests === 0 ? 0 : (cpuMs * 1_000) / requests,
    rssMegabytes: last.usage.rssBytes / megabyte,
    generatorCpuShare,
    starvedShare,
    invalid: invalidity(generatorCpuShare > maxCpuShare, starvedShare),
    latency: last.mark.latency,
  };
}

function invalidity(isLoadSpent: boolean, starvedShare: number): string | null {
  if (isLoadSpent) return 'the load generator had no more to give';
  if (starvedShare > maxStarvedShare) return 'the broker waited for a core more than it ran';
  return null;
}
