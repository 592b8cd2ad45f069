import { dirname } from 'node:path';
import type { OpenMode } from '../../../../workers/log/embedded/disk.js';
import {
  type MemoryFile,
  MemoryDisk as SoundDisk,
} from '../../../../workers/log/embedded/memory-disk.js';

/** What of a file is on the disk beneath its page cache. */
interface Persisted {
  /** What would survive a power cut. */
  synced: Uint8Array;
  /** Where a failed sync left pages that pass for clean: [start, end) of what no sync will write. */
  droppedStart: number;
  droppedEnd: number;
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

/** An error as `node:fs` throws it. */
export function diskError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated`), { code });
}

/**
 * The disk in memory, made to fail as it is told to and to lose its power: then only what was synced is left, and
 * only under names whose directory was synced.
 */
export class MemoryDisk extends SoundDisk {
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
  /** Names that would survive a power cut. */
  readonly #durable = new Map<string, MemoryFile>();
  readonly #persisted = new WeakMap<MemoryFile, Persisted>();

  constructor() {
    super(() => this.nowMs);
  }

  /**
   * The disk after a power cut that came while the page cache was being written back: of each file, `torn` decides how
   * many of the bytes that were not synced are there; a name that was not synced is there if any are.
   */
  tornPowerCut(torn: (unsyncedBytes: number) => number): MemoryDisk {
    const after = this.powerCut();
    for (const [path, file] of this.files) {
      const syncedBytes = this.#persistedOf(file).synced.length;
      const unsyncedBytes = file.sizeBytes - syncedBytes;
      const kept = unsyncedBytes > 0 ? torn(unsyncedBytes) : 0;
      if (kept > 0) after.put(path, file.bytes.subarray(0, syncedBytes + kept));
    }
    return after;
  }

  /** The disk after a power cut; `keepUnsynced`: the page cache made it to the disk after all. */
  powerCut(keepUnsynced = false): MemoryDisk {
    const after = new MemoryDisk();
    for (const directory of this.directories) after.directories.add(directory);
    for (const [path, file] of keepUnsynced ? this.files : this.#durable) {
      after.put(path, keepUnsynced ? contentOf(file) : this.#persistedOf(file).synced);
    }
    after.nowMs = this.nowMs;
    return after;
  }

  /** The bytes of a file, to look at or to damage. */
  bytesOf(path: string): Uint8Array {
    const file = this.files.get(path);
    if (!file) throw diskError('ENOENT');
    return contentOf(file);
  }

  /** Puts a file there, as if it had always been. */
  put(path: string, bytes: Uint8Array): void {
    const file = { bytes: bytes.slice(), sizeBytes: bytes.length, modifiedMs: this.nowMs };
    this.#persistedOf(file).synced = bytes.slice();
    this.files.set(path, file);
    this.#durable.set(path, file);
  }

  remove(path: string): void {
    this.files.delete(path);
    this.#durable.delete(path);
  }

  override open(path: string, mode: OpenMode): number {
    this.before('open', path);
    return super.open(path, mode);
  }

  override read(
    fd: number,
    view: Uint8Array,
    start: number,
    sizeBytes: number,
    position: number,
  ): number {
    this.before('read', this.at(fd).path);
    return super.read(fd, view, start, sizeBytes, position);
  }

  override writev(fd: number, views: Uint8Array[], position: number): number {
    const { file, path } = this.at(fd);
    this.before('writev', path);
    const all = Buffer.concat(views);
    const room = Math.max(0, file.sizeBytes - position) + this.freeBytes;
    const bytes = all.subarray(0, Math.min(room, this.maxWriteBytes));
    if (bytes.length === 0 && all.length > 0) throw diskError('ENOSPC');
    const end = position + bytes.length;
    this.freeBytes -= Math.max(0, end - file.sizeBytes);
    super.writev(fd, [bytes], position);
    const persisted = this.#persistedOf(file);
    if (position <= persisted.droppedStart) {
      persisted.droppedStart = Math.max(persisted.droppedStart, end);
    }
    return bytes.length;
  }

  override truncate(fd: number, sizeBytes: number): void {
    const { file, path } = this.at(fd);
    this.before('truncate', path);
    this.freeBytes += Math.max(0, file.sizeBytes - sizeBytes);
    super.truncate(fd, sizeBytes);
  }

  override fdatasync(fd: number, done: (errno: number) => void): void {
    const { file } = this.at(fd);
    const bytes = contentOf(file).slice();
    const settle = () => {
      if (this.syncErrno === 0) this.#sync(file, bytes);
      else this.#drop(file, bytes.length);
      done(this.syncErrno);
    };
    if (this.holdSyncs) this.held.push(settle);
    else setImmediate(settle);
  }

  override fdatasyncNow(fd: number): void {
    const { file, path } = this.at(fd);
    this.before('fdatasync', path);
    if (this.syncErrno === 0) this.#sync(file, contentOf(file).slice());
    else {
      this.#drop(file, file.sizeBytes);
      throw diskError('EIO');
    }
  }

  override rename(from: string, to: string): void {
    this.before('rename', from);
    super.rename(from, to);
  }

  override unlink(path: string): void {
    this.before('unlink', path);
    super.unlink(path);
  }

  override syncDirectory(path: string): void {
    this.before('syncDirectory', path);
    for (const name of this.#durable.keys()) {
      if (dirname(name) === path && !this.files.has(name)) this.#durable.delete(name);
    }
    for (const [name, file] of this.files) {
      if (dirname(name) === path) this.#durable.set(name, file);
    }
  }

  #drop(file: MemoryFile, sizeBytes: number): void {
    const persisted = this.#persistedOf(file);
    persisted.droppedStart = persisted.synced.length;
    persisted.droppedEnd = sizeBytes;
  }

  #sync(file: MemoryFile, bytes: Uint8Array): void {
    const persisted = this.#persistedOf(file);
    const { droppedStart, droppedEnd } = persisted;
    bytes.fill(0, droppedStart, Math.max(droppedStart, droppedEnd));
    persisted.synced = bytes;
  }

  #persistedOf(file: MemoryFile): Persisted {
    const known = this.#persisted.get(file);
    if (known) return known;
    const fresh = { synced: new Uint8Array(0), droppedStart: 0, droppedEnd: 0 };
    this.#persisted.set(file, fresh);
    return fresh;
  }
}

function contentOf({ bytes, sizeBytes }: MemoryFile): Uint8Array {
  return bytes.subarray(0, sizeBytes);
}
