/** What every scenario gets. */

import type { Runner } from '../admin.js';

export interface Context {
  runner: Runner;
  /** Begins every topic's and group's name, so that a broker can be used for many runs. */
  prefix: string;
  /** Timestamp of record 0 of the contract. */
  baseTimestampMs: number;
  /** Records that a client writes for others to read. */
  recordCount: number;
  /** Kopje's data directory; absent when the broker is another one. */
  dataDir?: string;
}

/** A scenario ready to run. */
export interface Scenario {
  client: string;
  title: string;
  run(): Promise<void>;
}

/** Waits until `holds` gives true. @throws Error with `what()` when it does not in time. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: () => string,
  timeoutMs = 45_000,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${timeoutMs} ms: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
