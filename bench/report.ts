/** What a run found, as lines to read. */
import type { Measurement } from './measurement.js';
import type { Scenario } from './scenario.js';
import { median } from './statistics.js';
import type { Pair } from './targets.js';
import type { Judgement } from './verdict.js';

/** One line of the table: medians over the rounds. */
export function row(target: string, scenario: Scenario, runs: readonly Measurement[]): string {
  const of = (pick: (run: Measurement) => number, digits: number): string =>
    median(runs.map(pick)).toFixed(digits);
  const name = `${target.padEnd(12)}  ${scenario.name.padEnd(15)}`;
  if (scenario.kind === 'start') return `${name}  ${of((run) => run.startMs ?? 0, 0)} ms`;
  if (scenario.kind === 'idle') {
    const kibibytes = of((run) => (run.connectionBytes ?? 0) / 1024, 1);
    return `${name}  ${of((run) => run.rssMegabytes, 0)} MB RSS, ${kibibytes} KiB a connection`;
  }
  const cost = isSmall(scenario)
    ? `${of((run) => run.brokerCpuMicrosPerRequest, 1)} us CPU/request`
    : `${of((run) => run.cpuSecondsPerGigabyte, 2)} CPU-s/GB`;
  const cells = [
    name,
    `${of((run) => run.megabytesPerSecond, 0)} MB/s`.padStart(9),
    `${of((run) => run.recordsPerSecond / 1_000, 1)} k records/s`.padStart(18),
    cost.padStart(21),
    `all ${of((run) => run.allCpuSecondsPerGigabyte, 2)} CPU-s/GB`.padStart(18),
    `${of((run) => run.rssMegabytes, 0)} MB RSS`.padStart(12),
    latencyCell(runs).padStart(42),
    `load ${of((run) => 100 * run.generatorCpuShare, 0)} % of a core`.padStart(22),
  ];
  const entries = runs.flatMap((run) => run.entries ?? []);
  if (entries.length > 0) {
    const perSecond = median(entries.map((one) => one.perSecond)).toFixed(0);
    const kilobytes = median(entries.map(({ meanBytes }) => meanBytes)) / 1_000;
    cells.push(`${perSecond} entries/s, ${kilobytes.toFixed(2)} KB each`);
  }
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
    `CPU ${of((run) => (isSmall(scenario) ? run.brokerCpuMicrosPerRequest : run.cpuSecondsPerGigabyte))}`,
    `RSS ${of((run) => run.rssMegabytes)}`,
  ];
  if (left.every(({ latency }) => latency !== null)) {
    const added = left.map((run, index) => p50(run) - p50(right[index] as Measurement));
    parts.push(`p50 ${of(p50)} (${(median(added) / 1_000).toFixed(2)} ms more)`);
  }
  return `${ours} to ${theirs}, ${scenario.name}: ${parts.join(', ')}`;
}

function isSmall(scenario: Scenario): boolean {
  return scenario.kind === 'steady' && scenario.isSmall;
}

function p50({ latency }: Measurement): number {
  return latency?.p50 ?? Number.NaN;
}

function latencyCell(runs: readonly Measurement[]): string {
  const measured = runs.flatMap(({ latency }) => (latency === null ? [] : [latency]));
  if (measured.length === 0) return '';
  const of = (name: 'p50' | 'p99' | 'p999'): string =>
    (median(measured.map((latency) => latency[name])) / 1_000).toFixed(2);
  return `p50 ${of('p50')} ms, p99 ${of('p99')} ms, p99.9 ${of('p999')} ms`;
}

const targetColumns = [
  'scenario',
  'measure',
  'Kopje',
  'other',
  'ratio',
  "other's spread",
  'required',
  'aim',
  'verdict',
] as const;

/** The table of targets, its heads first. */
export function targetCells(judgements: readonly Judgement[]): string[][] {
  return [[...targetColumns], ...judgements.map(cellsOf)];
}

function cellsOf(judgement: Judgement): string[] {
  const { scenario, measure, pair, ours, theirs, spread, required, aim, verdict } = judgement;
  const [, other] = pair;
  const sign = judgement.limit === 'at most' ? '≤' : '≥';
  const { least, most, relative } = spread;
  return [
    scenario,
    measure,
    `${pair[0]} ${figure(ours)}`,
    `${other} ${figure(theirs)}`,
    comparedCell(judgement),
    `${figure(least)}-${figure(most)} (${(100 * relative).toFixed(0)} %)`,
    `${sign} ${required}`,
    aim === null ? '' : `${sign} ${aim}`,
    verdict,
  ];
}

function comparedCell({ compares, compared }: Judgement): string {
  if (compares === 'difference') return `${compared < 0 ? '' : '+'}${compared.toFixed(2)}`;
  return compares === 'ratio' ? compared.toFixed(2) : '';
}

/** Three digits that count. */
function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** Cells in columns of the same width. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  return rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
