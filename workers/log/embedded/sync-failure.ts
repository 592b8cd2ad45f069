import { join } from 'node:path';
import type { Disk } from './disk.js';
import type { Segment } from './segment.js';
import { removeIfThere, writeFully } from './small-file.js';

/**
 * After a failed sync the kernel may hold pages for clean that never reached the disk: reading brings what was
 * written, and the next sync reports success. This file says so to whoever opens the log next. It
 * matters as long as the page cache lives, so it need not be synced itself.
 */
const markerName = 'sync-failed';
const blockBytes = 2 ** 20;

/**
 * Directories in which the disk took no mark. A partition is opened again by the thread that had it, so that this is
 * enough until the process ends; a process that is ended before the disk takes a file again has no more than the CRCs.
 */
const unmarked = new WeakMap<Disk, Set<string>>();

/** Leaves the mark, on the disk if that still takes a file. */
export function markSyncFailure(disk: Disk, dir: string): void {
  try {
    disk.close(disk.open(join(dir, markerName), 'create'));
  } catch {
    const dirs = unmarked.get(disk) ?? new Set();
    unmarked.set(disk, dirs.add(dir));
  }
}

/** @param names what lies in the directory */
export function hasSyncFailure(disk: Disk, dir: string, names: readonly string[]): boolean {
  return names.includes(markerName) || unmarked.get(disk)?.has(dir) === true;
}

export function clearSyncFailure(disk: Disk, dir: string): void {
  removeIfThere(disk, join(dir, markerName));
  unmarked.get(disk)?.delete(dir);
}

/** Writes the bytes of a segment from a position on over themselves, so that a sync has to write them. */
export function rewrite(disk: Disk, segment: Segment, from: number): void {
  const block = new Uint8Array(Math.min(blockBytes, segment.sizeBytes - from));
  for (let position = from; position < segment.sizeBytes; position += block.length) {
    const wanted = Math.min(block.length, segment.sizeBytes - position);
    const bytes = disk.read(segment.fd, block, 0, wanted, position);
    if (bytes < wanted) throw new Error(`segment ${segment.baseOffset} became shorter`);
    writeFully(disk, segment.fd, [block.subarray(0, wanted)], position);
  }
}
