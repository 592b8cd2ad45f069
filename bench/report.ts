/** What a run found, as lines to read. */
import type { Measurement } from './measure.js';
import type { Scenario } from './scenario.js';

/** Two targets of which the first is measured against the second. */
export type Pair = readonly [ours: string, theirs: string];

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}

/** One line of the table: medians over the rounds. */
export function row(target: string, scenario: Scenario, runs: readonly Measurement[]): string {
  const of = (pick: (run: Measurement) => number, digits: number): string =>
    median(runs.map(pick)).toFixed(digits);
  const cost = scenario.isSmall
    ? `${of((run) => run.brokerCpuMicrosPerRequest, 1)} us CPU/request`
    : `${of((run) => run.cpuSecondsPerGigabyte, 2)} CPU-s/GB`;
  const cells = [
    target.padEnd(12),
    scenario.name.padEnd(12),
    `${of((run) => run.megabytesPerSecond, 0)} MB/s`.padStart(9),
    `${of((run) => run.recordsPerSecond / 1_000, 1)} k records/s`.padStart(18),
    cost.padStart(21),
    `${of((run) => run.rssMegabytes, 0)} MB RSS`.padStart(12),
    latencyCell(runs).padStart(30),
    `load ${of((run) => 100 * run.generatorCpuShare, 0)} % of a core`.padStart(22),
  ];
  const invalid = runs.find((run) => run.invalid !== null)?.invalid;
  if (invalid) cells.push(`INVALID: ${invalid}`);
  return cells.join('  ');
}

/** What the first of a pair has for each of the second's: medians of the ratios of each round. */
export function ratios(
  [ours, theirs]: Pair,
  scenario: Scenario,
  runsOf: (target: string) => readonly Measurement[],
): string {
  const [left, right] = [runsOf(ours), runsOf(theirs)];
  const of = (pick: (run: Measurement) => number): string =>
    median(left.map((run, index) => pick(run) / pick(right[index] as Measurement))).toFixed(2);
  const parts = [
    `throughput ${of((run) => run.recordsPerSecond)}`,
    `CPU ${of((run) => (scenario.isSmall ? run.brokerCpuMicrosPerRequest : run.cpuSecondsPerGigabyte))}`,
    `RSS ${of((run) => run.rssMegabytes)}`,
  ];
  if (left.every(({ latency }) => latency !== null)) {
    const added = left.map((run, index) => p50(run) - p50(right[index] as Measurement));
    parts.push(`p50 ${of(p50)} (${(median(added) / 1_000).toFixed(2)} ms more)`);
  }
  return `${ours} to ${theirs}, ${scenario.name}: ${parts.join(', ')}`;
}

function p50({ latency }: Measurement): number {
  return latency?.p50 ?? Number.NaN;
}

function latencyCell(runs: readonly Measurement[]): string {
  const measured = runs.flatMap(({ latency }) => (latency === null ? [] : [latency]));
  if (measured.length === 0) return '';
  const of = (name: 'p50' | 'p99'): string =>
    (median(measured.map((latency) => latency[name])) / 1_000).toFixed(2);
  return `p50 ${of('p50')} ms, p99 ${of('p99')} ms`;
}
