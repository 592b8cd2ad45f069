import { constants } from 'node:fs';
import { access, mkdtemp, rmdir, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DirectoryLock, DirectoryLocked } from '../../catalog/directory-lock.js';
import { readMetaProperties } from '../../catalog/meta-properties.js';
import type { Settings } from '../../config/schema.js';
import type { Finding } from '../finding.js';

const subject = 'data directory';
const mebibyte = 1_048_576;
/** Below this a broker is about to become read-only. */
const leastFreeBytes = 128 * mebibyte;

/** Exists or can be made, can be written to, is not in use, has room, is this node's. */
export async function checkDataDirectory(settings: Settings): Promise<Finding[]> {
  const path = resolve(settings.dataDir);
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) return checkAbsent(path, found);
  if (!found.isDirectory()) {
    return [problem(`${path} is a file`, 'choose another dataDir, or move the file away')];
  }
  const unwritable = await whyUnwritable(path);
  if (unwritable !== null) return [unwritable];
  return [
    { level: 'ok', subject, text: `${path} can be written to` },
    await checkLock(path),
    await checkIdentity(path, settings),
    await checkSpace(path, settings.logSegmentBytes),
  ];
}

function problem(text: string, advice: string): Finding {
  return { level: 'problem', subject, text, advice };
}

async function checkAbsent(path: string, error: NodeJS.ErrnoException): Promise<Finding[]> {
  if (error.code !== 'ENOENT') {
    return [problem(`${path} cannot be reached: ${error.message}`, 'choose another dataDir')];
  }
  let parent = dirname(path);
  while (parent !== dirname(parent) && !(await stat(parent).catch(() => null))) {
    parent = dirname(parent);
  }
  const unwritable = await whyUnwritable(parent);
  if (unwritable !== null) return [unwritable];
  return [{ level: 'ok', subject, text: `${path} does not exist yet; the start makes it` }];
}

/** Tries it: permissions alone do not tell of read-only file systems and access lists. */
async function whyUnwritable(path: string): Promise<Finding | null> {
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    await rmdir(await mkdtemp(join(path, '.kopje-check-')));
    return null;
  } catch (error) {
    const { message } = error as Error;
    return problem(
      `${path} cannot be written to: ${message}`,
      'give the user that runs Kopje the right to write there, or choose another dataDir',
    );
  }
}

async function checkLock(path: string): Promise<Finding> {
  try {
    const lock = await DirectoryLock.acquire(path);
    await lock.release();
    return { level: 'ok', subject, text: 'no other process works on it' };
  } catch (error) {
    if (!(error instanceof DirectoryLocked)) throw error;
    return problem(error.message, 'stop that process, or choose another dataDir');
  }
}

async function checkIdentity(path: string, { brokerId, clusterId }: Settings): Promise<Finding> {
  try {
    const meta = await readMetaProperties(path);
    if (meta === null) return { level: 'ok', subject, text: 'new: it belongs to no node yet' };
    if (meta.nodeId !== brokerId) {
      const text = `it belongs to node ${meta.nodeId}, not to node ${brokerId}`;
      return problem(text, `set brokerId to ${meta.nodeId}, or choose another dataDir`);
    }
    if (clusterId !== '' && meta.clusterId !== clusterId) {
      const text = `it belongs to cluster ${meta.clusterId}, not to ${clusterId}`;
      return problem(text, 'leave clusterId empty, or choose another dataDir');
    }
    const text = `it belongs to node ${meta.nodeId} of cluster ${meta.clusterId}`;
    return { level: 'ok', subject, text };
  } catch (error) {
    return problem((error as Error).message, 'mend or restore meta.properties');
  }
}

async function checkSpace(path: string, segmentBytes: number): Promise<Finding> {
  const { bavail, bsize } = await statfs(path);
  const freeBytes = bavail * bsize;
  const text = `${Math.floor(freeBytes / mebibyte)} MiB are free`;
  const advice = 'make room, or lower logRetentionBytes or logRetentionMs';
  if (freeBytes < leastFreeBytes) return problem(text, advice);
  if (freeBytes >= segmentBytes) return { level: 'ok', subject, text };
  return { level: 'warning', subject, text: `${text}, less than one segment`, advice };
}
