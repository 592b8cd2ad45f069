import { Piscina } from 'piscina';
import type { CompactionPlan, CompactionResult } from '../log/compaction.js';
import { jobsFile } from './jobs-file.js';

/** Plans that are carried out at once. */
const maxThreads = 1;
/** A thread without work ends after so long. */
const idleTimeoutMs = 30_000;

/** The pool of threads that compact: they own no partition, and start when there is work. */
export class CompactionJobs {
  readonly #pool = new Piscina({
    filename: jobsFile,
    name: 'compact',
    minThreads: 0,
    maxThreads,
    idleTimeout: idleTimeoutMs,
    atomics: 'disabled',
    recordTiming: false,
  });

  constructor() {
    // A dead thread's error reaches us through its task as well.
    this.#pool.on('error', () => {});
  }

  /** Rejects with what the job threw. */
  run(plan: CompactionPlan): Promise<CompactionResult> {
    return this.#pool.run(plan);
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}
