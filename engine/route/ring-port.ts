import type { Completable } from '../../workers/ring/channel.js';
import type { PartitionRef, PartitionState } from './partition-port.js';

export type { Channel, Completable, Completion } from '../../workers/ring/channel.js';

/** The way of Produce and Fetch to the partition threads: descriptors on rings, no promise. */
export interface RingPort {
  /**
   * Appends `[start, start + sizeBytes)` of the landing slab. `owner.completed(index, …)` is called once, on a
   * later turn; submissions for one partition keep their order. The partition must be online.
   */
  submitAppend(
    ref: PartitionRef,
    start: number,
    sizeBytes: number,
    acks: number,
    owner: Completable,
    index: number,
  ): void;
  /** Reads below the high watermark; `flags` of `SubmitFlag`. */
  submitRead(
    ref: PartitionRef,
    offset: number,
    maxBytes: number,
    flags: number,
    owner: Completable,
    index: number,
  ): void;
  /** The shared state of a partition in one reused object: read it before the next call. */
  peek(ref: PartitionRef): PartitionState;
  /** Asks the owner to wake main when the line changes. Look at the state again after setting it. */
  watch(slot: number, watched: boolean): void;
}
