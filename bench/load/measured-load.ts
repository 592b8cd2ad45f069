import type { Mark } from './generator.js';

/** A load of another process that is measured. */
export interface MeasuredLoad {
  /** Of a core: with more than that it measures itself. */
  readonly maxCpuShare: number;
  mark(): Promise<Mark>;
  /** What was timed so far belongs to the warm-up. */
  forget(): Promise<void>;
  /** Ends the load. Rejects if what it wrote is not there. */
  stop(): Promise<void>;
  /** Kills the process, whatever it does. */
  close(): void;
}
