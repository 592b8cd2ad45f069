import type { MessageId } from '../../../engine/protocol/pulsar/commands.js';
import type { PulsarConnection } from './connection.js';
import { OwnershipDoubt } from './exclusive-writer.js';
import type { OutgoingEntry } from './producer.js';
import { earliest, PulsarReader } from './reader.js';

/** Messages on their way at once while the tail is read. */
const permits = 1_000;

export interface Doubt {
  readonly connection: PulsarConnection;
  readonly topic: string;
  /** The last entry that was acknowledged before the doubt began; null if there was none. */
  readonly after: MessageId | null;
  /** Offset behind that entry. */
  readonly startOffset: number;
  /** Oldest first, as they were sent. */
  readonly inDoubt: readonly OutgoingEntry[];
  /**
   * Offset of an entry that the same owner wrote after it had come back. What was in doubt is in front of it, or
   * nowhere: a broker may store sends of a lost connection even after it has accepted the next producer.
   */
  readonly barrierOffset: number;
  readonly timeoutMs: number;
}

/**
 * Finds out which entries in doubt were stored: their base offsets, -1 for one that never will be. The owner was the
 * only writer, and what it sent was stored in order, so they are a first part of what it sent.
 * Rejects with OwnershipDoubt if the topic holds something else, ConnectionLost.
 */
export async function settleInDoubt(doubt: Doubt): Promise<number[]> {
  const { topic, startOffset, inDoubt, barrierOffset } = doubt;
  const baseOffsets: number[] = [];
  let endOffset = startOffset;
  if (endOffset < barrierOffset) {
    await readIndexes(doubt, (index) => {
      const expected = inDoubt[baseOffsets.length]?.messageCount;
      if (index - endOffset + 1 !== expected) {
        throw new OwnershipDoubt(
          `${topic}: an entry of offsets ${endOffset} to ${index} is none of those in doubt`,
        );
      }
      baseOffsets.push(endOffset);
      endOffset = index + 1;
      return endOffset === barrierOffset;
    });
  }
  return inDoubt.map((_, index) => baseOffsets[index] ?? -1);
}

/** Calls `take` with the index of each entry from `startOffset` on, until it returns true. */
async function readIndexes(doubt: Doubt, take: (index: number) => boolean): Promise<void> {
  const { connection, topic, after, startOffset, timeoutMs } = doubt;
  let reader: PulsarReader | null = null;
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const late = () => reject(new Error(`${topic}: its tail was not read in ${timeoutMs} ms`));
      timer = setTimeout(late, timeoutMs);
      let finished = false;
      const entry = (_: Buffer, { index }: { index: number }): void => {
        // The start is inclusive, and a reader's start may lie further back if its entry is gone.
        if (finished || index < startOffset) return;
        try {
          finished = take(index);
        } catch (error) {
          finished = true;
          reject(error);
        }
        if (finished) resolve();
      };
      PulsarReader.open(connection, topic, after ?? earliest, permits, {
        entry,
        ended: reject,
      }).then((opened) => {
        reader = opened;
      }, reject);
    });
  } finally {
    clearTimeout(timer);
    (reader as PulsarReader | null)?.close();
  }
}
