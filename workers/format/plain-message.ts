/** Entries that are one message of any Pulsar client's: what Kopje writes to topics of its own. */

import { putBytesHead, putVarintField } from '../../engine/protocol/pulsar/fields.js';
import { copyBytes } from './copy.js';
import { TAG } from './message-metadata.js';

/** More than the fields take whose size is bounded, with their tags. */
const fixedBytes = 64;

/** The metadata of a message without properties; `key` is text, '' for none, `messages` what it counts for. */
export function plainMetadata(key: string, messages: number, nowMs: number): Uint8Array {
  const keyBytes = Buffer.from(key);
  const out = Buffer.allocUnsafeSlow(fixedBytes + keyBytes.length);
  let to = putBytesHead(out, 0, TAG.producerName, 0);
  to = putVarintField(out, to, TAG.sequenceId, 0);
  to = putVarintField(out, to, TAG.publishTime, nowMs);
  if (keyBytes.length > 0) {
    to = putBytesHead(out, to, TAG.partitionKey, keyBytes.length);
    to = copyBytes(keyBytes, 0, keyBytes.length, out, to);
  }
  // One message of a batch is not the same as a message by itself.
  if (messages > 1) to = putVarintField(out, to, TAG.messages, messages);
  return out.subarray(0, to);
}
