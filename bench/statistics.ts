/** Of a few figures that should be the same. */

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}

/** How far figures lie apart that should be the same. */
export interface Spread {
  readonly least: number;
  readonly most: number;
  /** From the least to the most, as a part of the median. */
  readonly relative: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const least = Math.min(...values);
  const most = Math.max(...values);
  const middle = median(values);
  return { least, most, relative: middle === 0 ? 0 : (most - least) / middle };
}
