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
  #closed = false;
  readonly #run = (): void => this.#step();

  constructor(board: Int32Array, word: number, turn: () => boolean) {
    this.#board = board;
    this.#word = word;
    this.#turn = turn;
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
    if (this.#turn()) {
      setImmediate(this.#run);
      return;
    }
    const wait = Atomics.waitAsync(this.#board, this.#word, seen);
    if (wait.async) void wait.value.then(this.#run);
    else setImmediate(this.#run);
  }
}
