import { randomUUID } from 'node:crypto';
import { renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Disk } from '../log/embedded/disk.js';

/** Longest name of a directory entry on the usual file systems. */
const longestName = 255;

/**
 * Renames a closed partition's directory aside, as Kafka does, so that a topic of the same name can be made
 * at once; what lies in it is removed in the background, and by the next start if this one ends before.
 */
export function removePartitionDirectory(dir: string, disk: Pick<Disk, 'syncDirectory'>): void {
  const suffix = `.${randomUUID().replaceAll('-', '')}-delete`;
  const parent = dirname(dir);
  const aside = join(parent, basename(dir).slice(0, longestName - suffix.length) + suffix);
  renameSync(dir, aside);
  disk.syncDirectory(parent);
  // A directory that stays is found and removed by the next start.
  rm(aside, { recursive: true, force: true }).catch(() => {});
}
