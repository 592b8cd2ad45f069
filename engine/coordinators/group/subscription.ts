import { ProtocolError } from '../../protocol/kafka/protocol-error.js';
import { Reader } from '../../protocol/kafka/reader.js';

/**
 * The topics of a `ConsumerProtocolSubscription` (any version: they come first after the version), or
 * null where the bytes are no such thing: a group may call its protocol "consumer" and send what it
 * likes.
 */
export function subscribedTopicsOf(metadata: Uint8Array): string[] | null {
  try {
    const reader = new Reader(metadata);
    if (reader.int16() < 0) return null;
    const topics: string[] = [];
    for (let left = reader.arrayLength(false); left > 0; left--) topics.push(reader.string(false));
    return topics;
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}
