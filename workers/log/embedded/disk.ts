import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  unlinkSync,
  writevSync,
} from 'node:fs';
import type { Syncer } from '../../../native/codecs.js';
import { loadFileSender } from '../../../native/index.js';

/**
 * `read`: an existing file, to read. `write`: an existing file, to read and write. `create`: a new file or an
 * emptied one, to read and write.
 */
export type OpenMode = 'read' | 'write' | 'create';

const flagsOf = { read: 'r', write: 'r+', create: 'w+' } as const;

/**
 * Everything that the log does to files, so that a test can put a disk underneath that tears writes, fills up
 * or loses what was not synced. All calls but `fdatasync` return when they are done and throw errors with
 * a `code` as `node:fs` does.
 */
export interface Disk {
  /** Segments beside those that are written to that a thread may keep open. */
  readonly maxOpenSegments: number;
  open(path: string, mode: OpenMode): number;
  close(fd: number): void;
  sizeBytes(fd: number): number;
  /** Time of the last write, ms. */
  modifiedMs(fd: number): number;
  /** Identity of the file, or -1 if nobody else could open the same one. */
  inode(fd: number): number;
  /** Whether a range could be sent from the file to a socket without waiting for the disk. */
  isSendable(fd: number, position: number, sizeBytes: number): boolean;
  /** Reads into `view[start, start + sizeBytes)`; returns the bytes read, fewer only at the end of the file. */
  read(fd: number, view: Uint8Array, start: number, sizeBytes: number, position: number): number;
  /** One vectored write of at most `maxVectors` views; returns the bytes written, which may be fewer. */
  writev(fd: number, views: Uint8Array[], position: number): number;
  truncate(fd: number, sizeBytes: number): void;
  /** Away from this thread; `done` is called later, on this thread, with 0 or an errno. */
  fdatasync(fd: number, done: (errno: number) => void): void;
  /** On this thread, for small files and at opening and closing. */
  fdatasyncNow(fd: number): void;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  /** Creates one directory; one that exists is left as it is. True if it was created. */
  mkdir(path: string): boolean;
  readdir(path: string): string[];
  /** Makes creates, renames and deletes in a directory survive a power cut. */
  syncDirectory(path: string): void;
}

/** Well below what a process may open, for several threads. */
export const maxOpenSegments = 256;

/** IOV_MAX of Linux and macOS. */
export const maxVectors = 1024;

/** The disk of this machine. */
export function nodeDisk(syncer: Syncer): Disk {
  const sender = loadFileSender();
  return {
    maxOpenSegments,
    open: (path, mode) => openSync(path, flagsOf[mode], 0o644),
    close: closeSync,
    sizeBytes: (fd) => fstatSync(fd).size,
    inode: (fd) => fstatSync(fd).ino,
    isSendable: (fd, position, sizeBytes) => sender?.isResident(fd, position, sizeBytes) ?? false,
    modifiedMs: (fd) => fstatSync(fd).mtimeMs,
    read(fd, view, start, sizeBytes, position) {
      let done = 0;
      while (done < sizeBytes) {
        const bytes = readSync(fd, view, start + done, sizeBytes - done, position + done);
        if (bytes === 0) break;
        done += bytes;
      }
      return done;
    },
    writev: writevSync,
    truncate: ftruncateSync,
    fdatasync: (fd, done) => syncer.sync(fd, done),
    fdatasyncNow: fdatasyncSync,
    rename: renameSync,
    unlink: unlinkSync,
    mkdir(path) {
      try {
        mkdirSync(path);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
        throw error;
      }
    },
    readdir: readdirSync as (path: string) => string[],
    syncDirectory(path) {
      const fd = openSync(path, 'r');
      try {
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    },
  };
}
