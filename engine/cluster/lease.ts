import type { Logger } from 'pino';
import {
  beatMs,
  Fenced,
  type LeaseClock,
  type Lock,
  type LockNote,
  type LockState,
} from './lock.js';

/** Who has to know whether this node may serve. */
export interface LeaseEvents {
  /** The lease ran out: nothing may be answered, and nobody else can have answered yet. */
  suspended(): void;
  /** It was renewed, and nobody had it in between. */
  resumed(): void;
  /** Another node has it. The node has been suspended before. */
  lost(reason: Fenced): void;
}

export interface LeaseOptions {
  readonly lock: Lock;
  readonly epoch: number;
  readonly node: string;
  readonly sessionTimeoutMs: number;
  readonly clock: LeaseClock;
  readonly log: Logger;
}

const nobody: LeaseEvents = { suspended() {}, resumed() {}, lost() {} };

/**
 * This node's turn. It lasts until `sessionTimeoutMs` after the last renewal was begun; whoever takes over waits for as
 * long from the moment in which it saw that renewal, which is later. A renewal counts only if the epoch was this node's
 * after it: one who takes over raises the epoch first and looks for renewals then, so that one of both sees the other.
 */
export class Lease {
  readonly #options: LeaseOptions;
  #events = nobody;
  #beat = 0;
  /** When the last renewal that counts was begun. */
  #renewedSteadyMs = Number.NEGATIVE_INFINITY;
  #renewedWallMs = Number.NEGATIVE_INFINITY;
  #isSuspended = false;
  #isOver = false;
  #loss: Fenced | null = null;
  #failures = 0;
  #renewing: Promise<void> = Promise.resolve();
  #nextBeat: NodeJS.Timeout | undefined;
  #watchdog: NodeJS.Timeout | undefined;

  private constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** Begins a turn; null if another node took the lock meanwhile. Rejects with what the lock rejects with. */
  static async begin(options: LeaseOptions): Promise<Lease | null> {
    const lease = new Lease(options);
    if ((await lease.#renew()) !== null) return null;
    lease.#keep();
    return lease;
  }

  /** Whether anything may be answered now. A process that was stopped asks this first. */
  get isHeld(): boolean {
    return !this.#isOver && this.#leftMs() > 0;
  }

  /** Why nothing is answered; null while the lease is held. */
  get trouble(): string | null {
    if (this.isHeld) return null;
    const { lock, sessionTimeoutMs } = this.#options;
    return `the lock of ${lock.name} was not renewed for ${sessionTimeoutMs} ms (brokerSessionTimeoutMs): clients are not answered`;
  }

  /** What happened already is told at once. */
  listen(events: LeaseEvents): void {
    this.#events = events;
    if (this.#isSuspended) events.suspended();
    if (this.#loss !== null) events.lost(this.#loss);
  }

  /** Ends the turn, last of all: the next node serves as soon as it sees this. Does nothing for a lease that is not held. */
  async release(): Promise<void> {
    const isOurs = this.isHeld;
    this.#end();
    await this.#renewing;
    if (isOurs) await this.#options.lock.write(this.#note(true));
  }

  #leftMs(): number {
    const { clock, sessionTimeoutMs } = this.#options;
    // A machine that was stopped as a whole may not have counted the time: then only the wall clock tells.
    const elapsedMs = Math.max(
      clock.steadyMs() - this.#renewedSteadyMs,
      clock.wallMs() - this.#renewedWallMs,
    );
    return sessionTimeoutMs - elapsedMs;
  }

  #note(isReleased: boolean): LockNote {
    const { epoch, node, sessionTimeoutMs, clock } = this.#options;
    const renewedAt = new Date(clock.wallMs()).toISOString();
    return { epoch, beat: ++this.#beat, node, renewedAt, sessionTimeoutMs, isReleased };
  }

  /** Null, or what the lock says if it is another node's. */
  async #renew(): Promise<LockState | null> {
    const { lock, epoch, clock } = this.#options;
    const steadyMs = clock.steadyMs();
    const wallMs = clock.wallMs();
    if (!this.isHeld) {
      // Somebody may have it by now, whose note would be overwritten.
      const before = await lock.read();
      if (before.epoch !== epoch) return before;
    }
    await lock.write(this.#note(false));
    const state = await lock.read();
    if (state.epoch !== epoch) return state;
    // Whoever asked meanwhile was told that it is over, and waits to be told that it is not, however late a timer is.
    const hasBegun = this.#renewedSteadyMs !== Number.NEGATIVE_INFINITY;
    if (hasBegun && !this.isHeld) this.#suspend();
    this.#renewedSteadyMs = steadyMs;
    this.#renewedWallMs = wallMs;
    return null;
  }

  #keep(): void {
    this.#renewLater();
    this.#watch();
  }

  #renewLater(): void {
    const { sessionTimeoutMs } = this.#options;
    this.#nextBeat = setTimeout(() => {
      this.#renewing = this.#renewOnce().then(() => {
        if (!this.#isOver) this.#renewLater();
      });
    }, beatMs(sessionTimeoutMs));
  }

  async #renewOnce(): Promise<void> {
    const { lock, log } = this.#options;
    let other: LockState | null;
    try {
      other = await this.#renew();
    } catch (error) {
      if (this.#failures++ === 0) {
        log.warn({ err: error }, `the lock of ${lock.name} cannot be renewed; tried again`);
      }
      return;
    }
    if (this.#isOver) return;
    if (other !== null) {
      this.#lose(other);
      return;
    }
    this.#failures = 0;
    if (this.#isSuspended && this.isHeld) {
      this.#isSuspended = false;
      log.warn(`the lock of ${lock.name} is renewed: clients are served again`);
      this.#events.resumed();
    }
  }

  /** Looks when the time is up, and now and then while there is none left to lose. */
  #watch(): void {
    const leftMs = this.#leftMs();
    const { sessionTimeoutMs } = this.#options;
    if (leftMs <= 0) this.#suspend();
    const waitMs = leftMs > 0 ? Math.ceil(leftMs) : beatMs(sessionTimeoutMs);
    this.#watchdog = setTimeout(() => this.#watch(), waitMs);
  }

  #suspend(): void {
    if (this.#isSuspended) return;
    this.#isSuspended = true;
    this.#options.log.error(`stopped serving: ${this.trouble}`);
    this.#events.suspended();
  }

  #lose({ note, epoch }: LockState): void {
    this.#end();
    const { lock, node } = this.#options;
    const isKnown = note !== null && note.epoch === epoch;
    const owner = isKnown ? note.node : 'another Kopje';
    this.#isSuspended = true;
    this.#loss = new Fenced(
      `${owner} has taken over the lock of ${lock.name}, so that ${node} must not go on`,
    );
    this.#events.suspended();
    this.#events.lost(this.#loss);
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#nextBeat);
    clearTimeout(this.#watchdog);
  }
}
