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
  /** Formats of the topics that clients write for each other, in turn; with none the broker's default. */
  entryFormats: readonly string[];
  /** Whether the broker has transactions: Kopje refuses them, another one may not. */
  transactions: boolean;
  /** A record that a topic can be set to take, larger than what clients fetch at once. */
  largestRecordBytes: number;
  /** Kopje's data directory; absent where there are no segments in it to look into. */
  dataDir?: string;
}

/** For a scenario with a broker of its own. */
export function ownBrokerContext(runner: Runner, prefix: string): Context {
  const nothing = { baseTimestampMs: 0, recordCount: 0, largestRecordBytes: 0 };
  return { runner, prefix, ...nothing, entryFormats: [], transactions: false };
}

/** A scenario ready to run. */
export interface Scenario {
  client: string;
  title: string;
  /** Left out of a short run: another scenario is nearly the same. */
  isExtra?: boolean;
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
