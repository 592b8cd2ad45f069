import type { Disk } from './disk.js';
import { readWhole, removeIfThere, writeFully } from './small-file.js';

/** A file of entries of one size that grows at its end: an index of a segment. */
export class EntryFile {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #entryBytes: number;
  /** Entries known to be in the file. */
  #written = 0;
  /** There may be more in the file than `#written` entries. */
  #overlong = false;
  /** What is in the file may be lost with the power: nobody knows what an earlier process synced. */
  #unsynced = true;

  constructor(disk: Disk, path: string, entryBytes: number) {
    this.#disk = disk;
    this.#path = path;
    this.#entryBytes = entryBytes;
  }

  /** Entries in the file. */
  get written(): number {
    return this.#written;
  }

  read(): Uint8Array | null {
    return readWhole(this.#disk, this.#path);
  }

  /** Says how many entries of the `sizeBytes` read are sound. */
  accept(count: number, sizeBytes: number): void {
    this.#written = count;
    this.#overlong = sizeBytes > count * this.#entryBytes;
  }

  /** The entries from `count` on count no more; the file follows at the next `append`. */
  truncateTo(count: number): void {
    if (count >= this.#written) return;
    this.#written = count;
    this.#overlong = true;
  }

  /**
   * Brings the file to exactly `count` entries, writing those that it lacks, and makes them survive a power cut if
   * that is asked for. Throws what the disk throws; the next call then mends what was left half done.
   */
  append(
    count: number,
    put: (out: DataView, entry: number, at: number) => void,
    isSynced = false,
  ): void {
    const isWhole = count === this.#written && !this.#overlong && count > 0;
    if (isWhole && !(isSynced && this.#unsynced)) return;
    const fd = this.#open();
    try {
      const bytes = new Uint8Array((count - this.#written) * this.#entryBytes);
      const out = new DataView(bytes.buffer);
      for (let entry = this.#written; entry < count; entry++) {
        put(out, entry, (entry - this.#written) * this.#entryBytes);
      }
      const end = this.#written * this.#entryBytes;
      if (this.#overlong) this.#disk.truncate(fd, end);
      this.#overlong = true;
      if (!isWhole) this.#unsynced = true;
      if (bytes.length > 0) writeFully(this.#disk, fd, [bytes], end);
      if (isSynced) this.#sync(fd);
    } finally {
      this.#disk.close(fd);
    }
    this.#written = count;
    this.#overlong = false;
  }

  /** A file that was not synced must go: later syncs would report success, and nobody would know. */
  #sync(fd: number): void {
    try {
      this.#disk.fdatasyncNow(fd);
    } catch (error) {
      removeIfThere(this.#disk, this.#path);
      throw error;
    }
    this.#unsynced = false;
  }

  #open(): number {
    try {
      return this.#disk.open(this.#path, 'write');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#written = 0;
      return this.#disk.open(this.#path, 'create');
    }
  }
}
