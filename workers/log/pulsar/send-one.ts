import type { AccessMode, MessageId } from '../../../engine/protocol/pulsar/commands.js';
import type { PulsarConnection } from './connection.js';
import { type OutgoingEntry, PulsarProducer } from './producer.js';

const receiptTimeoutMs = 30_000;

/** Stores one entry; returns where it is. Rejects with PulsarError, ConnectionLost. */
export async function sendOne(
  connection: PulsarConnection,
  topic: string,
  accessMode: AccessMode,
  entry: OutgoingEntry,
): Promise<MessageId> {
  let stored: (id: MessageId) => void = () => undefined;
  let failed: (reason: Error) => void = () => undefined;
  const outcome = new Promise<MessageId>((resolve, reject) => {
    stored = resolve;
    failed = reject;
  });
  const options = { topic, accessMode, topicEpoch: null };
  const producer = await PulsarProducer.open(connection, options, {
    acknowledged: (_, ledgerId, entryId) => stored({ ledgerId, entryId }),
    ended: (reason) => failed(reason),
  });
  const timer = setTimeout(() => failed(new Error(`${topic}: no receipt`)), receiptTimeoutMs);
  try {
    producer.sendFirst(entry);
    return await outcome;
  } finally {
    clearTimeout(timer);
    // Whatever it was not told is not there to be waited for.
    producer.close().catch(() => undefined);
  }
}
