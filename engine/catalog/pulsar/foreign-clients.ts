import { clientVersion } from '../../../workers/log/pulsar/connection.js';
import { inParallel } from '../in-parallel.js';
import type { TopicAdmin } from './topic-admin.js';

/** Partitions that are asked about at once. */
const inFlightMax = 16;
/** What our own readers and mirrors of groups begin with, and their properties. */
const ownPrefix = 'kopje';

/**
 * A producer or subscription of a topic that is not Kopje's, in words; null where there is none. `partitions` is 0 for a
 * topic without them. Rejects with AdminError.
 */
export async function foreignClientOf(
  admin: TopicAdmin,
  topic: string,
  partitions: number,
): Promise<string | null> {
  const names =
    partitions === 0
      ? [topic]
      : Array.from({ length: partitions }, (_, index) => `${topic}-partition-${index}`);
  let found: string | null = null;
  await inParallel(names, inFlightMax, async (name) => {
    if (found === null) found ??= await foreignClientAt(admin, name);
  });
  return found;
}

async function foreignClientAt(admin: TopicAdmin, topic: string): Promise<string | null> {
  const stats = await admin.stats(topic);
  if (stats === null) return null;
  const producer = stats.publishers.find((one) => one.clientVersion !== clientVersion);
  if (producer !== undefined) return `the Pulsar producer ${producer.producerName} on ${topic}`;
  const subscription = Object.entries(stats.subscriptions).find(
    ([name, { subscriptionProperties = {} }]) =>
      !name.startsWith(ownPrefix) &&
      !Object.keys(subscriptionProperties).some((key) => key.startsWith(ownPrefix)),
  );
  return subscription === undefined ? null : `the subscription ${subscription[0]} on ${topic}`;
}
