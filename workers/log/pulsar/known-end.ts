/**
 * The end of a partition as its owner last told it, kept where it outlives the partition's own topic: in the metadata
 * of the partitioned topic. Where Pulsar has deleted and made a partition anew, its index begins at 0 again.
 */

import { LogFault } from '../log.js';
import { AdminError, type TopicAdmin } from './admin.js';
import { readTail } from './tail.js';

const endPrefix = 'kopjeEndOffset-';

/** Null for a topic without partitions: all that is known of it goes with it. */
function endProperty(topic: string): { parent: string; name: string } | null {
  const [, parent, partition] = /^(.+)-partition-(\d+)$/.exec(topic) ?? [];
  return parent === undefined ? null : { parent, name: `${endPrefix}${partition}` };
}

/** Rejects with AdminError. */
export async function storeEnd(admin: TopicAdmin, topic: string, endOffset: number): Promise<void> {
  const kept = endProperty(topic);
  if (kept !== null) await admin.setProperty(kept.parent, kept.name, String(endOffset));
}

/** Rejects with AdminError. */
async function storedEnd(admin: TopicAdmin, topic: string): Promise<number> {
  const kept = endProperty(topic);
  return kept === null ? 0 : Number((await admin.property(kept.parent, kept.name)) ?? 0);
}

/**
 * Looks before anything is written: what is found behind the end of a topic that was made anew must not bring it nearer
 * to the end that is known. Rejects with LogFault 'corrupt', AdminError, IndexMissing.
 */
export async function checkEnd(
  admin: TopicAdmin,
  topic: string,
  knownEndOffset: number,
): Promise<void> {
  const known = Math.max(knownEndOffset, await storedEnd(admin, topic));
  if (known === 0) return;
  const endOffset = await endOf(admin, topic);
  if (endOffset >= known) return;
  const { name = '' } = endProperty(topic) ?? {};
  const remedy = name === '' ? '' : `, or take the property ${name} from the partitioned topic`;
  const message =
    `${topic} ends at ${endOffset}, and readers have seen ${known}: it was made anew, or has lost data. ` +
    `Its offsets are not used again: delete the topic and create it${remedy}`;
  throw new LogFault('corrupt', message);
}

async function endOf(admin: TopicAdmin, topic: string): Promise<number> {
  try {
    return (await readTail(admin, topic)).endOffset;
  } catch (error) {
    if (error instanceof AdminError && error.status === 404) return 0;
    throw error;
  }
}
