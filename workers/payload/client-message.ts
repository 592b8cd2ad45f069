import { loadCodecs } from '../../native/index.js';
import { checkBatches, hasLegacy } from '../format/kafka-batches.js';
import { convertLegacy } from '../format/legacy-messages.js';
import { type KafkaRecord, recordsIn } from './kafka-record.js';
import { instead, UnreadablePayload } from './unreadable-payload.js';

/** What is needed of a message of the `pulsar-client` package. */
export interface PulsarMessage {
  getTopicName(): string;
  getProperties(): { [key: string]: string };
  getData(): Buffer;
  getMessageId(): { toString(): string };
}

export interface DecodeOptions {
  /** Bound of what a compressed batch inflates to. */
  readonly maxInflatedBytes?: number;
}

/** The property that tells an entry of Kafka's batches, and its values. */
const formatProperty = 'entry.format';
const kafkaFormats = ['kafka', 'mixed_kafka'];

export const defaultMaxInflatedBytes = 64 * 2 ** 20;

/**
 * The records of a message that holds Kafka's batches, as one whole entry; null for any other message, which is what
 * Pulsar's client says it is. Offsets are not known. Throws UnreadablePayload where the batches are not all there; the
 * message must not be acknowledged then.
 */
export function decodeMessage(
  message: PulsarMessage,
  { maxInflatedBytes = defaultMaxInflatedBytes }: DecodeOptions = {},
): KafkaRecord[] | null {
  if (!kafkaFormats.includes(message.getProperties()[formatProperty] ?? '')) return null;
  const topic = message.getTopicName();
  const messageId = message.getMessageId().toString();
  const codecs = loadCodecs();
  try {
    const data = message.getData();
    if (data.length === 0) throw new Error('there are no bytes');
    const view = hasLegacy(data, 0, data.length)
      ? convertLegacy(codecs, data, 0, data.length, maxInflatedBytes)
      : data;
    checkBatches(codecs, view, 0, view.length);
    const origin = { topic, messageId, hasOffsets: false };
    return [...recordsIn(codecs, maxInflatedBytes, view, 0, view.length, origin)];
  } catch (error) {
    const reason = (error as Error).message;
    throw new UnreadablePayload(
      `${topic}: the message ${messageId} is an entry in Kafka's format that is not whole (${reason}). Do not ` +
        `acknowledge it. ${instead}`,
      { cause: error },
    );
  }
}
