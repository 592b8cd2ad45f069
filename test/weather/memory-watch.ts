const sampleMs = 250;
/**
 * Of one node: what an idle one takes (97 MiB), the cache of entries (64) and the memory of entries on their way (32) of
 * each of two threads, and what the load touches of the slabs and leaves to be collected. 334 MiB were seen in 50 cycles.
 */
export const mostResidentBytes = 400 * 2 ** 20;
/** Between the first third of the cycles and the last: what threads, caches and a fragmented heap come to. */
const allowedGrowthBytes = 48 * 2 ** 20;
/** Below, a third has not seen each kind of weather. */
const leastCycles = 21;

/** Looks all the time how much memory the nodes take, and says whether that is bounded. */
export class MemoryWatch {
  readonly #timer: NodeJS.Timeout;
  readonly #peaks: number[] = [];
  #peak = 0;

  constructor(residentBytes: () => number) {
    this.#timer = setInterval(() => {
      this.#peak = Math.max(this.#peak, residentBytes());
    }, sampleMs);
  }

  /** Ends a cycle. */
  next(): void {
    this.#peaks.push(this.#peak);
    this.#peak = 0;
  }

  get worstBytes(): number {
    return Math.max(0, ...this.#peaks);
  }

  /** What is wrong with it. */
  get findings(): string[] {
    return memoryFindings(this.#peaks);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/** Takes the most that a node had in each cycle. */
export function memoryFindings(peaks: readonly number[]): string[] {
  const worst = Math.max(0, ...peaks);
  const findings = worst > mostResidentBytes ? [`a node took ${mebibytes(worst)} MiB`] : [];
  if (peaks.length < leastCycles) return findings;
  const third = Math.floor(peaks.length / 3);
  const [first, last] = [median(peaks.slice(0, third)), median(peaks.slice(-third))];
  if (last <= first + allowedGrowthBytes) return findings;
  const text = `the nodes took ${mebibytes(first)} MiB in the first third, ${mebibytes(last)} in the last`;
  return [...findings, text];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
}

/** For a message. */
export function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
