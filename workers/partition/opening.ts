import { join } from 'node:path';
import type { Codecs } from '../../native/codecs.js';
import type { Disk } from '../log/embedded/disk.js';
import { openEmbeddedLog } from '../log/embedded/open.js';
import { type Log, LogFault, type LogNotice } from '../log/log.js';
import type { PulsarThread } from '../log/pulsar/pulsar-thread.js';
import type { OpenPartition, PulsarOrigin, WorkerSettings } from '../ring/control.js';
import { Partition } from './partition.js';
import { ProducerState } from './producer-state.js';
import type { PartitionPorts } from './settings.js';

/** What every partition of a thread shares. */
export interface OpeningTools {
  readonly settings: WorkerSettings;
  readonly codecs: Codecs;
  readonly disk: Disk;
  /** Null where the records are kept on disk. */
  readonly pulsar: Promise<PulsarThread> | null;
}

/** Opens a partition's log through recovery, with the producers that it knows. Throws LogFault. */
export async function openPartition(
  opening: OpenPartition,
  tools: OpeningTools,
  ports: PartitionPorts,
): Promise<Partition> {
  const { topic, partition, config } = opening;
  const { settings, codecs, pulsar } = tools;
  const producers = new ProducerState(settings.producerIdExpirationMs, ports.now);
  const name = { topic, partition };
  const report = ({ level, message, fields, isCommon }: LogNotice) => {
    if (isCommon === true) ports.report(level, message, fields, name);
    else ports.report(level, message, { ...name, ...fields });
  };
  if (pulsar === null) {
    const log = await openOnDisk(opening, tools, ports, producers, report);
    return new Partition(name, log, producers, codecs, settings, config, ports);
  }
  const { openLog } = await pulsar;
  const { topic: pulsarTopic, transactions } = originOf(opening);
  const log = await openLog({
    topic: pulsarTopic,
    transactions,
    topicId: opening.topicId,
    config,
    clock: ports.now,
    visitor: producers,
    takeSnapshot: (endOffset) => producers.takeSnapshot(endOffset),
    report,
    copied: ports.copied,
    knownEndOffset: opening.recoveryPoint,
  });
  // What has no receipt is nowhere that one could read it.
  const stable = { ...settings, durability: 'fsync' } as const;
  return new Partition(name, log, producers, codecs, stable, config, ports);
}

function originOf({ topic, partition, pulsar }: OpenPartition): PulsarOrigin {
  if (pulsar !== undefined) return pulsar;
  throw new Error(`${topic}-${partition} has no topic of Pulsar's`);
}

async function openOnDisk(
  opening: OpenPartition,
  tools: OpeningTools,
  ports: PartitionPorts,
  producers: ProducerState,
  report: (notice: LogNotice) => void,
): Promise<Log> {
  const { topic, partition, config } = opening;
  const { settings, codecs, disk } = tools;
  const dir = directoryOf(settings.dataDir, opening);
  if (!opening.create && isMissing(disk, dir)) {
    // An empty log in its place would hand out offsets again that readers have seen.
    throw new LogFault('storage', `${dir} is missing`);
  }
  return openEmbeddedLog({
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
    report,
    copied: ports.copied,
  });
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
