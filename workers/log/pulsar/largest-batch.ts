import { KAFKA_ENVELOPE_BYTES } from '../../format/entry-encoder.js';
import { stampBytes } from './stamp.js';

/**
 * The largest batch that every topic takes where brokers take messages of `maxMessageBytes`. In the pulsar format, where
 * records lie singly and plain, it depends on them: there a batch may be refused that is smaller.
 */
export function largestBatch(maxMessageBytes: number): number {
  return maxMessageBytes - KAFKA_ENVELOPE_BYTES - stampBytes;
}
