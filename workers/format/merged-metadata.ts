/** The metadata of an entry that several entries in the pulsar format have become. */

import { FieldReader, putVarintField } from '../../engine/protocol/pulsar/fields.js';
import { copyBytes } from './copy.js';
import { corrupt } from './entry-fault.js';
import { BATCHES_KEY, TAG } from './message-metadata.js';
import { Property, putPropertyKey } from './properties.js';

const comma = 0x2c;
/** What the longer list of batches and the larger number of messages may take more, but for the list itself. */
const growthBytes = 32;

/**
 * That of the first with the lists of batches of all, whose payloads follow each other; `messages` are in all. Each of
 * `parts` is metadata that Kopje's encoder has written for a batch of no transaction.
 */
export function mergedMetadata(parts: readonly Uint8Array[], messages: number): Uint8Array {
  const first = parts[0]!;
  const lists = parts.map(listIn);
  const listBytes = lists.reduce((sum, list) => sum + list.length + 1, -1);
  const out = Buffer.allocUnsafe(first.length + listBytes + growthBytes);
  const fields = new FieldReader(corrupt).open(first, 0, first.length);
  let to = 0;
  for (let at = 0; fields.next(); at = fields.position) {
    if (fields.tag === TAG.property) to = putLists(out, to, lists, listBytes);
    else if (fields.tag === TAG.messages) to = putVarintField(out, to, TAG.messages, messages);
    else to = copyBytes(first, at, fields.position, out, to);
  }
  return out.subarray(0, to);
}

function putLists(out: Uint8Array, at: number, lists: Uint8Array[], listBytes: number): number {
  let to = putPropertyKey(out, at, TAG.property, BATCHES_KEY, 0, BATCHES_KEY.length, listBytes);
  for (const [index, list] of lists.entries()) {
    if (index > 0) out[to++] = comma;
    to = copyBytes(list, 0, list.length, out, to);
  }
  return to;
}

/** The only property that the encoder gives a whole entry. */
function listIn(metadata: Uint8Array): Uint8Array {
  const fields = new FieldReader(corrupt).open(metadata, 0, metadata.length);
  while (fields.next()) {
    if (fields.tag !== TAG.property) continue;
    const { valueStart, valueEnd } = new Property().read(metadata, fields.start, fields.stop);
    return metadata.subarray(valueStart, valueEnd);
  }
  throw new Error('metadata without a list of batches');
}
