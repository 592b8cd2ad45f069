import { descriptorDoubles, descriptorWords, RingHead } from './slots.js';

const headBytes = RingHead.words * 4;

/** Memory for a ring of `slots` descriptors; `slots` is a power of two. */
export function allocateRing(slots: number): SharedArrayBuffer {
  if (slots < 2 || (slots & (slots - 1)) !== 0) throw new RangeError('slots: a power of two');
  return new SharedArrayBuffer(headBytes + slots * descriptorWords * 4);
}

/**
 * One side's view of a single-producer single-consumer ring of 64-byte descriptors.
 * Counters run freely over uint32 and are compared by difference, so that they may wrap.
 */
class RingSide {
  /** Descriptor words; a descriptor begins at the index that `claim` or `peek` returned, times 16. */
  readonly words: Int32Array;
  /** The same bytes as doubles; a descriptor begins at the index times 8. */
  readonly doubles: Float64Array;
  protected readonly head: Int32Array;
  readonly slots: number;
  protected readonly mask: number;

  constructor(memory: SharedArrayBuffer) {
    this.head = new Int32Array(memory, 0, RingHead.words);
    this.words = new Int32Array(memory, headBytes);
    this.doubles = new Float64Array(memory, headBytes);
    this.slots = this.words.length / descriptorWords;
    this.mask = this.slots - 1;
  }

  /** Descriptors published and not yet consumed. */
  get depth(): number {
    return (
      (Atomics.load(this.head, RingHead.produced) - Atomics.load(this.head, RingHead.consumed)) | 0
    );
  }
}

export class RingProducer extends RingSide {
  #produced = Atomics.load(this.head, RingHead.produced);
  #consumedSeen = Atomics.load(this.head, RingHead.consumed);

  /** Index of a free descriptor to fill in, or -1 while the ring is full. Valid until `publish`. */
  claim(): number {
    if (((this.#produced - this.#consumedSeen) | 0) >= this.slots) {
      this.#consumedSeen = Atomics.load(this.head, RingHead.consumed);
      if (((this.#produced - this.#consumedSeen) | 0) >= this.slots) return -1;
    }
    return this.#produced & this.mask;
  }

  /** Makes the claimed descriptor visible to the consumer. */
  publish(): void {
    this.#produced = (this.#produced + 1) | 0;
    Atomics.store(this.head, RingHead.produced, this.#produced);
  }
}

export class RingConsumer extends RingSide {
  #consumed = Atomics.load(this.head, RingHead.consumed);
  #producedSeen = this.#consumed;

  /** Index of the oldest descriptor, or -1 if there is none. Its bytes stay valid until `advance`. */
  peek(): number {
    if (this.#consumed === this.#producedSeen) {
      this.#producedSeen = Atomics.load(this.head, RingHead.produced);
      if (this.#consumed === this.#producedSeen) return -1;
    }
    return this.#consumed & this.mask;
  }

  advance(): void {
    this.#consumed = (this.#consumed + 1) | 0;
    Atomics.store(this.head, RingHead.consumed, this.#consumed);
  }
}

/** Index of a descriptor's first word. */
export function wordAt(index: number): number {
  return index * descriptorWords;
}

/** Index of a descriptor's first double. */
export function doubleAt(index: number): number {
  return index * descriptorDoubles;
}
