import type { MessageId } from '../../../engine/protocol/pulsar/commands.js';
import type { TopicAdmin } from './admin.js';
import { nearestIndexed } from './indexed-entry.js';
import { EntryOrder } from './positions.js';

/** The end of a topic as it was seen at some time. */
export interface Tail {
  /** The last entry; null for a topic without entries. */
  readonly last: MessageId | null;
  /** Index of its last message + 1: the offset of the next one. */
  readonly endOffset: number;
}

/**
 * Reads what the topic's end is. Sends that have no receipt may still be on their way into the topic: what is found is
 * where the end was, not where the next entry will be. Rejects with AdminError, IndexMissing.
 */
export async function readTail(admin: TopicAdmin, topic: string): Promise<Tail> {
  const { ledgers, last } = await admin.ledgers(topic);
  // What is named as the last entry may be in a ledger that is gone.
  const isThere = ledgers.some(
    ({ ledgerId, entries }) => ledgerId === last.ledgerId && entries > last.entryId,
  );
  if (last.entryId < 0 || !isThere) {
    return { last: null, endOffset: (await admin.ledgerIndex(topic)) + 1 };
  }
  const order = new EntryOrder(ledgers);
  const found = await nearestIndexed(admin, topic, order, order.numberOf(last), -1);
  return { last, endOffset: (found?.index ?? -1) + 1 };
}
