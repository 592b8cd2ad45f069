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

/** What `pass` or `settle` waits for. */
interface Goal {
  /** Null: the last event. */
  readonly endMs: number | null;
  eventsLeft: number;
  resolve(isStill: boolean): void;
}

const firstMs = 1_700_000_000_000;
/** Events for which one round of the real event loop is enough. */
const turnsAtOnce = 256;

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
  #goal: Goal | null = null;
  #isTurning = false;

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
    await this.#until(this.nowMs + durationMs, Number.POSITIVE_INFINITY);
  }

  /** Until nothing is under way. Timers alone keep nothing going. Returns false if it goes on and on. */
  settle(maxEvents = 20_000): Promise<boolean> {
    return this.#until(null, maxEvents);
  }

  #until(endMs: number | null, maxEvents: number): Promise<boolean> {
    return new Promise((resolve) => {
      this.#goal = { endMs, eventsLeft: maxEvents, resolve };
      if (!this.#isTurning) this.#fuel();
    });
  }

  /** Node lets all promises that an immediate resolved run, however long the chain, before it takes the next. */
  #fuel(): void {
    this.#isTurning = true;
    for (let left = turnsAtOnce; left > 1; left--) setImmediate(this.#turn);
    setImmediate(() => {
      this.#isTurning = false;
      this.#turn();
      if (this.#goal !== null) this.#fuel();
    });
  }

  /** The next event, if the goal is not reached. What happened before it has come to its end, promises included. */
  readonly #turn = (): void => {
    const goal = this.#goal;
    if (goal === null) return;
    this.afterEvent();
    this.#wake();
    const { endMs } = goal;
    const eventMs = this.#events[0]?.dueMs ?? Number.POSITIVE_INFINITY;
    const timer = endMs === null ? null : this.#firstTimer();
    if (timer !== null && timer.dueMs < endMs! && timer.dueMs < eventMs) {
      this.#ring(timer);
    } else if (eventMs <= (endMs ?? Number.MAX_VALUE) && goal.eventsLeft > 0) {
      goal.eventsLeft--;
      this.#step();
    } else {
      if (endMs !== null) this.nowMs = Math.max(this.nowMs, endMs);
      this.#goal = null;
      goal.resolve(eventMs === Number.POSITIVE_INFINITY);
    }
  };

  #firstTimer(): Timer | null {
    let first: Timer | null = null;
    for (const timer of this.#timers)
      if (first === null || timer.dueMs < first.dueMs) first = timer;
    return first;
  }

  #ring(timer: Timer): void {
    this.nowMs = Math.max(this.nowMs, timer.dueMs);
    timer.dueMs = this.nowMs + timer.intervalMs;
    if (timer.life.isDead) this.#timers = this.#timers.filter((other) => other !== timer);
    else this.#run(timer.act);
  }

  #step(): void {
    const event = this.#pop();
    this.nowMs = Math.max(this.nowMs, event.dueMs);
    if (!event.life?.isDead) this.#run(event.run);
  }

  #run(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof Death)) this.onError(error);
    }
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
