import type { MessageId } from '../../../engine/protocol/pulsar/commands.js';
import type { Codecs } from '../../../native/codecs.js';
import type { ProducerSnapshotEntry } from '../log.js';
import { decodeSnapshot } from '../producer-snapshot.js';
import { placesIn } from './snapshot-place.js';
import type { SnapshotStore } from './snapshot-topic.js';

/** What is known of producers from all batches below an offset. */
export interface LoadedSnapshot {
  readonly offset: number;
  readonly after: MessageId | null;
  readonly rows: ProducerSnapshotEntry[];
}

/**
 * The newest snapshot that the properties of a topic name, that counts no further than its end and can still be read.
 * @param failed told of each that cannot
 */
export async function loadSnapshot(
  store: SnapshotStore,
  codecs: Codecs,
  properties: Readonly<Record<string, string>>,
  topicId: string,
  endOffset: number,
  failed: (offset: number, reason: string) => void,
): Promise<LoadedSnapshot | null> {
  for (const { offset, after, parts } of placesIn(properties, topicId)) {
    if (offset > endOffset) continue;
    try {
      const rows: ProducerSnapshotEntry[] = [];
      for (const part of parts) {
        const found = decodeSnapshot(codecs, await store.read(part));
        if (found === null) throw new Error(`${part.ledgerId}:${part.entryId} is no snapshot`);
        rows.push(...found);
      }
      return { offset, after, rows };
    } catch (error) {
      failed(offset, (error as Error).message);
    }
  }
  return null;
}
