import { randomBytes } from 'node:crypto';
import { uint32At } from '../../../engine/protocol/pulsar/envelope.js';
import type { Codecs } from '../../../native/codecs.js';
import { METADATA_SIZE_BYTES } from '../../format/envelope.js';
import { TAG } from '../../format/message-metadata.js';
import { propertyBytes, putProperty } from '../../format/properties.js';
import type { OutgoingEntry } from './producer.js';

const stampKey = Buffer.from('kopje.send');
const idBytes = 9;
/** Of a stamp's number: room for 2^53. */
const numberRadix = 36;
const numberDigits = 11;
const valueBytes = (idBytes / 3) * 4 + 1 + numberDigits;
/** What a stamp takes. */
export const stampBytes = propertyBytes(TAG.property, stampKey.length, valueBytes);
/** Magic of a checksum, and what it takes with it. */
const checksumMagic = 0x0e01;
const checksumBytes = 6;

/**
 * Tells a sender's own entries from all others in a topic: a property of the whole entry, which Pulsar's consumers and
 * KoP pass over, in the last bytes of its metadata.
 */
export class Stamps {
  readonly #codecs: Codecs;
  /** None of another sender's is the same. */
  readonly #id = randomBytes(idBytes).toString('base64url');
  #number = 0;

  constructor(codecs: Codecs) {
    this.#codecs = codecs;
  }

  /** The entry with the next stamp, and the stamp. */
  put(entry: OutgoingEntry): { metadata: Uint8Array; checksum: number | null; stamp: Uint8Array } {
    const number = (this.#number++).toString(numberRadix).padStart(numberDigits, '0');
    const value = Buffer.from(`${this.#id}:${number}`);
    const plainBytes = entry.metadata.length;
    const metadataBytes = plainBytes + stampBytes;
    const head = Buffer.allocUnsafe(METADATA_SIZE_BYTES + metadataBytes);
    head.writeUInt32BE(metadataBytes);
    head.set(entry.metadata, METADATA_SIZE_BYTES);
    putProperty(head, METADATA_SIZE_BYTES + plainBytes, TAG.property, stampKey, value);
    const metadata = head.subarray(METADATA_SIZE_BYTES);
    const stamp = metadata.subarray(plainBytes);
    return { metadata, checksum: this.#checksum(entry, head), stamp };
  }

  #checksum({ checksum, payload }: OutgoingEntry, head: Uint8Array): number | null {
    if (checksum === null) return null;
    let sum = this.#codecs.crc32c(head, 0, head.length);
    for (const part of payload) sum = this.#codecs.crc32c(part, 0, part.length, sum);
    return sum;
  }
}

/** Where the stamp of the entry `view[start, end)` is, if it has one; -1 where there is no room for it. */
export function stampStart(view: Uint8Array, start: number, end: number): number {
  const magic = ((view[start] as number) << 8) | (view[start + 1] as number);
  const sizeAt = magic === checksumMagic ? start + checksumBytes : start;
  const metadataStart = sizeAt + METADATA_SIZE_BYTES;
  if (metadataStart > end) return -1;
  const metadataEnd = metadataStart + uint32At(view, sizeAt);
  const at = metadataEnd - stampBytes;
  return metadataEnd > end || at < metadataStart ? -1 : at;
}

/** How much of a stamp is the same as what `stampStart` found. */
export type StampMatch = 'this' | 'other-of-sender' | 'none';

export function matchStamp(view: Uint8Array, at: number, stamp: Uint8Array): StampMatch {
  if (at === -1) return 'none';
  for (let index = 0; index < stampBytes; index++) {
    if (view[at + index] === stamp[index]) continue;
    return index < stampBytes - numberDigits ? 'none' : 'other-of-sender';
  }
  return 'this';
}
