/**
 * What Kopje is to reach, in the words of the project's issues: against a real Kafka on the same machine in the same
 * run, and in front of a real Pulsar against raw producers and readers of it.
 */
import type { Measurement } from './measurement.js';

/** Two targets of which the first is measured against the second. */
export type Pair = readonly [ours: string, theirs: string];

export interface Bound {
  readonly pair: Pair;
  readonly scenario: string;
  readonly measure: string;
  /** Null where the run has no such figure. */
  of(run: Measurement): number | null;
  /** What is held against the bound: ours to theirs, ours less theirs, or ours alone. */
  readonly compares: 'ratio' | 'difference' | 'ours';
  readonly limit: 'at most' | 'at least';
  readonly required: number;
  readonly aim: number | null;
}

type Kind = Pick<Bound, 'measure' | 'of' | 'limit'>;

const cpu: Kind = {
  measure: 'broker CPU-s per GB of records',
  of: (run) => known(run.cpuSecondsPerGigabyte),
  limit: 'at most',
};
const throughput: Kind = {
  measure: 'throughput, MB/s',
  of: (run) => known(run.megabytesPerSecond),
  limit: 'at least',
};
const requestsPerCpuSecond: Kind = {
  measure: 'requests per broker CPU-second',
  of: (run) =>
    run.brokerCpuMicrosPerRequest > 0 ? 1_000_000 / run.brokerCpuMicrosPerRequest : null,
  limit: 'at least',
};
const p50 = time('p50', 'p50');
const p99 = time('p99', 'p99');
const p999 = time('p99.9', 'p999');
const start: Kind = {
  measure: 'process start to first Metadata answer, ms',
  of: (run) => run.startMs,
  limit: 'at most',
};
const memory: Kind = {
  measure: 'RSS, MB',
  of: (run) => known(run.rssMegabytes),
  limit: 'at most',
};
const connection: Kind = {
  measure: 'RSS for each of 10 000 idle connections, KiB',
  of: (run) => (run.connectionBytes === null ? null : run.connectionBytes / 1024),
  limit: 'at most',
};

function time(name: string, percentile: 'p50' | 'p99' | 'p999'): Kind {
  return {
    measure: `${name}, ms`,
    of: ({ latency }) => (latency === null ? null : latency[percentile] / 1_000),
    limit: 'at most',
  };
}

/** A figure of a process that nobody knows is 0. */
function known(figure: number): number | null {
  return figure > 0 ? figure : null;
}

type Limits = readonly [required: number, aim?: number];

function bound(
  pair: Pair,
  scenario: string,
  kind: Kind,
  [required, aim = null]: readonly [number, (number | null)?],
  compares: Bound['compares'] = 'ratio',
): Bound {
  return { pair, scenario, ...kind, compares, required, aim };
}

/** Both of the same bytes, validated fully. */
const againstKafka: readonly (readonly [string, Kind, Limits, Bound['compares']?])[] = [
  ['produce', cpu, [0.4, 0.3]],
  ['produce', throughput, [2]],
  ['produce-lz4', cpu, [0.4]],
  ['produce-zstd', cpu, [0.4]],
  ['fetch-tail', cpu, [0.75, 0.55]],
  ['fetch-tail', throughput, [1]],
  ['fetch', cpu, [0.95, 0.6]],
  ['fetch', throughput, [1]],
  ['small', requestsPerCpuSecond, [1.5, 2]],
  ['end-to-end', p50, [0.5]],
  ['end-to-end', p99, [0.5]],
  ['end-to-end', p999, [0.5]],
  ['many-partitions', throughput, [1.5]],
  ['durable', throughput, [3]],
  ['start', start, [0.12, 0.08]],
  ['idle', memory, [0.25]],
  ['produce', memory, [0.25]],
  ['idle', connection, [12], 'ours'],
];

export function boundsAgainstKafka(pair: Pair): Bound[] {
  return againstKafka.map(([scenario, kind, limits, compares]) =>
    bound(pair, scenario, kind, limits, compares),
  );
}

const kafkaFormat: Pair = ['kopje/kafka', 'raw/kafka'];
const pulsarFormat: Pair = ['kopje/pulsar', 'raw/pulsar'];
/** The price of Pulsar's own format. */
const formats: Pair = ['kopje/pulsar', 'kopje/kafka'];

export const boundsInFrontOfPulsar: readonly Bound[] = [
  bound(formats, 'produce', cpu, [3]),
  bound(formats, 'fetch', cpu, [3]),
  bound(kafkaFormat, 'produce', throughput, [0.8]),
  bound(kafkaFormat, 'produce', throughput, [0.85]),
  bound(kafkaFormat, 'fetch', throughput, [0.85]),
  bound(pulsarFormat, 'produce', throughput, [0.7]),
  bound(pulsarFormat, 'fetch', throughput, [0.7]),
  bound(kafkaFormat, 'latency', p50, [1], 'difference'),
  bound(pulsarFormat, 'latency', p50, [1], 'difference'),
  bound(kafkaFormat, 'latency-read', p50, [1], 'difference'),
  bound(pulsarFormat, 'latency-read', p50, [1], 'difference'),
];

export const pulsarPairs: readonly Pair[] = [kafkaFormat, pulsarFormat, formats];
