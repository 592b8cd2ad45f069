import { open as openFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { syncDirectory } from './durable-file.js';

/**
 * Makes an empty LMDB file where there is none, whole or not at all. LMDB begins a file in place and syncs it with the
 * first commit: a power cut in between leaves half a file, which no start could tell from a damaged catalog.
 */
export async function createLmdbFile(
  path: string,
  openRoot: (path: string) => RootDatabase,
): Promise<void> {
  if (await isThere(path)) return;
  const aside = `${path}.new`;
  await rm(aside, { force: true });
  await openRoot(aside).close();
  const handle = await openFile(aside, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rm(`${aside}-lock`, { force: true });
  await rename(aside, path);
  await syncDirectory(dirname(path));
}

/** An empty file is none: LMDB makes one first. */
async function isThere(path: string): Promise<boolean> {
  try {
    return (await stat(path)).size > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
