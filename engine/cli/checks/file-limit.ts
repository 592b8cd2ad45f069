import { readdir, readFile } from 'node:fs/promises';
import type { Settings } from '../../config/schema.js';
import type { Finding } from '../finding.js';

const subject = 'open files';
/** Older segments that a partition thread, or the main thread for its replies, keeps open at most. */
const olderFilesPerThread = 256;
/** Metadata, libraries, pipes. */
const otherFiles = 128;

/** Whether the limit on open files covers the partitions that are there and the connections allowed. */
export async function checkFileLimit(settings: Settings): Promise<Finding> {
  const limit = await openFileLimit();
  if (limit === null) return { level: 'ok', subject, text: 'no limit' };
  // Each partition keeps its active segment open.
  const partitions = await countPartitions(settings.dataDir);
  const forLog = partitions + (settings.workers + 1) * olderFilesPerThread + otherFiles;
  const wanted = forLog + settings.maxConnections;
  const text = `at most ${limit}; the log needs ${forLog}, connections up to ${settings.maxConnections}`;
  if (limit >= wanted) return { level: 'ok', subject, text };
  const advice = `allow ${wanted} (ulimit -n, or LimitNOFILE= of a systemd unit), or lower maxConnections`;
  return { level: limit < forLog ? 'problem' : 'warning', subject, text, advice };
}

/** The hard limit: Node raises the soft one to it. Null: unlimited or not known, as where there is no /proc. */
async function openFileLimit(): Promise<number | null> {
  // Node's own report tells it too, and takes as long as the rest of a broker's start once it listens (measured).
  const limits = await readFile('/proc/self/limits', 'latin1').catch(() => '');
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1];
  return hard === undefined ? null : Number(hard);
}

async function countPartitions(dataDir: string): Promise<number> {
  const names = await readdir(dataDir).catch(() => [] as string[]);
  return names.filter((name) => /-\d+$/.test(name)).length;
}
