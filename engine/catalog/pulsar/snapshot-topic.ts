import { AdminError } from '../../../workers/log/pulsar/admin-http.js';
import { snapshotTopicName } from '../../../workers/log/pulsar/topic-name.js';
import type { TopicAdmin } from './topic-admin.js';

const msPerMinute = 60_000;

/**
 * Sees that there is the topic for what partitions know of their producers. A producer is forgotten when it has been
 * silent for so long, and each partition writes its own again soon after it has changed: what is older than twice that is
 * of no use to anybody, and goes. Rejects with AdminError.
 */
export async function prepareSnapshotTopic(
  admin: TopicAdmin,
  metadataNamespace: string,
  producerIdExpirationMs: number,
): Promise<void> {
  const topic = `persistent://${metadataNamespace}/${snapshotTopicName}`;
  try {
    await admin.createPlain(topic, {});
  } catch (error) {
    if (!(error instanceof AdminError) || error.status !== 409) throw error;
  }
  const retentionTimeInMinutes = Math.ceil((2 * producerIdExpirationMs) / msPerMinute) + 60;
  await admin.setRetention(topic, { retentionTimeInMinutes, retentionSizeInMB: -1 });
  await admin.keepInactive(topic);
}
