import { setTimeout } from 'node:timers/promises';
import type { Connection } from '../connection.js';
import { Disconnected } from '../connection.js';

/** Something that keeps a broker busy, and knows afterwards what the broker owes it. */
export interface Load {
  /** Between two steps: what is tested is the broker's death, not its speed. */
  readonly pauseMs: number;
  /** One step of work; called again and again until the broker dies or the load is told to stop. */
  step(connection: Connection): Promise<void>;
  /** After a restart: what was under way and never answered is done again, or found out. */
  settle(connection: Connection): Promise<void>;
  /** Adds to the findings whatever is not as it was promised. */
  check(connection: Connection): Promise<void>;
}

const retryMs = 10;
/** Longest wait for a broker that is ready to take up its partitions. */
export const usualPatienceMs = 10_000;

/** Steps until `isOver` or the broker is gone. */
export async function keepStepping(
  load: Load,
  connection: Connection,
  isOver: () => boolean,
): Promise<void> {
  try {
    while (!isOver() && connection.isOpen) {
      await load.step(connection);
      await setTimeout(load.pauseMs);
    }
  } catch (error) {
    if (!(error instanceof Disconnected)) throw error;
  }
}

/** Tries until `attempt` returns something else than null; null if the patience ends. */
export async function eventually<T>(
  attempt: () => Promise<T | null>,
  patienceMs = usualPatienceMs,
): Promise<T | null> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const outcome = await attempt();
    if (outcome !== null || performance.now() > deadlineMs) return outcome;
    await setTimeout(retryMs);
  }
}
