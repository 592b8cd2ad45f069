/** One thing that is to happen unless it is put off; owned by the member or group it is about. */
export class Deadline {
  /** Called once when it is due; it is out of the queue by then. */
  readonly onDue: () => void;
  /** When it is due, ms. */
  dueMs = Number.POSITIVE_INFINITY;
  /** Its key in the heap: never later than `dueMs`. */
  queuedMs = 0;
  /** Its place in the heap, -1 outside. */
  place = -1;

  constructor(onDue: () => void) {
    this.onDue = onDue;
  }
}

/**
 * All deadlines of the coordinator in one binary heap, behind one timer.
 *
 * Putting a deadline off (a heartbeat) only writes a number: its place in the heap is corrected when
 * it comes to the top. So a member costs a heap operation once per session timeout, however often it
 * beats, and the heap never holds more than one line per member, pending member and rebalance.
 */
export class Deadlines {
  readonly now: () => number;
  private readonly heap: Deadline[] = [];
  /** Called when the earliest deadline has moved forward, to arm the timer anew. */
  private readonly onEarlier: (dueMs: number) => void;
  private readonly onFault: (error: unknown) => void;

  constructor(
    now: () => number,
    onEarlier: (dueMs: number) => void,
    onFault: (error: unknown) => void,
  ) {
    this.now = now;
    this.onEarlier = onEarlier;
    this.onFault = onFault;
  }

  get size(): number {
    return this.heap.length;
  }

  /** When `expire` has something to do, ms; Infinity where there is nothing. */
  get nextMs(): number {
    return this.heap[0]?.queuedMs ?? Number.POSITIVE_INFINITY;
  }

  /** Sets or moves a deadline to `delayMs` from now; never to this very instant, so that `expire` ends. */
  after(deadline: Deadline, delayMs: number): void {
    const dueMs = this.now() + Math.max(1, delayMs);
    deadline.dueMs = dueMs;
    if (deadline.place < 0) {
      deadline.queuedMs = dueMs;
      deadline.place = this.heap.length;
      this.heap.push(deadline);
      this.rise(deadline);
    } else if (dueMs < deadline.queuedMs) {
      deadline.queuedMs = dueMs;
      this.rise(deadline);
    } else {
      return;
    }
    if (deadline.place === 0) this.onEarlier(dueMs);
  }

  clear(deadline: Deadline): void {
    const { place } = deadline;
    if (place < 0) return;
    const last = this.heap.pop()!;
    deadline.place = -1;
    deadline.dueMs = Number.POSITIVE_INFINITY;
    if (last === deadline) return;
    last.place = place;
    this.heap[place] = last;
    this.rise(last);
    this.sink(last);
  }

  /** Calls everything that is due; what one of them throws is reported and does not stop the others. */
  expire(): void {
    const now = this.now();
    for (let top = this.heap[0]; top !== undefined && top.queuedMs <= now; top = this.heap[0]) {
      if (top.dueMs > now) {
        top.queuedMs = top.dueMs;
        this.sink(top);
        continue;
      }
      this.clear(top);
      try {
        top.onDue();
      } catch (error) {
        this.onFault(error);
      }
    }
  }

  private rise(deadline: Deadline): void {
    const { heap } = this;
    while (deadline.place > 0) {
      const parent = heap[(deadline.place - 1) >> 1]!;
      if (parent.queuedMs <= deadline.queuedMs) return;
      this.swap(parent, deadline);
    }
  }

  private sink(deadline: Deadline): void {
    const { heap } = this;
    for (;;) {
      const left = heap[2 * deadline.place + 1];
      if (left === undefined) return;
      const right = heap[left.place + 1];
      const child = right !== undefined && right.queuedMs < left.queuedMs ? right : left;
      if (child.queuedMs >= deadline.queuedMs) return;
      this.swap(deadline, child);
    }
  }

  /** Lets `below` and its parent change places. */
  private swap(parent: Deadline, below: Deadline): void {
    const { place } = parent;
    parent.place = below.place;
    below.place = place;
    this.heap[parent.place] = parent;
    this.heap[place] = below;
  }
}
