import { join } from 'node:path';
import { InvalidConfig } from '../config/config-value.js';
import type { Settings } from '../config/schema.js';
import { parseTopicConfig } from '../config/topic-configs.js';
import { autoTopic } from './auto-topic.js';
import { type KafkaMetadata, readKafkaMetadata } from './kafka-metadata.js';
import { clusterMetadataTopic, type Inventory } from './partition-directories.js';
import type { TopicRow } from './store.js';
import { randomTopicId } from './topic-id.js';
import { isInternalTopic, topicNameFault } from './topic-name.js';

/** What of a Kafka broker's directory became topics of ours. */
export interface Adoption {
  readonly rows: Map<string, TopicRow>;
  readonly nextProducerId: number;
  /** Sentences for the log: what was taken, and what could not be. */
  readonly remarks: string[];
}

/**
 * Where producer ids begin if it is not known which Kafka handed out: further than it can have
 * come.
 */
const unknownProducerIdBase = 2 ** 40;

/**
 * Takes over the partition directories of a stopped Kafka broker: each topic with its id, its
 * configs, and as many partitions as the highest index says. Directories of topics that Kafka had
 * deleted, or of another id than the topic's, are left to be set aside.
 */
export async function adoptTopics(
  inventory: Inventory,
  dataDirectory: string,
  settings: Settings,
): Promise<Adoption> {
  const remarks: string[] = [];
  const metadata = await readOrRemark(join(dataDirectory, `${clusterMetadataTopic}-0`), remarks);
  const rows = new Map<string, TopicRow>();
  const found = [...inventory.partitions.values()].sort((a, b) => a.partition - b.partition);
  for (const { topic, partition, topicId, name } of found) {
    if (topicNameFault(topic) !== null) {
      remarks.push(`${name} is not the directory of a legal topic name`);
      continue;
    }
    const row = rows.get(topic);
    const id = row?.id ?? metadata?.topicIds.get(topic) ?? topicId ?? randomTopicId();
    if (topicId !== null && topicId !== id) {
      remarks.push(`${name} has topic id ${topicId}, but ${topic} is ${id}`);
      continue;
    }
    if (metadata !== null && !metadata.topicIds.has(topic)) {
      remarks.push(`${name} is of a topic that Kafka had deleted`);
      continue;
    }
    const overrides = row?.overrides ?? configsOf(topic, metadata, settings, remarks);
    rows.set(topic, { id, partitions: partition + 1, overrides });
  }
  for (const [topic, row] of rows) {
    remarks.push(`adopted ${topic} (${row.id}) with ${row.partitions} partition(s)`);
  }
  return { rows, remarks, nextProducerId: metadata?.nextProducerId ?? unknownProducerIdBase };
}

async function readOrRemark(directory: string, remarks: string[]): Promise<KafkaMetadata | null> {
  try {
    const metadata = await readKafkaMetadata(directory);
    for (const [name, value] of metadata.brokerConfigs) {
      remarks.push(`Kafka's dynamic config ${name}=${value} has no effect here: see the settings`);
    }
    return metadata;
  } catch (error) {
    remarks.push(
      `Kafka's metadata cannot be read (${(error as Error).message}): ` +
        'topics are adopted without their configs, which have to be set again',
    );
    return null;
  }
}

function configsOf(
  topic: string,
  metadata: KafkaMetadata | null,
  settings: Settings,
  remarks: string[],
): Record<string, string> {
  // Without its policy the offsets topic would lose what it is there to keep.
  const known =
    metadata?.configs.get(topic) ??
    (isInternalTopic(topic) ? autoTopic(topic, settings).overrides : new Map<string, string>());
  const overrides: Record<string, string> = {};
  for (const [name, value] of known) {
    try {
      overrides[name] = parseTopicConfig(name, value);
    } catch (error) {
      if (!(error instanceof InvalidConfig)) throw error;
      remarks.push(`config of ${topic} is not adopted: ${error.message}`);
    }
  }
  return overrides;
}
