import { constants } from 'node:os';
import { LogFault } from '../log.js';
import type { Disk } from './disk.js';
import type { Segment } from './segment.js';
import type { Segments } from './segments.js';

/** Makes what is written stable: at most one round of syncs at a time, over all segments that need one. */
export class Flusher {
  readonly #disk: Disk;
  readonly #dir: string;
  readonly #segments: Segments;
  /** Rolled, and not synced since. */
  #rolled: Segment[] = [];
  /** A file was created whose name is not synced yet. */
  #nameUnsynced = false;
  /** Under way; must stay open. */
  #syncing: Segment[] = [];
  #left = 0;
  #errno = 0;
  #done: ((errno: number) => void) | null = null;

  stableEndOffset = 0;
  /** Bytes written that are not stable, of segments that the log still has. */
  unsyncedBytes = 0;

  constructor(disk: Disk, dir: string, segments: Segments) {
    this.#disk = disk;
    this.#dir = dir;
    this.#segments = segments;
    for (const segment of segments.all) {
      const unsyncedBytes = segment.sizeBytes - segment.syncedBytes;
      this.unsyncedBytes += unsyncedBytes;
      if (unsyncedBytes > 0 && segment !== segments.active) this.#rolled.push(segment);
    }
  }

  get isRunning(): boolean {
    return this.#done !== null;
  }

  /** A new file stands in the directory; a segment has ended. */
  rolled(ended: Segment): void {
    this.#nameUnsynced = true;
    this.#rolled.push(ended);
  }

  /** Was rolled to be removed: it waits for a sync only if some of it was not synced yet. */
  expired(ended: Segment): void {
    if (ended.syncedBytes === ended.sizeBytes) this.unrolled(ended);
  }

  /** The roll was taken back. */
  unrolled(ended: Segment): void {
    const index = this.#rolled.lastIndexOf(ended);
    if (index !== -1) this.#rolled.splice(index, 1);
  }

  /** A new log's first file. */
  created(): void {
    this.#nameUnsynced = true;
  }

  /** Must stay open and in place: it grows, waits for a sync, or is being synced. */
  needs(segment: Segment): boolean {
    return (
      segment === this.#segments.active ||
      this.#rolled.includes(segment) ||
      this.#syncing.includes(segment)
    );
  }

  /**
   * Syncs a segment on this thread. Where that fails, a sync that is under way is not to be believed either: the kernel
   * tells only one of them what it dropped. Throws what the disk throws.
   */
  syncNow(segment: Segment): void {
    try {
      this.#disk.fdatasyncNow(segment.fd);
    } catch (error) {
      this.#errno = constants.errno.EIO;
      throw error;
    }
  }

  /** Throws what the disk throws before anything is under way. */
  start(done: (errno: number) => void): void {
    if (this.#done !== null) throw new LogFault('storage', 'a flush is under way already');
    if (this.#nameUnsynced) {
      this.#disk.syncDirectory(this.#dir);
      this.#nameUnsynced = false;
    }
    const active = this.#segments.active;
    const rolled = this.#rolled;
    this.#rolled = [];
    const segments = [...rolled, active];
    const sizes = segments.map((segment) => segment.sizeBytes);
    const endOffset = active.nextOffset;
    this.#left = segments.length;
    this.#errno = 0;
    this.#done = (errno) => {
      if (errno === 0) this.#settle(segments, sizes, endOffset);
      done(errno);
    };
    this.#syncing = segments;
    for (const segment of segments) this.#sync(segment);
  }

  #sync(segment: Segment): void {
    this.#disk.fdatasync(segment.fd, (errno) => {
      if (errno !== 0) this.#errno = errno;
      if (--this.#left > 0) return;
      const done = this.#done!;
      this.#syncing = [];
      this.#done = null;
      done(this.#errno);
    });
  }

  #settle(segments: Segment[], sizes: number[], endOffset: number): void {
    for (const [i, segment] of segments.entries()) {
      this.unsyncedBytes -= sizes[i]! - segment.syncedBytes;
      segment.syncedBytes = sizes[i]!;
      if (!this.needs(segment)) segment.unpin();
    }
    this.stableEndOffset = endOffset;
  }
}
