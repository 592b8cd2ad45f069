/** Batches of a producer that a duplicate is looked for in, as in Kafka. */
export const rememberedBatches = 5;
/**
 * Batches of one producer that may be under way in one write. Clients send at most five requests before an
 * answer (KIP-98); a run is cut before a producer has more, so that undoing needs no copies.
 */
export const batchesInRun = 5;

const slots = rememberedBatches + batchesInRun;
/** Numbers that a slot holds. */
const Slot = {
  lastSequence: 0,
  lastOffset: 1,
  offsetDelta: 2,
  timestamp: 3,
  epoch: 4,
  size: 5,
} as const;

const maxSequence = 2 ** 31 - 1;

/** `sequence + increment` in the circle of 2^31 sequence numbers. */
export function addSequence(sequence: number, increment: number): number {
  const sum = sequence + increment;
  return sum > maxSequence ? sum - maxSequence - 1 : sum;
}

/** `sequence - decrement` in the circle of 2^31 sequence numbers. */
export function subtractSequence(sequence: number, decrement: number): number {
  const difference = sequence - decrement;
  return difference < 0 ? difference + maxSequence + 1 : difference;
}

/** What a partition knows of one producer id. */
export class ProducerEntry {
  readonly producerId: number;
  /** -1: nothing is known yet. */
  epoch = -1;
  /** Batches of this epoch that are remembered, at most `rememberedBatches`. */
  depth = 0;
  coordinatorEpoch = -1;
  /** Timestamp of the last batch, ms. */
  lastTimestamp = -1;
  /** When this broker last heard of the producer: what expiry goes by. */
  seenMs: number;
  /** Batches in the run that is being gathered. */
  inRun = 0;
  /** A ring of the latest batches, newest at `#newest`. */
  readonly #batches: number[] = new Array<number>(slots * Slot.size).fill(-1);
  #newest = 0;

  constructor(producerId: number, seenMs: number) {
    this.producerId = producerId;
    this.seenMs = seenMs;
  }

  /** Last sequence of the newest batch of this epoch, -1 if there is none. */
  get lastSequence(): number {
    return this.depth === 0 ? -1 : this.#at(this.#newest, Slot.lastSequence);
  }

  /** Last offset of the newest batch of this epoch, -1 if there is none. */
  get lastOffset(): number {
    return this.depth === 0 ? -1 : this.#at(this.#newest, Slot.lastOffset);
  }

  /** Records one batch as the newest. A new epoch forgets the batches of the old one. */
  push(
    epoch: number,
    lastSequence: number,
    lastOffset: number,
    offsetDelta: number,
    timestamp: number,
  ): void {
    if (epoch !== this.epoch) this.depth = 0;
    this.epoch = epoch;
    this.lastTimestamp = timestamp;
    if (this.depth < rememberedBatches) this.depth++;
    this.#newest = (this.#newest + 1) % slots;
    const at = this.#newest * Slot.size;
    const batches = this.#batches;
    batches[at + Slot.lastSequence] = lastSequence;
    batches[at + Slot.lastOffset] = lastOffset;
    batches[at + Slot.offsetDelta] = offsetDelta;
    batches[at + Slot.timestamp] = timestamp;
    batches[at + Slot.epoch] = epoch;
  }

  /** The batch that ends at one offset ends at another, if it is still remembered. */
  place(provisionalLast: number, lastOffset: number): void {
    for (let slot = 0; slot < slots; slot++) {
      if (this.#at(slot, Slot.lastOffset) !== provisionalLast) continue;
      this.#batches[slot * Slot.size + Slot.lastOffset] = lastOffset;
      return;
    }
  }

  /** Takes the newest batch back; the caller restores epoch, depth and lastTimestamp. */
  pop(epoch: number, depth: number, lastTimestamp: number): void {
    const at = this.#newest * Slot.size;
    this.#batches.fill(-1, at, at + Slot.size);
    this.#newest = (this.#newest + slots - 1) % slots;
    this.epoch = epoch;
    this.depth = depth;
    this.lastTimestamp = lastTimestamp;
  }

  /** Slot of the remembered batch with exactly these sequences, or -1. */
  find(firstSequence: number, lastSequence: number): number {
    for (let back = 0; back < this.depth; back++) {
      const slot = (this.#newest + slots - back) % slots;
      if (
        this.#at(slot, Slot.lastSequence) === lastSequence &&
        subtractSequence(lastSequence, this.#at(slot, Slot.offsetDelta)) === firstSequence
      ) {
        return slot;
      }
    }
    return -1;
  }

  /** Slots of the batches that would be remembered if the log ended at `endOffset`, oldest first. */
  remembered(endOffset: number): number[] {
    const found: number[] = [];
    for (let back = 0; back < slots && found.length < rememberedBatches; back++) {
      const slot = (this.#newest + slots - back) % slots;
      const lastOffset = this.#at(slot, Slot.lastOffset);
      if (lastOffset === -1) break;
      if (lastOffset >= endOffset) continue;
      // Those of an earlier epoch are forgotten with it.
      if (found.length > 0 && this.epochAt(slot) !== this.epochAt(found[0]!)) break;
      found.push(slot);
    }
    return found.reverse();
  }

  lastSequenceAt(slot: number): number {
    return this.#at(slot, Slot.lastSequence);
  }

  lastOffsetAt(slot: number): number {
    return this.#at(slot, Slot.lastOffset);
  }

  offsetDeltaAt(slot: number): number {
    return this.#at(slot, Slot.offsetDelta);
  }

  timestampAt(slot: number): number {
    return this.#at(slot, Slot.timestamp);
  }

  epochAt(slot: number): number {
    return this.#at(slot, Slot.epoch);
  }

  #at(slot: number, field: number): number {
    return this.#batches[slot * Slot.size + field] as number;
  }
}
