/**
 * Entries that a connection has without a receipt, of all its producers: below Pulsar's
 * `maxPendingPublishRequestsPerConnection` of 1000, where the broker stops to read it, commands and pings as well. What
 * lies between is for entries that wait for nobody.
 */
export const maxPendingSendsPerConnection = 900;

/** Who waits for room. */
export interface WindowUser {
  /** One entry may be taken; more where nobody else waits. */
  room(): void;
}

/** The sends of one connection. Who waits for room gets it in turn, one entry each. */
export class SendWindow {
  #free = maxPendingSendsPerConnection;
  readonly #waiting = new Set<WindowUser>();
  /** Whose turn it is. */
  #served: WindowUser | null = null;

  /** False where it has to wait: it is told once there is room. */
  take(user: WindowUser): boolean {
    const isTurn = this.#served === user || this.#waiting.size === 0;
    if (this.#free <= 0 || !isTurn) {
      this.#waiting.add(user);
      return false;
    }
    this.#served = null;
    this.#free--;
    return true;
  }

  /** For an entry that does not wait. */
  takeAnyway(): void {
    this.#free--;
  }

  give(sends: number): void {
    this.#free += sends;
    while (this.#free > 0 && this.#waiting.size > 0) {
      const first = this.#waiting.values().next().value as WindowUser;
      this.#waiting.delete(first);
      this.#served = first;
      first.room();
      this.#served = null;
    }
  }

  /** Is not told any more. */
  leave(user: WindowUser): void {
    this.#waiting.delete(user);
  }
}
