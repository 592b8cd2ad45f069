import { accessSync, constants, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Linux's file system in memory: syncs cost nothing there, and nothing of it outlives the machine. */
const sharedMemory = '/dev/shm';

/** Directories that are to be gone when the process ends, however it ends without being killed. */
const doomed = new Set<string>();

/** Makes a directory of this process's own, in memory where the system has such a place. */
export async function makePrivateDirectory(): Promise<string> {
  const path = await mkdtemp(join(parentDirectory(), `kopje-${process.pid}-`));
  if (doomed.size === 0) process.on('exit', removeAll);
  doomed.add(path);
  return path;
}

export async function removePrivateDirectory(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  doomed.delete(path);
  if (doomed.size === 0) process.off('exit', removeAll);
}

function parentDirectory(): string {
  try {
    accessSync(sharedMemory, constants.W_OK | constants.X_OK);
    return sharedMemory;
  } catch {
    return tmpdir();
  }
}

/** A test runner may exit before the test has closed its broker. */
function removeAll(): void {
  for (const path of doomed) rmSync(path, { recursive: true, force: true });
}
