import { PageAllocator } from '../../workers/ring/pages.js';

/** Page of the part for busy connections' regions. */
const regionPageBytes = 64 * 1024;
/** Page of the part for small frames. */
const smallPageBytes = 1024;
/** Frames up to this length are copied out of the scratch buffer, or land in a range of their own. */
export const smallFrameBytes = 8 * 1024;
/** Region of a busy connection: room for a few of its frames, within these bounds. */
const minRegionBytes = 256 * 1024;
const maxRegionBytes = 1024 * 1024;
const framesPerRegion = 4;
/** What a quiet connection reads into; its bytes are copied out at once. */
const scratchBytes = 64 * 1024;

/** A range of the landing slab with a reference count; whoever keeps bytes of it holds a reference. */
export class Landing {
  readonly start: number;
  readonly end: number;
  readonly #slab: LandingSlab;
  #references = 1;

  constructor(slab: LandingSlab, start: number, end: number) {
    this.#slab = slab;
    this.start = start;
    this.end = end;
  }

  /** True if only one holder is left. */
  get exclusive(): boolean {
    return this.#references === 1;
  }

  retain(): this {
    this.#references++;
    return this;
  }

  release(): void {
    if (this.#references <= 0) throw new Error('a landing range was released once too often');
    if (--this.#references === 0) this.#slab.free(this.start);
  }
}

/** Whoever waits for landing memory; returns false if it still finds none. */
export interface LandingWaiter {
  resumeLanding(): boolean;
}

/** Payload bytes that were copied between the socket and the log, per site. */
export interface CopyCounters {
  /** Out of the scratch buffer of quiet connections. */
  scratch: number;
  /** A partial frame that did not fit behind the frames before it. */
  movedFrame: number;
  /** Read before there was memory to land in. */
  parked: number;
  /** Batches of our own coordinators, written and read back. */
  coordinator: number;
}

/**
 * The shared memory that requests land in: one part for the regions of busy connections, and a reserve
 * for small frames and coordinators' appends, so that heartbeats and commits pass while produce is throttled.
 */
export class LandingSlab {
  readonly memory: SharedArrayBuffer;
  readonly view: Buffer;
  readonly scratch: Buffer = Buffer.allocUnsafeSlow(scratchBytes);
  readonly copies: CopyCounters = { scratch: 0, movedFrame: 0, parked: 0, coordinator: 0 };
  readonly #regions: PageAllocator;
  readonly #small: PageAllocator;
  readonly #waiting = new Set<LandingWaiter>();
  #serving = false;

  /** `regionBytes` in 64 KiB pages, `reserveBytes` in 1 KiB pages. */
  constructor(regionBytes: number, reserveBytes: number) {
    this.memory = new SharedArrayBuffer(regionBytes + reserveBytes);
    this.view = Buffer.from(this.memory);
    this.#regions = new PageAllocator(0, regionBytes, regionPageBytes);
    this.#small = new PageAllocator(regionBytes, reserveBytes, smallPageBytes);
  }

  get usedBytes(): number {
    return this.#regions.usedBytes + this.#small.usedBytes;
  }

  get reserveUsedBytes(): number {
    return this.#small.usedBytes;
  }

  /** Those who wait for landing memory. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Largest frame that can ever land. */
  get largestFrameBytes(): number {
    return this.#regions.sizeBytes;
  }

  /** A range for a frame of `frameBytes` and, for large ones, a few like it behind it. */
  landFrame(frameBytes: number): Landing | null {
    if (frameBytes <= smallFrameBytes) {
      const small = this.#take(this.#small, frameBytes);
      if (small) return small;
    }
    const several = Math.min(
      Math.max(framesPerRegion * frameBytes, minRegionBytes),
      maxRegionBytes,
    );
    return this.#take(this.#regions, Math.max(frameBytes, several));
  }

  /** A range of exactly the wanted size, small ones from the reserve. */
  landExactly(sizeBytes: number): Landing | null {
    const small = sizeBytes <= smallFrameBytes ? this.#take(this.#small, sizeBytes) : null;
    return small ?? this.#take(this.#regions, sizeBytes);
  }

  #take(pages: PageAllocator, sizeBytes: number): Landing | null {
    const start = pages.allocate(sizeBytes);
    return start === -1 ? null : new Landing(this, start, start + sizeBytes);
  }

  /** Called by the last holder's `release`. */
  free(start: number): void {
    (this.#regions.owns(start) ? this.#regions : this.#small).release(start);
    if (this.#waiting.size > 0 && !this.#serving) {
      this.#serving = true;
      // Not from inside the release: whoever released may be in the middle of its own bookkeeping.
      setImmediate(() => this.#serve());
    }
  }

  /** First come, first served, so that a large frame is not starved by small ones. */
  wait(waiter: LandingWaiter): void {
    this.#waiting.add(waiter);
  }

  forget(waiter: LandingWaiter): void {
    this.#waiting.delete(waiter);
  }

  #serve(): void {
    this.#serving = false;
    for (const waiter of this.#waiting) {
      if (!waiter.resumeLanding()) return;
      this.#waiting.delete(waiter);
    }
  }
}
