import type { ProducerState } from './producer-state.js';
import type { AppendRequest } from './request.js';

/** Offsets from here on are provisional: above all that a log ever has, and exact as numbers. */
export const firstProvisionalOffset = 2 ** 52;

/** Placed batches that are kept in front of the others: to take them out one by one would move all others each time. */
const keptPlaced = 1_024;

interface LateBatch {
  readonly request: AppendRequest;
  /** -1: not of an idempotent producer. */
  readonly producerId: number;
  /** Requests with the same batch again, which get its offset. */
  readonly repeats: AppendRequest[];
}

/**
 * The batches of a log that tells their offsets only once they are stored. Until then they, their producers' rows and
 * their duplicates have provisional offsets, numbered through in the order of the appends; no high watermark
 * reaches those.
 */
export class LateOffsets {
  /** Behind the last batch that the log has taken. */
  writtenEndOffset = firstProvisionalOffset;
  /** In the order of the appends, from `#first` on. */
  readonly #batches: LateBatch[] = [];
  #first = 0;
  /** Behind those that the log has taken. */
  #written = 0;

  /** A batch is in the run, with provisional offsets. */
  add(request: AppendRequest, producerId: number): void {
    this.#batches.push({ request, producerId, repeats: [] });
  }

  /** A request repeats a batch; one that has its offset already has nothing to wait for. */
  repeat(request: AppendRequest): void {
    const { baseOffset } = request;
    if (baseOffset < firstProvisionalOffset) return;
    const original = this.#batches.find(
      (batch, index) => index >= this.#first && batch.request.baseOffset === baseOffset,
    );
    if (original === undefined) throw new Error('a batch without a place is not under way');
    original.repeats.push(request);
  }

  /** The log has the run. */
  written(endOffset: number): void {
    this.writtenEndOffset = endOffset;
    this.#written = this.#batches.length;
  }

  /** The log has nothing of the run. */
  undoRun(): void {
    this.#batches.length = this.#written;
  }

  /** The oldest batch begins there. */
  placed(baseOffset: number, producers: ProducerState): void {
    const batch = this.#batches[this.#first];
    if (batch === undefined || this.#first === this.#written) {
      throw new Error(`offset ${baseOffset} belongs to no batch`);
    }
    const { request, producerId, repeats } = batch;
    const provisionalLast = request.lastOffset;
    const lastOffset = baseOffset + (provisionalLast - request.baseOffset);
    if (producerId >= 0) producers.place(producerId, provisionalLast, lastOffset);
    for (const one of [request, ...repeats]) {
      one.baseOffset = baseOffset;
      one.lastOffset = lastOffset;
    }
    this.#first++;
    this.#forget();
  }

  #forget(): void {
    if (this.#first < this.#batches.length && this.#first < keptPlaced) return;
    this.#batches.splice(0, this.#first);
    this.#written -= this.#first;
    this.#first = 0;
  }
}
