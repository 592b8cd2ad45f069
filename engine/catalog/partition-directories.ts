import { randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from './durable-file.js';
import { inParallel } from './in-parallel.js';
import { isTopicId } from './topic-id.js';

/** A directory with the name of a partition. */
export interface PartitionDirectory {
  readonly name: string;
  readonly topic: string;
  readonly partition: number;
  /** From its `partition.metadata`; null where that is missing or unreadable. */
  readonly topicId: string | null;
}

export interface Inventory {
  /** By directory name. */
  readonly partitions: Map<string, PartitionDirectory>;
  /** Renamed for deletion by a process that ended before it had deleted them. */
  readonly doomed: string[];
}

/** The controller's log of a Kafka node that ran here: not a topic, and left alone. */
export const clusterMetadataTopic = '__cluster_metadata';

const filesInFlightMax = 64;

/** What lies in a data directory. Directories that were set aside before are passed over. */
export async function takeInventory(dataDirectory: string): Promise<Inventory> {
  const entries = await readdir(dataDirectory, { withFileTypes: true });
  const inventory: Inventory = { partitions: new Map(), doomed: [] };
  const directories = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  await inParallel(directories, filesInFlightMax, async (name) => {
    if (/^.+-delete$/.test(name)) inventory.doomed.push(name);
    const match = /^(.+)-(\d{1,9})$/.exec(name);
    if (!match || match[1] === clusterMetadataTopic) return;
    const topicId = await readTopicId(join(dataDirectory, name));
    inventory.partitions.set(name, {
      name,
      topic: match[1]!,
      partition: Number(match[2]),
      topicId,
    });
  });
  return inventory;
}

/**
 * Renames a directory as Kafka names strays (KIP-928), so that neither takes it for a partition.
 */
export function setAside(dataDirectory: string, name: string): Promise<string> {
  return renameAside(dataDirectory, name, 'stray');
}

/**
 * True where no record was ever kept, or none is left: what a creation that was never answered
 * leaves.
 */
export async function holdsNoRecords(dataDirectory: string, name: string): Promise<boolean> {
  const directory = join(dataDirectory, name);
  const files = (await readdir(directory)).filter((file) => /\.(log|entries)$/.test(file));
  const sizes = await Promise.all(files.map((file) => stat(join(directory, file))));
  return sizes.every(({ size }) => size === 0);
}

export async function removeDirectory(dataDirectory: string, name: string): Promise<void> {
  await rm(join(dataDirectory, name), { recursive: true, force: true });
}

/**
 * Removes a directory so that a crash on the way leaves nothing under its name. It may be missing.
 */
export async function discardDirectory(dataDirectory: string, name: string): Promise<void> {
  try {
    await removeDirectory(dataDirectory, await renameAside(dataDirectory, name, 'delete'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Removes a directory that was made for this topic, and no other. */
export async function discardIfOf(
  dataDirectory: string,
  name: string,
  topicId: string,
): Promise<void> {
  if ((await readTopicId(join(dataDirectory, name))) !== topicId) return;
  await discardDirectory(dataDirectory, name);
}

async function renameAside(
  dataDirectory: string,
  name: string,
  kind: 'stray' | 'delete',
): Promise<string> {
  const suffix = `.${randomUUID().replaceAll('-', '')}-${kind}`;
  // File names end at 255 bytes.
  const aside = `${name.slice(0, 255 - suffix.length)}${suffix}`;
  await rename(join(dataDirectory, name), join(dataDirectory, aside));
  await syncDirectory(dataDirectory);
  return aside;
}

async function readTopicId(directory: string): Promise<string | null> {
  const text = await readFile(join(directory, 'partition.metadata'), 'utf8').catch(() => '');
  const id = /^topic_id:\s*(\S+)\s*$/m.exec(text)?.[1];
  return id !== undefined && isTopicId(id) ? id : null;
}
