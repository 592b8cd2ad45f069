import type { Sleeper } from '../../workers/ring/bell.js';
import type { Random } from './random.js';

/** A thread or a process: nothing of it runs once it is dead. */
export class Life {
  isDead = false;
}

/** Thrown into the code of a thread that dies in the middle of something. */
export class Death extends Error {
  readonly code = 'DEAD';
}

interface Event {
  readonly dueMs: number;
  readonly order: number;
  readonly life: Life | null;
  readonly run: () => void;
}

interface Timer {
  readonly life: Life;
  readonly intervalMs: number;
  readonly act: () => void;
  dueMs: number;
}

interface Waiter {
  readonly life: Life;
  readonly board: Int32Array;
  readonly word: number;
  readonly seen: number;
  readonly wake: () => void;
}

const firstMs = 1_700_000_000_000;

/**
 * Time, and what happens in it: one event after another, in the order of their times, which the seed decides. Each runs
 * to its end, promises included, before the next begins, as on the event loop of a thread.
 */
export class Schedule {
  nowMs = firstMs;
  /** Called after each event. */
  afterEvent: () => void = () => {};
  /** What code under test threw. */
  onError: (error: unknown) => void = () => {};
  /** What the wall clock was set forth or back by, now and at most. */
  #jumpMs = 0;
  #latestJumpMs = 0;
  readonly #random: Random;
  readonly #events: Event[] = [];
  #timers: Timer[] = [];
  #waiters: Waiter[] = [];
  #order = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Ms since the epoch, as a thread reads it. */
  readonly wallMs = (): number => Math.floor(this.nowMs) + this.#jumpMs;

  /** No clock has shown more so far. */
  get latestMs(): number {
    return this.nowMs + this.#latestJumpMs;
  }

  /** Sets the wall clock. */
  jump(byMs: number): void {
    this.#jumpMs += byMs;
    this.#latestJumpMs = Math.max(this.#latestJumpMs, this.#jumpMs);
  }

  /** `life`: whose event it is; null: of the disk, which outlives threads. */
  after(delayMs: number, life: Life | null, run: () => void): void {
    this.#push({ dueMs: this.nowMs + delayMs, order: this.#order++, life, run });
  }

  /** Resolves a little later, if the process still lives. */
  pause(life: Life, delayMs = this.#random.next() * 2): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, life, resolve));
  }

  every(life: Life, intervalMs: number, act: () => void): () => void {
    const timer = { life, intervalMs, act, dueMs: this.nowMs + intervalMs };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** How a thread of this life waits for its bell, which may come late. */
  sleeperOf(life: Life): Sleeper {
    return {
      wait: (board, word, seen, wake) => {
        this.#waiters.push({ life, board, word, seen, wake });
      },
      yield: (resume) => this.after(this.#random.next() * 0.1, life, resume),
    };
  }

  /** Lets time pass, with all that happens in it. */
  async pass(durationMs: number): Promise<void> {
    const endMs = this.nowMs + durationMs;
    await this.#run(() => {});
    for (;;) {
      const timerMs = Math.min(...this.#timers.map((timer) => timer.dueMs), endMs);
      const eventMs = this.#events[0]?.dueMs ?? Number.POSITIVE_INFINITY;
      if (eventMs <= timerMs) await this.#step();
      else if (timerMs < endMs) await this.#ring(timerMs);
      else break;
    }
    this.nowMs = Math.max(this.nowMs, endMs);
  }

  /** Until nothing is under way. Timers alone keep nothing going. Returns false if it goes on and on. */
  async settle(maxEvents = 20_000): Promise<boolean> {
    await this.#run(() => {});
    for (let left = maxEvents; this.#events.length > 0; left--) {
      if (left === 0) return false;
      await this.#step();
    }
    return true;
  }

  async #ring(atMs: number): Promise<void> {
    this.nowMs = Math.max(this.nowMs, atMs);
    for (const timer of [...this.#timers]) {
      if (timer.dueMs > atMs) continue;
      timer.dueMs = this.nowMs + timer.intervalMs;
      if (!timer.life.isDead) await this.#run(timer.act);
    }
    this.#timers = this.#timers.filter((timer) => !timer.life.isDead);
  }

  async #step(): Promise<void> {
    const event = this.#pop();
    this.nowMs = Math.max(this.nowMs, event.dueMs);
    if (event.life?.isDead) return;
    await this.#run(event.run);
  }

  async #run(act: () => void): Promise<void> {
    try {
      act();
    } catch (error) {
      if (!(error instanceof Death)) this.onError(error);
    }
    // All promises that this resolved, however long the chain.
    await new Promise((resolve) => setImmediate(resolve));
    this.afterEvent();
    this.#wake();
  }

  #wake(): void {
    if (this.#waiters.length === 0) return;
    const waiting: Waiter[] = [];
    for (const waiter of this.#waiters) {
      const { life, board, word, seen, wake } = waiter;
      if (life.isDead) continue;
      if (Atomics.load(board, word) === seen) waiting.push(waiter);
      else this.after(this.#random.next() * (this.#random.chance(0.1) ? 30 : 0.5), life, wake);
    }
    this.#waiters = waiting;
  }

  #push(event: Event): void {
    const events = this.#events;
    let at = events.length;
    events.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, events[parent]!)) break;
      events[at] = events[parent]!;
      at = parent;
    }
    events[at] = event;
  }

  #pop(): Event {
    const events = this.#events;
    const first = events[0]!;
    const last = events.pop()!;
    if (events.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= events.length) break;
      if (child + 1 < events.length && isBefore(events[child + 1]!, events[child]!)) child++;
      if (!isBefore(events[child]!, last)) break;
      events[at] = events[child]!;
      at = child;
    }
    events[at] = last;
    return first;
  }
}

function isBefore(left: Event, right: Event): boolean {
  return left.dueMs < right.dueMs || (left.dueMs === right.dueMs && left.order < right.order);
}
