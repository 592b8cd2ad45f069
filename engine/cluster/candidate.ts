/** How a node gets its turn: it waits until the one that serves has released the lock, or has shown no sign of life. */
import type { Logger } from 'pino';
import { pause } from './give-up.js';
import { Lease } from './lease.js';
import { beatMs, type LeaseClock, type Lock, type LockNote, type LockState } from './lock.js';

/** Two clocks do not run at one speed: who waits for another's time waits so much longer. */
const driftAllowance = 1.1;

export interface CandidateOptions {
  readonly lock: Lock;
  readonly node: string;
  readonly sessionTimeoutMs: number;
  readonly clock: LeaseClock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Repeats a step until the cluster is reached. */
  readonly reached: <Result>(step: () => Promise<Result>) => Promise<Result>;
  /** Told whom this node waits for; null: nobody any more. */
  readonly waits: (text: string | null) => void;
}

/** Resolves when this node may serve. Rejects with StartGivenUp, or with what `reached` rejects with. */
export async function waitForLease(options: CandidateOptions): Promise<Lease> {
  for (;;) {
    const seen = await untilFree(options);
    const lease = await takeOver(options, seen);
    if (lease !== null) {
      options.waits(null);
      return lease;
    }
    options.log.info(`another node was faster to take the lock of ${options.lock.name}`);
    await pause(beatMs(options.sessionTimeoutMs), options.signal);
  }
}

/** Watches the lock until nobody has it, or the one who has it is silent for too long; returns what it was then. */
async function untilFree(options: CandidateOptions): Promise<LockState> {
  const { lock, clock, log } = options;
  let seen: LockState | null = null;
  let seenMs = 0;
  for (;;) {
    let isLost = false;
    const askedMs = clock.steadyMs();
    const state = await options.reached(async () => {
      try {
        return await lock.read();
      } catch (error) {
        // The owner was cut off perhaps, as this node was: it has its time again from now on.
        isLost = true;
        throw error;
      }
    });
    const { note } = state;
    if (isFree(state) || note === null) {
      if (note !== null && seen !== null) log.info(`${note.node} has released the lock`);
      return state;
    }
    if (seen === null || isLost || state.epoch !== seen.epoch || !hasSameNote(state, seen)) {
      if (seen?.note?.node !== note.node) tellWait(options, note);
      seen = state;
      seenMs = clock.steadyMs();
    } else if (askedMs - seenMs > note.sessionTimeoutMs * driftAllowance) {
      const silentMs = Math.round(askedMs - seenMs);
      log.warn(`taking over from ${note.node}: no sign of life for ${silentMs} ms`);
      return state;
    }
    await pause(beatMs(note.sessionTimeoutMs), options.signal);
  }
}

function tellWait({ lock, log, waits }: CandidateOptions, { node }: LockNote): void {
  const text = `standby: ${node} has the lock of ${lock.name}`;
  log.info(`${text}; waiting for it to stop`);
  waits(text);
}

/** Null if another node was faster. */
async function takeOver(options: CandidateOptions, seen: LockState): Promise<Lease | null> {
  const { lock, node, sessionTimeoutMs, clock, log, signal, reached } = options;
  const epoch = await reached(() => lock.take());
  if (epoch === null) return null;
  const state = await reached(() => lock.read());
  // From now on nobody renews; who did so last, before, is believed for its time.
  const isSilent = hasSameNote(state, seen) || state.note?.isReleased === true;
  const renewed = isSilent ? null : state.note;
  const lease = await reached(() =>
    Lease.begin({ lock, epoch, node, sessionTimeoutMs, clock, log }),
  );
  try {
    if (renewed !== null) await pause(renewed.sessionTimeoutMs * driftAllowance, signal);
  } catch (error) {
    await lease?.release();
    throw error;
  }
  return lease;
}

/** Nobody has the lock. */
function isFree({ epoch, note }: LockState): boolean {
  return note === null || (note.isReleased && note.epoch === epoch);
}

function hasSameNote(one: LockState, other: LockState): boolean {
  return one.note?.epoch === other.note?.epoch && one.note?.beat === other.note?.beat;
}
