import { Worker } from 'node:worker_threads';

/** What the thread of a pacemaker is started with. */
export interface PaceOrder {
  readonly perSecond: number;
}

/**
 * Ticks on time: Node's timers come up to a millisecond late, which is more than an answer takes. The thread sleeps in
 * `Atomics.wait`, which wakes within some 60 µs.
 */
export class Pacemaker {
  readonly #thread: Worker;

  /** `tick` is called once for each tick that is due, with the time at which it was, ms of `performance.now()`. */
  constructor(perSecond: number, tick: (dueMs: number) => void) {
    const workerData: PaceOrder = { perSecond };
    this.#thread = new Worker(new URL('./pacemaker-thread.js', import.meta.url), { workerData });
    const intervalMs = 1_000 / perSecond;
    let dueMs = performance.now();
    this.#thread.on('message', () => {
      // Several, where this thread or the other one came late: each counts from when it was due.
      for (const nowMs = performance.now(); dueMs <= nowMs; dueMs += intervalMs) tick(dueMs);
    });
  }

  stop(): void {
    void this.#thread.terminate();
  }
}
