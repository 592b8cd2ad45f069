/** How the programs of this folder time a piece of work, and what they print of it. */
import { cpuUsage } from 'node:process';

const rounds = 7;
const roundMs = 100;

export interface Work {
  /** Of records, descriptors or whatever is counted, in one call. */
  readonly units?: number;
  /** That one call works on; with them MB/s are printed. */
  readonly bytes?: number;
  /** What else is known of it, for the end of the line. */
  readonly note?: string;
}

/**
 * Prints nanoseconds of processor time a unit: the median of the rounds, and how far from the best to the worst.
 * Processor time stays the same where other work takes the clock's. A first round warms up.
 */
export function time(title: string, work: () => void, { units = 1, bytes, note }: Work = {}): void {
  round(work);
  const nanos = Array.from({ length: rounds }, () => round(work)).sort((a, b) => a - b);
  const figures = [
    ...figuresOf(nanos, units),
    bytes === undefined ? '' : `${((bytes / middle(nanos)) * 1e3).toFixed(0)} MB/s`,
  ];
  print(title, figures, note);
}

/** The same of work that waits: nanoseconds by the clock, so that a quiet machine is needed. */
export async function timeAsync(
  title: string,
  work: () => Promise<void>,
  units = 1,
): Promise<void> {
  await asyncRound(work);
  const nanos: number[] = [];
  for (let turn = 0; turn < rounds; turn++) nanos.push(await asyncRound(work));
  nanos.sort((a, b) => a - b);
  print(title, [...figuresOf(nanos, units), 'by the clock']);
}

/** Nanoseconds a call. Looks at the clock seldom: a look takes as long as a short piece of work. */
function round(work: () => void): number {
  const start = cpuUsage();
  let calls = 0;
  let elapsedMs = 0;
  while (elapsedMs < roundMs) {
    // As many again as there were, or as fit at the pace so far.
    const fitting = elapsedMs === 0 ? calls + 1 : (calls * roundMs) / elapsedMs - calls;
    const turns = Math.ceil(Math.min(calls + 1, fitting));
    for (let turn = 0; turn < turns; turn++) work();
    calls += turns;
    const { user, system } = cpuUsage(start);
    elapsedMs = (user + system) / 1e3;
  }
  return (elapsedMs * 1e6) / calls;
}

async function asyncRound(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  let calls = 0;
  let elapsedMs = 0;
  while (elapsedMs < roundMs) {
    await work();
    calls++;
    elapsedMs = performance.now() - startMs;
  }
  return (elapsedMs * 1e6) / calls;
}

const middle = (sorted: readonly number[]): number => sorted[sorted.length >> 1] as number;

function figuresOf(sorted: readonly number[], units: number): string[] {
  const median = middle(sorted);
  const spread = ((sorted.at(-1) as number) - (sorted[0] as number)) / median;
  return [`${(median / units).toFixed(1)} ns`, `±${Math.round(spread * 50)} %`];
}

function print(title: string, figures: readonly string[], note = ''): void {
  const columns = figures.map((figure) => figure.padStart(14)).join('');
  process.stdout.write(`${title.padEnd(64)}${columns}  ${note}`.trimEnd().concat('\n'));
}
