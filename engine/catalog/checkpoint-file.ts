import * as nodeFiles from 'node:fs/promises';
import { type Files, replaceFile } from './durable-file.js';

/** `<topic>-<partition>` to an offset. */
export type OffsetsByPartition = Map<string, number>;

/** The key of a partition in a checkpoint, which is also the name of its directory. */
export function partitionKey(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

/**
 * Reads a checkpoint in Kafka's text format: a version line, a count line, then one `topic
 * partition offset` line each. A missing file is empty. Throws on anything else than the format,
 * because half a checkpoint is worse than none: the caller goes on without, and recovers more.
 */
export async function readCheckpoint(
  path: string,
  files: Files = nodeFiles,
): Promise<OffsetsByPartition> {
  let text: string;
  try {
    text = await files.readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
  const lines = text.split('\n').filter((line) => line !== '');
  // Kafka itself leaves empty files behind for checkpoints it never wrote.
  if (lines.length === 0) return new Map();
  if (lines[0] !== '0') throw new Error(`${path}: version '${lines[0]}' is not 0`);
  const offsets: OffsetsByPartition = new Map();
  for (const line of lines.slice(2)) {
    const match = /^(\S+) (\d+) (\d+)$/.exec(line);
    if (!match) throw new Error(`${path}: malformed line '${line}'`);
    offsets.set(partitionKey(match[1]!, Number(match[2])), Number(match[3]));
  }
  if (Number(lines[1]) !== offsets.size) {
    throw new Error(`${path}: ${lines[1]} entries announced, ${offsets.size} found`);
  }
  return offsets;
}

export async function writeCheckpoint(
  path: string,
  offsets: OffsetsByPartition,
  files: Files = nodeFiles,
): Promise<void> {
  const lines = ['0', String(offsets.size)];
  for (const [key, offset] of offsets) {
    const dash = key.lastIndexOf('-');
    lines.push(`${key.slice(0, dash)} ${key.slice(dash + 1)} ${offset}`);
  }
  await replaceFile(path, `${lines.join('\n')}\n`, files);
}
