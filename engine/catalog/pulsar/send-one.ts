import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { PulsarConnection } from '../../../workers/log/pulsar/connection.js';
import { type OutgoingEntry, PulsarProducer } from '../../../workers/log/pulsar/producer.js';
import type { AccessMode, MessageId } from '../../protocol/pulsar/commands.js';

const receiptTimeoutMs = 30_000;

/** An entry without content that takes so many numbers of the index. */
function emptyEntry(messageCount: number): OutgoingEntry {
  const fields = { producerName: 1, sequenceId: 2, publishTime: 3, messages: 11 };
  const metadata = new BinaryWriter()
    .tag(fields.producerName, WireType.LengthDelimited)
    .string('')
    .tag(fields.sequenceId, WireType.Varint)
    .uint64(0)
    .tag(fields.publishTime, WireType.Varint)
    .uint64(Date.now())
    .tag(fields.messages, WireType.Varint)
    .int32(messageCount)
    .finish();
  return { messageCount, metadata, payload: [], payloadBytes: 0, checksum: null };
}

/** Stores one empty entry that counts for so many messages; returns where it is. */
export async function sendOne(
  connection: PulsarConnection,
  topic: string,
  accessMode: AccessMode,
  messageCount: number,
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
    producer.send(emptyEntry(messageCount));
    return await outcome;
  } finally {
    clearTimeout(timer);
    // Whatever it was not told is not there to be waited for.
    producer.close().catch(() => undefined);
  }
}
