import { join } from 'node:path';
import type { Codecs } from '../../native/codecs.js';
import type { Disk } from '../log/embedded/disk.js';
import { openEmbeddedLog } from '../log/embedded/open.js';
import { LogFault } from '../log/log.js';
import type { OpenPartition, WorkerSettings } from '../ring/control.js';
import { Partition } from './partition.js';
import { ProducerState } from './producer-state.js';
import type { PartitionPorts } from './settings.js';

/** What every partition of a thread shares. */
export interface OpeningTools {
  readonly settings: WorkerSettings;
  readonly codecs: Codecs;
  readonly disk: Disk;
}

/** Opens a partition's log through recovery, with the producers that it knows. Throws LogFault. */
export async function openPartition(
  opening: OpenPartition,
  tools: OpeningTools,
  ports: PartitionPorts,
): Promise<Partition> {
  const { topic, partition, config } = opening;
  const { settings, codecs, disk } = tools;
  const producers = new ProducerState(settings.producerIdExpirationMs, ports.now);
  const dir = directoryOf(settings.dataDir, opening);
  if (!opening.create && isMissing(disk, dir)) {
    // An empty log in its place would hand out offsets again that readers have seen.
    throw new LogFault('storage', `${dir} is missing`);
  }
  const log = await openEmbeddedLog({
    disk,
    dir,
    topic,
    partition,
    topicId: opening.topicId,
    config,
    durability: settings.durability,
    recoveryPoint: opening.recoveryPoint,
    logStartOffset: opening.logStartOffset,
    cleanShutdown: opening.cleanShutdown,
    clock: ports.now,
    codecs,
    visitor: producers,
    takeSnapshot: (endOffset) => producers.takeSnapshot(endOffset),
    report: ({ level, message, fields }) =>
      ports.report(level, message, { topic, partition, ...fields }),
    copied: ports.copied,
  });
  return new Partition({ topic, partition }, log, producers, codecs, settings, config, ports);
}

function isMissing(disk: Disk, dir: string): boolean {
  try {
    disk.readdir(dir);
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw error;
  }
}

/** Where a partition's log lies, as Kafka names it. */
export function directoryOf(dataDir: string, name: { topic: string; partition: number }): string {
  return join(dataDir, `${name.topic}-${name.partition}`);
}
