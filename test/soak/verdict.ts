import type { Holdings } from './soaked-broker.js';

/** Share of the first base lines that the broker warms up in. */
const warmUpShare = 0.3;
/** Of all pairs of base lines, those that have to rise for growth to be a trend and no fluctuation. */
const risingShare = 0.7;
const mebibyte = 2 ** 20;

/** Growth that may be a cache filling up, a fragmented heap or a compaction's thread. */
const allowances: Record<keyof Holdings, number> = {
  rssBytes: 32 * mebibyte,
  heapBytes: 4 * mebibyte,
  externalBytes: 4 * mebibyte,
  files: 24,
  threads: 3,
};

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
}

/** Whether a later value is mostly the higher one. */
function isRising(values: readonly number[]): boolean {
  let [pairs, rising] = [0, 0];
  for (const [index, earlier] of values.entries()) {
    for (const later of values.slice(index + 1)) {
      pairs++;
      if (later > earlier) rising++;
    }
  }
  return rising >= risingShare * pairs;
}

/** The leaks that base lines show, each taken at rest: what rises all the time, and by more than its allowance. */
export function leaksIn(baseLines: readonly Holdings[]): string[] {
  const warm = baseLines.slice(Math.ceil(baseLines.length * warmUpShare));
  const half = warm.length >> 1;
  return (Object.keys(allowances) as (keyof Holdings)[]).flatMap((name) => {
    const values = warm.map((holdings) => holdings[name]);
    const growth = median(values.slice(-half)) - median(values.slice(0, half));
    if (growth <= allowances[name] || !isRising(values)) return [];
    return [`${name} leaks: ${values.join(', ')} at rest, once warm`];
  });
}
