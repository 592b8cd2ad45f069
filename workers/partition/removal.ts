import { randomUUID } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { Machine } from '../machine.js';

/** Longest name of a directory entry on the usual file systems. */
const longestName = 255;

/**
 * Renames a closed partition's directory aside, as Kafka does, so that a topic of the same name can be made
 * at once; what lies in it is removed in the background, and by the next start if this one ends before.
 */
export function removePartitionDirectory(
  dir: string,
  { disk, removeDirectory }: Pick<Machine, 'disk' | 'removeDirectory'>,
): void {
  const suffix = `.${randomUUID().replaceAll('-', '')}-delete`;
  const parent = dirname(dir);
  const aside = join(parent, basename(dir).slice(0, longestName - suffix.length) + suffix);
  disk.rename(dir, aside);
  disk.syncDirectory(parent);
  removeDirectory(aside);
}
