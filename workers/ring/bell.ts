import { Bell } from './slots.js';

/** Memory for the main thread's bell and one bell for each worker. */
export function allocateBells(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer((Bell.worker + workers * Bell.stride) * 4);
}

/** Word of worker `index`'s bell. */
export function workerBell(index: number): number {
  return Bell.worker + index * Bell.stride;
}

/** Rings a bell: whoever sleeps on it wakes, and whoever is about to sleep sees the new count. */
export function ringBell(board: Int32Array, word: number): void {
  Atomics.add(board, word, 1);
  Atomics.notify(board, word);
}

/** How a listener sleeps and comes back. A simulation has its own, so that one seed decides who wakes when. */
export interface Sleeper {
  /** Calls `wake` once, later, when the word is no longer `seen`: at once if it is not even now. */
  wait(board: Int32Array, word: number, seen: number, wake: () => void): void;
  /** Calls back when timers and sockets have had their share. */
  yield(resume: () => void): void;
}

export const threadSleeper: Sleeper = {
  wait(board, word, seen, wake) {
    const wait = Atomics.waitAsync(board, word, seen);
    if (wait.async) void wait.value.then(wake);
    else setImmediate(wake);
  },
  yield: (resume) => {
    setImmediate(resume);
  },
};

/**
 * Sleeps on a bell without blocking the event loop and calls `turn` after each ring. `turn` drains a
 * bounded amount and says whether it left work behind; then the next turn comes through `setImmediate`,
 * so that timers and sockets get their share (an already resolved promise starves them: measured).
 * One outstanding waiter a side. A pending wait keeps no event loop alive: the owner holds a handle.
 */
export class BellListener {
  readonly #board: Int32Array;
  readonly #word: number;
  readonly #turn: () => boolean;
  readonly #sleeper: Sleeper;
  #closed = false;
  readonly #run = (): void => this.#step();

  constructor(board: Int32Array, word: number, turn: () => boolean, sleeper = threadSleeper) {
    this.#board = board;
    this.#word = word;
    this.#turn = turn;
    this.#sleeper = sleeper;
  }

  start(): void {
    this.#step();
  }

  close(): void {
    this.#closed = true;
    // Lets the outstanding waiter end instead of holding its promise for ever.
    ringBell(this.#board, this.#word);
  }

  #step(): void {
    if (this.#closed) return;
    // Read before the drain: what is published after it changes the count, and the wait returns at once.
    const seen = Atomics.load(this.#board, this.#word);
    if (this.#turn()) this.#sleeper.yield(this.#run);
    else this.#sleeper.wait(this.#board, this.#word, seen, this.#run);
  }
}
