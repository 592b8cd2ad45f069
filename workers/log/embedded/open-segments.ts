import type { Disk } from './disk.js';
import type { Segment } from './segment.js';

/** Memory of their indexes. */
const maxHeldBytes = 64 * 2 ** 20;

/** The older segments of a thread that are open for reading, over all its logs: the least used close first. */
export class OpenSegments {
  readonly #maxSegments: number;
  /** With what its indexes took when it was last used. */
  readonly #held = new Map<Segment, number>();
  #heldBytes = 0;

  constructor(maxSegments: number) {
    this.#maxSegments = maxSegments;
  }

  /** Notes a use; may close others. */
  touch(segment: Segment): void {
    this.forget(segment);
    this.#held.set(segment, segment.heldBytes);
    this.#heldBytes += segment.heldBytes;
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= this.#maxSegments && this.#heldBytes <= maxHeldBytes) return;
      if (oldest === segment) return;
      oldest.release();
    }
  }

  forget(segment: Segment): void {
    const heldBytes = this.#held.get(segment);
    if (heldBytes === undefined) return;
    this.#held.delete(segment);
    this.#heldBytes -= heldBytes;
  }
}

const ofDisk = new WeakMap<Disk, OpenSegments>();

/** Those of a disk, of which each thread has its own. */
export function openSegmentsOf(disk: Disk): OpenSegments {
  const known = ofDisk.get(disk);
  if (known !== undefined) return known;
  const open = new OpenSegments(disk.maxOpenSegments);
  ofDisk.set(disk, open);
  return open;
}
