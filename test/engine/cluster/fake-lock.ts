import type { LeaseClock, Lock, LockNote, LockState } from '../../../engine/cluster/lock.js';

/** A lock in memory. */
export class FakeLock implements Lock {
  readonly name = 'public/__kafka';
  epoch = -1;
  note: LockNote | null = null;
  writes = 0;
  /** Stands in for a cluster that does not answer. */
  fault: Error | null = null;
  /** Called before a read is answered. */
  beforeRead: () => void = () => undefined;
  beforeTake: () => void = () => undefined;
  #waiting: (() => void)[] = [];

  async read(): Promise<LockState> {
    this.beforeRead();
    if (this.fault !== null) throw this.fault;
    return { epoch: this.epoch, note: this.note };
  }

  async write(note: LockNote): Promise<void> {
    if (this.fault !== null) throw this.fault;
    this.note = note;
    this.writes++;
    for (const written of this.#waiting.splice(0)) written();
  }

  /** Another node takes it at the same time. */
  isBeingTaken = false;

  async take(): Promise<number | null> {
    this.beforeTake();
    if (this.isBeingTaken) return null;
    return ++this.epoch;
  }

  /** Resolves after the next write. */
  written(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Another node, which renews its turn once. */
  takenBy(node: string, sessionTimeoutMs = 60): void {
    this.epoch++;
    this.renewedBy(node, sessionTimeoutMs);
  }

  renewedBy(node: string, sessionTimeoutMs = 60): void {
    const beat = (this.note?.beat ?? 0) + 1;
    const renewedAt = new Date(0).toISOString();
    const { epoch } = this;
    this.note = { epoch, beat, node, renewedAt, sessionTimeoutMs, isReleased: false };
  }
}

/** Stands still until it is set. */
export class FakeClock implements LeaseClock {
  steady = 1_000;
  wall = 1_000_000;

  steadyMs(): number {
    return this.steady;
  }

  wallMs(): number {
    return this.wall;
  }

  advance(ms: number): void {
    this.steady += ms;
    this.wall += ms;
  }
}
