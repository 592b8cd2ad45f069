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

/** Leaves the mark, if the disk still takes a file. */
export function markSyncFailure(disk: Disk, dir: string): void {
  try {
    disk.close(disk.open(join(dir, markerName), 'create'));
  } catch {
    // A disk that takes no file takes no append either: the log cannot go on from the wrong state.
  }
}

export function hasSyncFailure(names: readonly string[]): boolean {
  return names.includes(markerName);
}

export function clearSyncFailure(disk: Disk, dir: string): void {
  removeIfThere(disk, join(dir, markerName));
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
