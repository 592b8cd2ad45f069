import type { Codecs } from '../../../native/codecs.js';
import type { ProducerSnapshotEntry } from '../log.js';
import { decodeSnapshot, encodeSnapshot } from '../producer-snapshot.js';
import type { Disk } from './disk.js';
import { offsetFile, Suffix } from './file-name.js';
import { readWhole, removeIfThere, writeFully } from './small-file.js';

/**
 * The producer snapshots of a partition. One may be lost without harm as long as the batches behind the one before it
 * tell the same again. So they are synced only before batches go (`keep`), and a file that its CRC does not
 * fit counts as missing.
 */
export class SnapshotFiles {
  readonly #disk: Disk;
  readonly #dir: string;
  readonly #codecs: Codecs;
  /** Offsets of the files, ascending. */
  readonly #offsets: number[];
  /**
   * Those that tell all there is to tell at their offset, and those of them that are synced. They are not written
   * again: a power cut would tear what may be the only word on batches that are gone.
   */
  readonly #sound = new Set<number>();
  readonly #kept = new Set<number>();

  constructor(disk: Disk, dir: string, codecs: Codecs, offsets: number[]) {
    this.#disk = disk;
    this.#dir = dir;
    this.#codecs = codecs;
    this.#offsets = offsets.sort((a, b) => a - b);
  }

  /** Offset of the newest; -1 if there is none. */
  get newest(): number {
    return this.#offsets.at(-1) ?? -1;
  }

  /** The newest sound snapshot at or below an offset; those above, and damaged ones, are removed. */
  loadNewest(endOffset: number): { offset: number; entries: ProducerSnapshotEntry[] } | null {
    for (let offset = this.newest; offset !== -1; offset = this.newest) {
      if (offset <= endOffset) {
        const entries = this.#load(offset);
        if (entries) {
          this.#sound.add(offset);
          return { offset, entries };
        }
      }
      this.#remove(offset);
    }
    return null;
  }

  /** Throws what the disk throws. */
  write(offset: number, entries: ProducerSnapshotEntry[]): void {
    if (!this.#sound.has(offset)) this.#write(offset, entries);
  }

  /**
   * Makes the snapshot at an offset survive a power cut: soon it is all that tells of the batches below. One that is
   * there is not written again, for which a full disk, on which records expire, may have no room. Throws what the
   * disk throws.
   */
  keep(offset: number, take: () => ProducerSnapshotEntry[]): void {
    if (this.#kept.has(offset)) return;
    if (!this.#isSound(offset)) this.#write(offset, take());
    this.#sync(offset);
    this.#disk.syncDirectory(this.#dir);
    this.#kept.add(offset);
  }

  #isSound(offset: number): boolean {
    return (
      this.#sound.has(offset) || (this.#offsets.includes(offset) && this.#load(offset) !== null)
    );
  }

  #load(offset: number): ProducerSnapshotEntry[] | null {
    const bytes = readWhole(this.#disk, this.#path(offset));
    return bytes && decodeSnapshot(this.#codecs, bytes);
  }

  /** One that was not synced must go: later syncs would report success, and nobody would know. */
  #sync(offset: number): void {
    const fd = this.#disk.open(this.#path(offset), 'write');
    try {
      this.#disk.fdatasyncNow(fd);
    } catch (error) {
      this.#remove(offset);
      throw error;
    } finally {
      this.#disk.close(fd);
    }
  }

  #write(offset: number, entries: ProducerSnapshotEntry[]): void {
    const fd = this.#disk.open(this.#path(offset), 'create');
    try {
      writeFully(this.#disk, fd, [encodeSnapshot(this.#codecs, entries)], 0);
    } finally {
      this.#disk.close(fd);
    }
    this.#sound.add(offset);
    if (this.#offsets.includes(offset)) return;
    this.#offsets.push(offset);
    this.#offsets.sort((a, b) => a - b);
  }

  /** As Kafka does, keeps the newest and those at the start of a segment. */
  removeStray(isSegmentStart: (offset: number) => boolean): void {
    for (const offset of this.#offsets.slice(0, -1)) {
      if (!isSegmentStart(offset)) this.#remove(offset);
    }
  }

  /**
   * Those above `offset`: the records that they speak of are not in the log. The caller syncs the directory before
   * others stand in their place, for then nothing would tell that a file which a power cut brought back is wrong.
   */
  removeAbove(offset: number): void {
    while (this.newest > offset) this.#remove(this.newest);
  }

  #path(offset: number): string {
    return offsetFile(this.#dir, offset, Suffix.snapshot);
  }

  #remove(offset: number): void {
    removeIfThere(this.#disk, this.#path(offset));
    this.#sound.delete(offset);
    this.#kept.delete(offset);
    this.#offsets.splice(this.#offsets.indexOf(offset), 1);
  }
}
