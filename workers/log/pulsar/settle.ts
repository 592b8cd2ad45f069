import { OwnershipDoubt } from './exclusive-writer.js';
import type { OutgoingEntry } from './producer.js';

/**
 * How many of the entries that the only writer sent from `startOffset` on are stored in a topic that ends at `endOffset`:
 * they were stored in order, so it is a first part of them. Throws OwnershipDoubt if the topic holds something else.
 */
export function storedOf(
  topic: string,
  sent: readonly OutgoingEntry[],
  startOffset: number,
  endOffset: number,
): number {
  let offset = startOffset;
  let stored = 0;
  while (stored < sent.length && offset < endOffset) {
    offset += (sent[stored] as OutgoingEntry).messageCount;
    stored++;
  }
  if (offset === endOffset) return stored;
  throw new OwnershipDoubt(
    `${topic}: it ends at ${endOffset}, and none of the entries in doubt does`,
  );
}
