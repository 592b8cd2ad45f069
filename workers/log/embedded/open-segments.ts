import type { Segment } from './segment.js';

/** Segments that a thread keeps open beside the active ones. */
const maxOpenSegments = 256;
/** Memory of their indexes. */
const maxHeldBytes = 64 * 2 ** 20;

/** The older segments that are open for reading, over all logs of a thread: the least used close first. */
export class OpenSegments {
  readonly #segments = new Set<Segment>();

  /** Notes a use; may close others. */
  touch(segment: Segment): void {
    const isNew = !this.#segments.delete(segment);
    this.#segments.add(segment);
    if (isNew) this.#shrink();
  }

  forget(segment: Segment): void {
    this.#segments.delete(segment);
  }

  #shrink(): void {
    let heldBytes = 0;
    for (const segment of this.#segments) heldBytes += segment.heldBytes;
    for (const segment of this.#segments) {
      if (this.#segments.size <= maxOpenSegments && heldBytes <= maxHeldBytes) return;
      if (this.#segments.size === 1) return;
      heldBytes -= segment.heldBytes;
      this.#segments.delete(segment);
      segment.release();
    }
  }
}

/** The one of this thread. */
export const openSegments = new OpenSegments();
