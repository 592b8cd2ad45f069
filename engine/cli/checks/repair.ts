/** `kopje check --repair`: verifies every batch of every log and cuts what is damaged. */
import { join } from 'node:path';
import { pino } from 'pino';
import { RepairJobs } from '../../../workers/pool/repair-jobs.js';
import { partitionKey } from '../../catalog/checkpoint-file.js';
import { DataDirectory } from '../../catalog/data-directory.js';
import { type PartitionDirectory, takeInventory } from '../../catalog/partition-directories.js';
import { zeroTopicId } from '../../catalog/topic-id.js';
import type { Settings } from '../../config/schema.js';
import { effectiveTopicConfig } from '../../config/topic-configs.js';
import type { Finding } from '../finding.js';

const subject = 'repair';

/**
 * Repairs a data directory that no broker uses; its lock is held meanwhile. Acknowledged records behind a damaged
 * batch are lost with it, which is why no start does this by itself (with `durability=fsync`).
 * @throws DirectoryLocked, DataDirectoryError
 */
export async function repairDataDirectory(
  settings: Settings,
  progress: (line: string) => void,
): Promise<Finding[]> {
  const directory = await DataDirectory.open({
    path: settings.dataDir,
    nodeId: settings.brokerId,
    clusterId: settings.clusterId,
    log: pino({ level: 'silent' }),
  });
  const jobs = new RepairJobs();
  let isWhole = true;
  try {
    const { partitions } = await takeInventory(directory.path);
    const findings: Finding[] = [];
    for (const partition of partitions.values()) {
      progress(`verifying ${partition.name}`);
      const finding = await repairOne(partition, directory, settings, jobs);
      isWhole &&= finding.level !== 'problem';
      if (finding.level !== 'ok') findings.push(finding);
    }
    const text = `${partitions.size} partition(s) verified`;
    return [...findings, { level: 'ok', subject, text }];
  } finally {
    await jobs.close();
    // Every log that was verified is as good as one that was closed in order.
    await directory.close(isWhole);
  }
}

async function repairOne(
  { name, topic, partition, topicId }: PartitionDirectory,
  directory: DataDirectory,
  settings: Settings,
  jobs: RepairJobs,
): Promise<Finding> {
  const key = partitionKey(topic, partition);
  try {
    const { cutBytes, remarks } = await jobs.run({
      dir: join(directory.path, name),
      topic,
      partition,
      topicId: topicId ?? zeroTopicId,
      config: effectiveTopicConfig(new Map(), settings),
      recoveryPoint: directory.recoveryPoints.get(key) ?? 0,
      logStartOffset: directory.logStarts.get(key) ?? 0,
    });
    if (cutBytes === 0) return { level: 'ok', subject, text: `${name} is sound` };
    const text = `${name}: ${cutBytes} damaged bytes were cut; ${remarks.join('; ')}`;
    return { level: 'warning', subject, text };
  } catch (error) {
    const advice = 'look at the disk, then try again';
    return { level: 'problem', subject, text: `${name}: ${(error as Error).message}`, advice };
  }
}
