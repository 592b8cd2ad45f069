import { dirname } from 'node:path';
import type { Disk, OpenMode } from '../../../../workers/log/embedded/disk.js';

interface File {
  bytes: Uint8Array;
  /** What would survive a power cut. */
  synced: Uint8Array;
  /** Where a failed sync left pages that pass for clean: [start, end) of what no sync will write. */
  droppedStart: number;
  droppedEnd: number;
  modifiedMs: number;
}

export type Operation =
  | 'open'
  | 'read'
  | 'writev'
  | 'truncate'
  | 'fdatasync'
  | 'rename'
  | 'unlink'
  | 'syncDirectory';

function newFile(modifiedMs: number): File {
  const empty = new Uint8Array(0);
  return { bytes: empty, synced: empty, droppedStart: 0, droppedEnd: 0, modifiedMs };
}

/** An error as `node:fs` throws it. */
export function diskError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated`), { code });
}

/**
 * A disk in memory that fails as it is told to, and that can lose its power: then only what was synced is left, and
 * only under names whose directory was synced.
 */
export class MemoryDisk implements Disk {
  freeBytes = Number.POSITIVE_INFINITY;
  /** Bytes that one writev takes at most. */
  maxWriteBytes = Number.POSITIVE_INFINITY;
  /** Called before each operation; throws to make it fail. */
  before: (operation: Operation, path: string) => void = () => {};
  /** Errno of the syncs to come. */
  syncErrno = 0;
  nowMs = 0;
  /** Syncs asked for and not yet done, when held. */
  holdSyncs = false;
  readonly held: (() => void)[] = [];
  readonly #files = new Map<string, File>();
  /** Names that would survive a power cut. */
  #durable = new Map<string, File>();
  readonly #directories = new Set<string>();
  readonly #open = new Map<number, { file: File; path: string }>();
  #lastFd = 2;

  /**
   * The disk after a power cut that came while the page cache was being written back: of each file, `torn` decides how
   * many of the bytes that were not synced are there; a name that was not synced is there if any are.
   */
  tornPowerCut(torn: (unsyncedBytes: number) => number): MemoryDisk {
    const after = this.powerCut();
    for (const [path, file] of this.#files) {
      const unsyncedBytes = file.bytes.length - file.synced.length;
      const kept = unsyncedBytes > 0 ? torn(unsyncedBytes) : 0;
      if (kept > 0) after.put(path, file.bytes.subarray(0, file.synced.length + kept));
    }
    return after;
  }

  /** The disk after a power cut; `keepUnsynced`: the page cache made it to the disk after all. */
  powerCut(keepUnsynced = false): MemoryDisk {
    const after = new MemoryDisk();
    for (const directory of this.#directories) after.#directories.add(directory);
    for (const [path, file] of keepUnsynced ? this.#files : this.#durable) {
      const bytes = (keepUnsynced ? file.bytes : file.synced).slice();
      after.#files.set(path, { ...newFile(file.modifiedMs), bytes, synced: bytes });
    }
    after.#durable = new Map(after.#files);
    after.nowMs = this.nowMs;
    return after;
  }

  get openFiles(): number {
    return this.#open.size;
  }

  /** The bytes of a file, to look at or to damage. */
  bytesOf(path: string): Uint8Array {
    const file = this.#files.get(path);
    if (!file) throw diskError('ENOENT');
    return file.bytes;
  }

  /** Puts a file there, as if it had always been. */
  put(path: string, bytes: Uint8Array): void {
    const file = { ...newFile(this.nowMs), bytes: bytes.slice(), synced: bytes.slice() };
    this.#files.set(path, file);
    this.#durable.set(path, file);
  }

  remove(path: string): void {
    this.#files.delete(path);
    this.#durable.delete(path);
  }

  open(path: string, mode: OpenMode): number {
    this.before('open', path);
    let file = this.#files.get(path);
    if (mode === 'create') {
      if (!this.#directories.has(dirname(path))) throw diskError('ENOENT');
      if (file) this.#resize(file, 0);
      else file = newFile(this.nowMs);
      this.#files.set(path, file);
    }
    if (!file) throw diskError('ENOENT');
    this.#open.set(++this.#lastFd, { file, path });
    return this.#lastFd;
  }

  close(fd: number): void {
    this.#at(fd);
    this.#open.delete(fd);
  }

  sizeBytes(fd: number): number {
    return this.#at(fd).file.bytes.length;
  }

  modifiedMs(fd: number): number {
    return this.#at(fd).file.modifiedMs;
  }

  inode(): number {
    return -1;
  }

  isSendable(): boolean {
    return false;
  }

  read(fd: number, view: Uint8Array, start: number, sizeBytes: number, position: number): number {
    const { file, path } = this.#at(fd);
    this.before('read', path);
    const bytes = file.bytes.subarray(position, position + sizeBytes);
    view.set(bytes, start);
    return bytes.length;
  }

  writev(fd: number, views: Uint8Array[], position: number): number {
    const { file, path } = this.#at(fd);
    this.before('writev', path);
    const all = Buffer.concat(views);
    const room = Math.min(this.freeBytes, this.maxWriteBytes);
    const bytes = all.subarray(0, room);
    if (bytes.length === 0 && all.length > 0) throw diskError('ENOSPC');
    if (position + bytes.length > file.bytes.length) {
      this.freeBytes -= position + bytes.length - file.bytes.length;
      this.#resize(file, position + bytes.length);
    }
    file.bytes.set(bytes, position);
    if (position <= file.droppedStart) {
      file.droppedStart = Math.max(file.droppedStart, position + bytes.length);
    }
    file.modifiedMs = this.nowMs;
    return bytes.length;
  }

  truncate(fd: number, sizeBytes: number): void {
    const { file, path } = this.#at(fd);
    this.before('truncate', path);
    this.freeBytes += Math.max(0, file.bytes.length - sizeBytes);
    this.#resize(file, sizeBytes);
  }

  fdatasync(fd: number, done: (errno: number) => void): void {
    const { file } = this.#at(fd);
    const bytes = file.bytes.slice();
    const settle = () => {
      if (this.syncErrno === 0) this.#sync(file, bytes);
      else {
        file.droppedStart = file.synced.length;
        file.droppedEnd = bytes.length;
      }
      done(this.syncErrno);
    };
    if (this.holdSyncs) this.held.push(settle);
    else setImmediate(settle);
  }

  fdatasyncNow(fd: number): void {
    const { file, path } = this.#at(fd);
    this.before('fdatasync', path);
    this.#sync(file, file.bytes.slice());
  }

  rename(from: string, to: string): void {
    this.before('rename', from);
    const file = this.#files.get(from);
    if (!file) throw diskError('ENOENT');
    this.#files.delete(from);
    this.#files.set(to, file);
  }

  unlink(path: string): void {
    this.before('unlink', path);
    if (!this.#files.delete(path)) throw diskError('ENOENT');
  }

  mkdir(path: string): boolean {
    if (this.#directories.has(path)) return false;
    this.#directories.add(path);
    return true;
  }

  readdir(path: string): string[] {
    const names = [...this.#files.keys()].filter((name) => dirname(name) === path);
    return names.map((name) => name.slice(path.length + 1));
  }

  syncDirectory(path: string): void {
    this.before('syncDirectory', path);
    for (const name of this.#durable.keys()) {
      if (dirname(name) === path && !this.#files.has(name)) this.#durable.delete(name);
    }
    for (const [name, file] of this.#files) {
      if (dirname(name) === path) this.#durable.set(name, file);
    }
  }

  #sync(file: File, bytes: Uint8Array): void {
    bytes.fill(0, file.droppedStart, Math.max(file.droppedStart, file.droppedEnd));
    file.synced = bytes;
  }

  #at(fd: number): { file: File; path: string } {
    const open = this.#open.get(fd);
    if (!open) throw diskError('EBADF');
    return open;
  }

  #resize(file: File, sizeBytes: number): void {
    const bytes = new Uint8Array(sizeBytes);
    bytes.set(file.bytes.subarray(0, sizeBytes));
    file.bytes = bytes;
  }
}
