import { Piscina } from 'piscina';
import type { RepairOrder, RepairOutcome } from '../log/embedded/repair-job.js';
import { jobsFile } from './jobs-file.js';

export type { RepairOrder, RepairOutcome } from '../log/embedded/repair-job.js';

/** The thread that repairs logs which no partition thread has open. */
export class RepairJobs {
  readonly #pool = new Piscina({
    filename: jobsFile,
    name: 'repair',
    minThreads: 0,
    maxThreads: 1,
    atomics: 'disabled',
    recordTiming: false,
  });

  /** Rejects with what the disk says. */
  run(order: RepairOrder): Promise<RepairOutcome> {
    return this.#pool.run(order);
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}
