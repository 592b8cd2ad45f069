import { plainMetadata } from '../../format/plain-message.js';
import type { OutgoingEntry } from './producer.js';

/** An entry without content that takes so many numbers of the index. */
export function emptyEntry(messageCount: number, nowMs: number): OutgoingEntry {
  const metadata = plainMetadata('', messageCount, nowMs);
  return { messageCount, metadata, payload: [], payloadBytes: 0, checksum: null };
}
