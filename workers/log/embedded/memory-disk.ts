import { dirname } from 'node:path';
import { type Disk, maxOpenSegments, type OpenMode } from './disk.js';

/** Room of a file's first growth; each further one doubles it, so that appends copy little. */
const firstBytes = 256;

/** A file; its bytes have room behind its end. */
export interface MemoryFile {
  bytes: Uint8Array;
  sizeBytes: number;
  modifiedMs: number;
}

/** An error as `node:fs` throws it. */
export function diskError(code: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${path} (in memory)`), { code });
}

/**
 * A disk in the memory of one thread, for brokers inside a test suite. A sync has nothing to do and succeeds. The
 * simulation of the log runs on it too, with faults of its own on top.
 */
export class MemoryDisk implements Disk {
  readonly maxOpenSegments: number = maxOpenSegments;
  protected readonly files = new Map<string, MemoryFile>();
  protected readonly directories = new Set<string>();
  readonly #open = new Map<number, { file: MemoryFile; path: string }>();
  readonly #clock: () => number;
  #lastFd = 2;

  /** @param clock ms since the epoch. */
  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
  }

  get openFiles(): number {
    return this.#open.size;
  }

  open(path: string, mode: OpenMode): number {
    let file = this.files.get(path);
    if (mode === 'create') {
      if (!this.directories.has(dirname(path))) throw diskError('ENOENT', path);
      if (!file) {
        file = { bytes: new Uint8Array(0), sizeBytes: 0, modifiedMs: this.#clock() };
        this.files.set(path, file);
      }
      this.#cut(file, 0);
    }
    if (!file) throw diskError('ENOENT', path);
    this.#open.set(++this.#lastFd, { file, path });
    return this.#lastFd;
  }

  close(fd: number): void {
    this.at(fd);
    this.#open.delete(fd);
  }

  sizeBytes(fd: number): number {
    return this.at(fd).file.sizeBytes;
  }

  modifiedMs(fd: number): number {
    return this.at(fd).file.modifiedMs;
  }

  /** Nobody else can open the files. */
  inode(): number {
    return -1;
  }

  isSendable(): boolean {
    return false;
  }

  read(fd: number, view: Uint8Array, start: number, sizeBytes: number, position: number): number {
    const { file } = this.at(fd);
    const end = Math.min(position + sizeBytes, file.sizeBytes);
    if (end <= position) return 0;
    view.set(file.bytes.subarray(position, end), start);
    return end - position;
  }

  writev(fd: number, views: Uint8Array[], position: number): number {
    const { file } = this.at(fd);
    const sizeBytes = views.reduce((sum, view) => sum + view.length, 0);
    this.#reach(file, position + sizeBytes);
    let end = position;
    for (const view of views) {
      file.bytes.set(view, end);
      end += view.length;
    }
    file.modifiedMs = this.#clock();
    return sizeBytes;
  }

  truncate(fd: number, sizeBytes: number): void {
    const { file } = this.at(fd);
    this.#cut(file, sizeBytes);
    this.#reach(file, sizeBytes);
  }

  fdatasync(_fd: number, done: (errno: number) => void): void {
    setImmediate(done, 0);
  }

  fdatasyncNow(fd: number): void {
    this.at(fd);
  }

  /** A file in the place of another, or a directory to a name that is free. */
  rename(from: string, to: string): void {
    if (this.directories.delete(from)) {
      this.directories.add(to);
      for (const path of this.#pathsIn(from)) this.rename(path, to + path.slice(from.length));
      return;
    }
    const file = this.files.get(from);
    if (!file) throw diskError('ENOENT', from);
    this.files.delete(from);
    this.files.set(to, file);
  }

  unlink(path: string): void {
    if (!this.files.delete(path)) throw diskError('ENOENT', path);
  }

  mkdir(path: string): boolean {
    if (this.directories.has(path)) return false;
    this.directories.add(path);
    return true;
  }

  /** Removes a directory and the files in it. */
  removeDirectory(path: string): void {
    for (const name of this.#pathsIn(path)) this.files.delete(name);
    this.directories.delete(path);
  }

  readdir(path: string): string[] {
    if (!this.directories.has(path)) throw diskError('ENOENT', path);
    return this.#pathsIn(path).map((name) => name.slice(path.length + 1));
  }

  syncDirectory(_path: string): void {}

  protected at(fd: number): { file: MemoryFile; path: string } {
    const open = this.#open.get(fd);
    if (!open) throw diskError('EBADF', String(fd));
    return open;
  }

  #pathsIn(directory: string): string[] {
    return [...this.files.keys()].filter((name) => dirname(name) === directory);
  }

  /** Makes a file at most so long. What was behind gives its memory back, and is zero if the file grows again. */
  #cut(file: MemoryFile, sizeBytes: number): void {
    if (sizeBytes >= file.sizeBytes) return;
    file.bytes = file.bytes.slice(0, sizeBytes);
    file.sizeBytes = sizeBytes;
  }

  /** Makes a file at least so long. */
  #reach(file: MemoryFile, sizeBytes: number): void {
    if (sizeBytes > file.bytes.length) {
      const room = new Uint8Array(Math.max(sizeBytes, 2 * file.bytes.length, firstBytes));
      room.set(file.bytes.subarray(0, file.sizeBytes));
      file.bytes = room;
    }
    file.sizeBytes = Math.max(file.sizeBytes, sizeBytes);
  }
}
