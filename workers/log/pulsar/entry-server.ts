import { SKIPPED_BATCH_BYTES, skippedBatch } from '../../batch/skipped-batch.js';
import type { Entry } from '../../format/entry.js';
import { EntryFault } from '../../format/entry-fault.js';
import type { ReadResult, ReplyMemory } from '../log.js';
import { roomFor } from '../reply-room.js';
import type { CachedEntry, EntryCache } from './entry-cache.js';

/** Turns cached entries into record batches, straight into reply memory. */
export class EntryServer {
  readonly #cache: EntryCache;
  readonly #entry: Entry;
  readonly #epochAt: (offset: number) => number;
  readonly #damaged: (baseOffset: number, reason: string) => void;
  /** The entry that `#open` opened cannot be read: its offsets are a hole. */
  #isHole = false;

  /** @param damaged told of each entry that is served as a hole because of damage */
  constructor(
    cache: EntryCache,
    entry: Entry,
    epochAt: (offset: number) => number,
    damaged: (baseOffset: number, reason: string) => void,
  ) {
    this.#cache = cache;
    this.#entry = entry;
    this.#epochAt = epochAt;
    this.#damaged = damaged;
  }

  /** Serves from the cached entry at `place` on, as `Log.read`; returns the offset behind what it served. */
  serve(
    place: number,
    endOffset: number,
    maxBytes: number,
    atLeastOneBatch: boolean,
    memory: ReplyMemory,
    result: ReadResult,
  ): number {
    const first = this.#cache.at(place) as CachedEntry;
    const neededBytes = this.#open(first);
    // A bound may be more than what comes out: only that counts.
    const wantedBytes = Math.max(
      neededBytes,
      Math.min(maxBytes, this.#guess(place, endOffset, maxBytes)),
    );
    const { start, sizeBytes } = roomFor(memory, wantedBytes, neededBytes);
    if (start === -1) {
      result.starved = true;
      return first.baseOffset;
    }
    const limit = start + sizeBytes;
    let at = this.#write(first, memory.view, start, endOffset);
    if (at - start > maxBytes && !atLeastOneBatch) {
      memory.release(start);
      return first.baseOffset;
    }
    let nextOffset = Math.min(first.nextOffset, endOffset);
    for (let next = place + 1; nextOffset < endOffset; next++) {
      const entry = this.#cache.at(next);
      if (entry === undefined || entry.baseOffset !== nextOffset) break;
      if (at + this.#open(entry) > limit) break;
      const stop = this.#write(entry, memory.view, at, endOffset);
      if (stop - start > maxBytes) break;
      at = stop;
      nextOffset = Math.min(entry.nextOffset, endOffset);
    }
    result.start = start;
    result.sizeBytes = at - start;
    return nextOffset;
  }

  /** Bytes that cached entries take, about, as far as `maxBytes` reach. */
  #guess(place: number, endOffset: number, maxBytes: number): number {
    let sum = 0;
    for (let at = place; sum < maxBytes; at++) {
      const entry = this.#cache.at(at);
      if (entry === undefined || entry.nextOffset > endOffset) break;
      sum += (entry.bytes?.length ?? 0) + SKIPPED_BATCH_BYTES;
    }
    return sum;
  }

  /** Room that it needs at most. */
  #open({ baseOffset, nextOffset, bytes }: CachedEntry): number {
    const entry = this.#entry;
    this.#isHole = true;
    if (bytes === null) return SKIPPED_BATCH_BYTES;
    try {
      entry.open(bytes, 0, bytes.length);
      this.#isHole = entry.kind === 'hole' || entry.offsets !== nextOffset - baseOffset;
    } catch (error) {
      if (!(error instanceof EntryFault)) throw error;
      this.#damaged(baseOffset, error.message);
    }
    return this.#isHole ? SKIPPED_BATCH_BYTES : entry.boundBytes;
  }

  /** Writes the entry that was opened last. */
  #write(
    { baseOffset, nextOffset }: CachedEntry,
    view: Uint8Array,
    start: number,
    endOffset: number,
  ): number {
    if (!this.#isHole) {
      try {
        return this.#entry.write(view, start, baseOffset, this.#epochAt(baseOffset));
      } catch (error) {
        if (!(error instanceof EntryFault)) throw error;
        this.#damaged(baseOffset, error.message);
      }
    }
    return this.#writeHole(baseOffset, Math.min(nextOffset, endOffset), view, start);
  }

  #writeHole(offset: number, endOffset: number, view: Uint8Array, start: number): number {
    const batch = skippedBatch(offset, endOffset - 1, this.#epochAt(offset));
    view.set(batch, start);
    return start + batch.length;
  }
}
