import type { MessageId } from '../../../engine/protocol/pulsar/commands.js';
import type { IndexSource } from './admin.js';
import type { PulsarConnection } from './connection.js';
import { latest, PulsarReader } from './reader.js';

/** A reader is sent an entry within milliseconds; one that does not come is a marker, which none is sent. */
const deliveryTimeoutMs = 2_000;

/** The end of a topic as it was seen at some time. */
export interface Tail {
  /** The last entry; null for a topic without entries. */
  readonly last: MessageId | null;
  /** Index of its last message + 1: the offset of the next one. */
  readonly endOffset: number;
}

/** An entry without an index: the broker does not number them, or does not say. */
export class IndexMissing extends Error {
  override readonly name = 'IndexMissing';

  constructor(topic: string) {
    super(
      `${topic}: the broker sends entries without an index: set brokerEntryMetadataInterceptors to ` +
        'org.apache.pulsar.common.intercept.AppendIndexMetadataInterceptor and ' +
        'exposingBrokerEntryMetadataToClientEnabled=true in broker.conf, and restart it',
    );
  }
}

/**
 * Reads what the topic's end is. Sends of a writer before this one may still be on their way into the topic:
 * what is found is where the end was, not where the next entry will be.
 */
export async function readTail(
  connection: PulsarConnection,
  admin: IndexSource,
  topic: string,
): Promise<Tail> {
  const last = await lastEntry(connection, topic);
  if (last.entryId < 0) return { last: null, endOffset: (await admin.ledgerIndex(topic)) + 1 };
  return { last, endOffset: (await indexOf(connection, admin, topic, last)) + 1 };
}

/** Index of the last message of an entry. Rejects with IndexMissing, AdminError. */
export async function indexOf(
  connection: PulsarConnection,
  admin: IndexSource,
  topic: string,
  id: MessageId,
): Promise<number> {
  return (
    (await deliveredIndex(connection, topic, id)) ??
    admin.entryIndex(topic, id.ledgerId, id.entryId)
  );
}

async function lastEntry(connection: PulsarConnection, topic: string): Promise<MessageId> {
  const silent = { entry: () => undefined, ended: () => undefined };
  const reader = await PulsarReader.open(connection, topic, latest, 1, silent);
  try {
    return await reader.lastMessageId();
  } finally {
    reader.close();
  }
}

/** Null where the entry is not delivered. */
async function deliveredIndex(
  connection: PulsarConnection,
  topic: string,
  id: MessageId,
): Promise<number | null> {
  let reader: PulsarReader | null = null;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<number | null>((resolve, reject) => {
      timer = setTimeout(() => resolve(null), deliveryTimeoutMs);
      const events = {
        entry: (_: Buffer, entry: { ledgerId: number; entryId: number; index: number }) => {
          const isIt = entry.ledgerId === id.ledgerId && entry.entryId === id.entryId;
          if (isIt && entry.index < 0) reject(new IndexMissing(topic));
          // Another one in its place: it is a marker, or gone.
          else resolve(isIt ? entry.index : null);
        },
        ended: reject,
      };
      PulsarReader.open(connection, topic, id, 1, events).then((opened) => {
        reader = opened;
      }, reject);
    });
  } finally {
    clearTimeout(timer);
    (reader as PulsarReader | null)?.close();
  }
}
