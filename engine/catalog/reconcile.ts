import type { Logger } from 'pino';
import type { Settings } from '../config/schema.js';
import { adoptTopics } from './adopt.js';
import { syncDirectory } from './durable-file.js';
import { inParallel } from './in-parallel.js';
import {
  holdsNoRecords,
  type Inventory,
  type PartitionDirectory,
  removeDirectory,
  setAside,
  takeInventory,
} from './partition-directories.js';
import type { CatalogStore } from './store.js';

const removalsInFlightMax = 8;

/**
 * Brings a data directory in line with the store, which decides. Directories that it does not know
 * are set aside, those of deleted topics and those without records go. A partition whose directory
 * is missing is reported and never made anew: an empty log in its place would hand out offsets
 * again that readers have seen.
 *
 * @returns The names of the directories that partitions are to be opened from.
 */
export async function reconcile(
  store: CatalogStore,
  dataDirectory: string,
  settings: Settings,
  log: Logger,
): Promise<Set<string>> {
  const inventory = await takeInventory(dataDirectory);
  if (store.fresh) await initialize(store, inventory, dataDirectory, settings, log);
  const present = new Set<string>();
  for (const [name, row] of store.topics()) {
    for (let partition = 0; partition < row.partitions; partition++) {
      const directory = inventory.partitions.get(`${name}-${partition}`);
      if (directory && (directory.topicId ?? row.id) === row.id) present.add(directory.name);
      else log.error({ topic: name, partition }, 'partition is offline: its directory is missing');
    }
  }
  const removed = new Map(store.removals());
  const doomed = [...inventory.doomed];
  for (const directory of inventory.partitions.values()) {
    if (present.has(directory.name)) continue;
    const isDoomed =
      isRemoved(directory, removed) || (await holdsNoRecords(dataDirectory, directory.name));
    if (isDoomed) doomed.push(directory.name);
    else await putAside(dataDirectory, directory, log);
  }
  await inParallel(doomed, removalsInFlightMax, (name) => removeDirectory(dataDirectory, name));
  for (const id of removed.keys()) await store.forgetRemoval(id);
  return present;
}

async function initialize(
  store: CatalogStore,
  inventory: Inventory,
  dataDirectory: string,
  settings: Settings,
  log: Logger,
): Promise<void> {
  if (inventory.partitions.size === 0) {
    await store.initialize([], 0);
  } else {
    const adoption = await adoptTopics(inventory, dataDirectory, settings);
    for (const remark of adoption.remarks) log.warn(remark);
    await store.initialize(adoption.rows, adoption.nextProducerId);
  }
  // LMDB syncs its file, but not the directory that the file is new in.
  await syncDirectory(dataDirectory);
}

function isRemoved(
  directory: PartitionDirectory,
  removed: ReadonlyMap<string, { readonly name: string }>,
): boolean {
  if (directory.topicId === null) return false;
  return removed.get(directory.topicId)?.name === directory.topic;
}

async function putAside(
  dataDirectory: string,
  directory: PartitionDirectory,
  log: Logger,
): Promise<void> {
  const aside = await setAside(dataDirectory, directory.name);
  const { name, topicId } = directory;
  log.warn({ directory: name, topicId, aside }, 'directory of an unknown partition is set aside');
}
