import { createHistogram } from 'node:perf_hooks';

/** Microseconds. */
export interface Latency {
  p50: number;
  p99: number;
  p999: number;
  max: number;
}

const microsPerMs = 1_000;

/** Times from a beginning to its end, in an HDR histogram. */
export class Latencies {
  readonly #histogram = createHistogram();

  record(beganMs: number): void {
    const micros = Math.round((performance.now() - beganMs) * microsPerMs);
    this.#histogram.record(Math.max(1, micros));
  }

  /** What came before counts no more. */
  reset(): void {
    this.#histogram.reset();
  }

  /** Null if nothing was recorded. */
  summary(): Latency | null {
    const histogram = this.#histogram;
    if (histogram.count === 0) return null;
    return {
      p50: histogram.percentile(50),
      p99: histogram.percentile(99),
      p999: histogram.percentile(99.9),
      max: histogram.max,
    };
  }
}
