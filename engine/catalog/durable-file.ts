import * as nodeFiles from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** What small files are read and replaced with. A simulation has its own, which loses what was not synced. */
export interface Files {
  open(
    path: string,
    flags: 'r' | 'w',
    mode?: number,
  ): Promise<{
    writeFile(text: string): Promise<void>;
    sync(): Promise<void>;
    close(): Promise<void>;
  }>;
  readFile(path: string, encoding: 'utf8'): Promise<string>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string): Promise<void>;
}

/** Makes creates, renames and deletes in a directory survive a power cut. */
export async function syncDirectory(path: string, files: Files = nodeFiles): Promise<void> {
  const handle = await files.open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Makes a directory and those above it that are missing, durably. The name of one that is there is synced too: whoever
 * made it may have been killed before that.
 */
export async function makeDirectories(path: string): Promise<void> {
  const first = await makeMissing(path);
  let parent = dirname(path);
  try {
    await syncDirectory(parent);
  } catch (error) {
    // Of a parent that others own and nobody here may read, the name was made by them.
    if (first !== undefined || (error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
  }
  while (first !== undefined && parent.length >= first.length) {
    parent = dirname(parent);
    await syncDirectory(parent);
  }
}

/** The first directory that had to be made. Node's recursive mkdir calls a full disk ENOENT. */
async function makeMissing(path: string): Promise<string | undefined> {
  try {
    await nodeFiles.mkdir(path);
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await nodeFiles.stat(path)).isDirectory()) return undefined;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
  }
  const first = await makeMissing(dirname(path));
  await nodeFiles.mkdir(path);
  return first ?? path;
}

/** Replaces a small text file as a whole: written aside, synced, renamed, directory synced. */
export async function replaceFile(
  path: string,
  text: string,
  files: Files = nodeFiles,
): Promise<void> {
  const aside = join(dirname(path), `${basename(path)}.tmp`);
  const handle = await files.open(aside, 'w', 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await files.rename(aside, path);
  await syncDirectory(dirname(path), files);
}

/** Removes a file if it is there, durably. True if it was. */
export async function removeFile(path: string, files: Files = nodeFiles): Promise<boolean> {
  try {
    await files.rm(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  await syncDirectory(dirname(path), files);
  return true;
}
