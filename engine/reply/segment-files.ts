import { closeSync, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { FileRange, maxFileRangeBytes } from './file-range.js';

/** Segment files that the main thread holds open to send from. */
const maxOpenFiles = 256;
/** A file that was not sent from for this long is closed, so that deleted segments give their space back. */
const idleMs = 10_000;

interface OpenFile {
  readonly fd: number;
  readonly inode: number;
  usedMs: number;
  /** Replies that still send from it. */
  users: number;
  /** Closed as soon as nobody sends from it. */
  doomed: boolean;
}

/** A range of a segment file, lent until `release`. */
export interface LentRange {
  readonly range: FileRange;
  release(): void;
}

/**
 * Descriptors of the main thread's own for the segments that replies are sent from: a worker may close, rename or
 * compact its segments at any time, and even die, without another file's bytes ever going out in their place.
 */
export class SegmentFiles {
  readonly #dataDir: string;
  readonly #now: () => number;
  readonly #files = new Map<string, OpenFile>();

  constructor(dataDir: string, now: () => number) {
    this.#dataDir = dataDir;
    this.#now = now;
  }

  /** A range of a partition's segment, or null if the file is no longer the one with that inode. */
  lend(
    name: { topic: string; partition: number },
    segmentBaseOffset: number,
    inode: number,
    position: number,
    sizeBytes: number,
  ): LentRange | null {
    if (sizeBytes > maxFileRangeBytes) return null;
    const file = this.#open(
      join(
        this.#dataDir,
        `${name.topic}-${name.partition}`,
        `${String(segmentBaseOffset).padStart(20, '0')}.log`,
      ),
      inode,
    );
    if (file === null) return null;
    file.users++;
    file.usedMs = this.#now();
    return {
      range: new FileRange(file.fd, position, sizeBytes),
      release: () => {
        file.users--;
        if (file.doomed && file.users === 0) closeSync(file.fd);
      },
    };
  }

  /** Closes what was not used lately. */
  sweep(): void {
    const limit = this.#now() - idleMs;
    for (const [path, file] of this.#files) {
      if (file.usedMs < limit) this.#close(path, file);
    }
  }

  close(): void {
    for (const [path, file] of this.#files) this.#close(path, file);
  }

  #open(path: string, inode: number): OpenFile | null {
    const known = this.#files.get(path);
    if (known?.inode === inode) return known;
    if (known) this.#close(path, known);
    let fd: number;
    try {
      fd = openSync(path, 'r');
    } catch {
      return null; // Deleted or renamed meanwhile: the caller reads through the worker.
    }
    if (fstatSync(fd).ino !== inode) {
      closeSync(fd);
      return null;
    }
    this.#makeRoom();
    const file = { fd, inode, usedMs: 0, users: 0, doomed: false };
    this.#files.set(path, file);
    return file;
  }

  #makeRoom(): void {
    if (this.#files.size < maxOpenFiles) return;
    let oldest: [string, OpenFile] | null = null;
    for (const entry of this.#files) {
      if (oldest === null || entry[1].usedMs < oldest[1].usedMs) oldest = entry;
    }
    if (oldest) this.#close(...oldest);
  }

  #close(path: string, file: OpenFile): void {
    this.#files.delete(path);
    if (file.users === 0) closeSync(file.fd);
    else file.doomed = true;
  }
}
