/** What a node that serves says of itself, where the others look for it. */
export interface LockNote {
  /** Of the node's turn; a note whose epoch is not the lock's is an earlier owner's. */
  readonly epoch: number;
  /** Rises with every renewal: a note that stays the same is that of a node that is gone, or hangs. */
  readonly beat: number;
  /** For people. */
  readonly node: string;
  /** For people: by the node's own clock. */
  readonly renewedAt: string;
  /** The node answers nobody any more once it could not renew its note for so long. */
  readonly sessionTimeoutMs: number;
  /** It stopped in order, and has closed everything. */
  readonly isReleased: boolean;
}

export interface LockState {
  /** Rises whenever a node takes the lock; -1 before the first. */
  readonly epoch: number;
  /** Null before the first. */
  readonly note: LockNote | null;
}

/** What the nodes of a cluster have in common to tell whose turn it is. Reads see every write that ended before. */
export interface Lock {
  /** For people: what is locked. */
  readonly name: string;
  read(): Promise<LockState>;
  write(note: LockNote): Promise<void>;
  /** Raises the epoch, whoever has the lock; returns the new one, which nobody else gets. Null: another one is at it. */
  take(): Promise<number | null>;
}

/** Renewals, and looks of those who wait, in the time that a node is believed without one. */
const beatsPerSession = 6;

export function beatMs(sessionTimeoutMs: number): number {
  return Math.ceil(sessionTimeoutMs / beatsPerSession);
}

/** Another node took the lock: this one must not go on. */
export class Fenced extends Error {
  override readonly name = 'Fenced';
}

/** Times that a lease is reckoned by. */
export interface LeaseClock {
  /** Never goes back, and goes on while the process is stopped; perhaps not while its machine is. */
  steadyMs(): number;
  wallMs(): number;
}

export const systemClock: LeaseClock = {
  steadyMs: () => performance.now(),
  wallMs: () => Date.now(),
};
