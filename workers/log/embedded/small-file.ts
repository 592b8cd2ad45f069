import { dirname } from 'node:path';
import { type Disk, maxVectors } from './disk.js';

/** The whole of a small file, or null where there is none. */
export function readWhole(disk: Disk, path: string): Uint8Array | null {
  let fd: number;
  try {
    fd = disk.open(path, 'read');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const bytes = new Uint8Array(disk.sizeBytes(fd));
    return bytes.subarray(0, disk.read(fd, bytes, 0, bytes.length, 0));
  } finally {
    disk.close(fd);
  }
}

/** Replaces a small file as a whole: written aside, synced, renamed, directory synced. */
export function replaceWhole(disk: Disk, path: string, bytes: Uint8Array): void {
  const aside = `${path}.tmp`;
  const fd = disk.open(aside, 'create');
  try {
    writeFully(disk, fd, [bytes], 0);
    disk.fdatasyncNow(fd);
  } finally {
    disk.close(fd);
  }
  disk.rename(aside, path);
  disk.syncDirectory(dirname(path));
}

/** Removes a file; true if it was there. */
export function removeIfThere(disk: Disk, path: string): boolean {
  try {
    disk.unlink(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Writes all views at `position`, in as few calls as the system allows. A short write is gone on with, so that
 * the next call tells the reason. Throws what the disk throws; the file may then hold a part.
 */
export function writeFully(disk: Disk, fd: number, views: Uint8Array[], position: number): void {
  let at = position;
  for (let from = 0; from < views.length; from += maxVectors) {
    let part = views.length > maxVectors ? views.slice(from, from + maxVectors) : views;
    let left = 0;
    for (const view of part) left += view.length;
    while (left > 0) {
      const written = disk.writev(fd, part, at);
      if (written <= 0) throw new Error('the disk takes no more bytes and does not say why');
      at += written;
      left -= written;
      if (left > 0) part = after(part, written);
    }
  }
}

/** What is left of the views behind their first `sizeBytes`. */
function after(views: Uint8Array[], sizeBytes: number): Uint8Array[] {
  let skip = sizeBytes;
  let first = 0;
  while (skip >= views[first]!.length) skip -= views[first++]!.length;
  const rest = views.slice(first);
  rest[0] = rest[0]!.subarray(skip);
  return rest;
}
