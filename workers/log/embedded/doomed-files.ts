import type { Disk } from './disk.js';
import { deletedSuffix, segmentSuffixes } from './file-name.js';
import type { Segment } from './segment.js';
import { removeIfThere } from './small-file.js';

/** Files that may wait for their removal at once; the oldest go at once beyond it. */
const maxWaiting = 1024;

/** Files out of the log and renamed, which are removed after `file.delete.delay.ms`. */
export class DoomedFiles {
  readonly #disk: Disk;
  readonly #waiting: { path: string; dueMs: number }[] = [];

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Closes a segment that the log has let go, and renames its files. Throws what the disk throws. */
  add(segment: Segment, dueMs: number): void {
    segment.release();
    for (const suffix of segmentSuffixes) {
      const path = segment.path(suffix);
      try {
        this.#disk.rename(path, `${path}${deletedSuffix}`);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
        throw error;
      }
      this.#waiting.push({ path: `${path}${deletedSuffix}`, dueMs });
    }
  }

  removeDue(nowMs: number): void {
    while (this.#waiting.length > 0) {
      if (this.#waiting[0]!.dueMs > nowMs && this.#waiting.length <= maxWaiting) return;
      removeIfThere(this.#disk, this.#waiting.shift()!.path);
    }
  }
}
