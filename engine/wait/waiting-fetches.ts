import type { RingPort } from '../route/ring-port.js';

/** A fetch that waits for bytes; holds no memory meanwhile. */
export interface WaitingFetch {
  /** Lines of the partitions that it waits for. */
  readonly slots: readonly number[];
  /**
   * Something changed at `slot`, or at any of them (null). True if the wait is over (enough bytes, or an
   * error to tell); it is then no longer waiting, and answers by itself.
   */
  satisfied(slot: number | null): boolean;
  /** Its time is up: answers with whatever there is. */
  expired(): void;
}

interface Parked {
  readonly fetch: WaitingFetch;
  readonly timer: NodeJS.Timeout;
}

/**
 * The fetches that wait, by the partitions they wait for. Order matters: the watch flag is set first and the
 * state looked at again after it; an owner stores the state first and looks at the flag after it. So one of
 * the two always sees the other, and no wake is lost (docs/decisions/0002-waiting-fetches.md).
 */
export class WaitingFetches {
  readonly #rings: Pick<RingPort, 'watch'>;
  readonly #bySlot = new Map<number, Set<WaitingFetch>>();
  readonly #parked = new Map<WaitingFetch, Parked>();

  constructor(rings: Pick<RingPort, 'watch'>) {
    this.#rings = rings;
  }

  get size(): number {
    return this.#parked.size;
  }

  /** Parks a fetch for `waitMs` at most, unless it turns out to be satisfied after the flags are set. */
  park(fetch: WaitingFetch, waitMs: number): void {
    for (const slot of fetch.slots) {
      let waiting = this.#bySlot.get(slot);
      if (!waiting) {
        waiting = new Set();
        this.#bySlot.set(slot, waiting);
        this.#rings.watch(slot, true);
      }
      waiting.add(fetch);
    }
    const timer = setTimeout(() => {
      this.forget(fetch);
      fetch.expired();
    }, waitMs);
    this.#parked.set(fetch, { fetch, timer });
    if (fetch.satisfied(null)) this.forget(fetch);
  }

  /** Takes a fetch out, without an answer: its connection closed. */
  forget(fetch: WaitingFetch): void {
    const parked = this.#parked.get(fetch);
    if (!parked) return;
    clearTimeout(parked.timer);
    this.#parked.delete(fetch);
    for (const slot of fetch.slots) {
      const waiting = this.#bySlot.get(slot);
      if (!waiting) continue;
      waiting.delete(fetch);
      if (waiting.size > 0) continue;
      this.#bySlot.delete(slot);
      this.#rings.watch(slot, false);
    }
  }

  /** A line changed, or its partition came into or went out of service. */
  wake(slot: number): void {
    const waiting = this.#bySlot.get(slot);
    if (!waiting) return;
    for (const fetch of [...waiting]) {
      if (fetch.satisfied(slot)) this.forget(fetch);
    }
  }

  /** Answers every waiting fetch with what there is: the broker stops. */
  expireAll(): void {
    for (const { fetch } of [...this.#parked.values()]) {
      this.forget(fetch);
      fetch.expired();
    }
  }
}
