import { createTopicsExchange } from '../../exchanges.js';
import type { RawClient } from '../../raw-client.js';

/** Topics that stay: one that retention keeps short, one that is compacted. */
export const stayingTopics = {
  short: { partitions: 4, configs: { 'retention.bytes': '3000000' } },
  compacted: {
    partitions: 2,
    configs: { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0.01' },
  },
} as const;

/** Kafka's TOPIC_ALREADY_EXISTS. */
const alreadyExists = 36;

export async function createTopic(
  client: RawClient,
  name: string,
  numPartitions: number,
  configs: Readonly<Record<string, string>> = {},
): Promise<void> {
  const topic = {
    name,
    numPartitions,
    replicationFactor: 1,
    configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
  };
  const { topics } = await client.ask(
    createTopicsExchange,
    { topics: [topic], timeoutMs: 10_000 },
    5,
  );
  const errorCode = topics[0]?.errorCode;
  if (errorCode !== 0 && errorCode !== alreadyExists) {
    throw new Error(`CreateTopics ${name}: error ${errorCode}`);
  }
}
