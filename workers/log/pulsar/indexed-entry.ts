import type { MessageId } from '../../../engine/protocol/pulsar/commands.js';
import { type EntryFacts, IndexMissing, type TopicAdmin } from './admin.js';
import type { EntryOrder } from './positions.js';

/**
 * Entries in a row that are passed because they have no index: their producer said that they have no messages, so that
 * they take no offset. More are those of a broker that does not number entries, or does not tell.
 */
export const maxWithoutIndex = 1_000;

/** An entry and its number in the order of all. */
export interface IndexedEntry extends EntryFacts {
  readonly number: number;
  readonly id: MessageId;
}

/**
 * The nearest entry that has an index, from a number on in steps of 1 or -1; null where there is none that way. Rejects
 * with AdminError, IndexMissing.
 */
export async function nearestIndexed(
  admin: Pick<TopicAdmin, 'entry'>,
  topic: string,
  order: EntryOrder,
  from: number,
  step: 1 | -1,
): Promise<IndexedEntry | null> {
  let number = from;
  for (let left = maxWithoutIndex; left > 0; left--, number += step) {
    if (number < 0 || number >= order.count) return null;
    const id = order.at(number);
    try {
      return { ...(await admin.entry(topic, id)), number, id };
    } catch (error) {
      if (!(error instanceof IndexMissing)) throw error;
    }
  }
  throw new IndexMissing(topic);
}
