/** What stands around an entry's metadata and payload, in a bookie and on the wire. All sizes are big-endian. */
import { int32At, putInt32 } from '../../engine/protocol/kafka/big-endian.js';
import type { Codecs } from '../../native/codecs.js';
import { corrupt } from './entry-fault.js';
import { FieldReader, varintTag } from './fields.js';

/** Magic of the broker's own metadata, written in front of what the producer sent. */
const BROKER_MAGIC = 0x0e02;
const CHECKSUM_MAGIC = 0x0e01;
const TAG_BROKER_TIMESTAMP = varintTag(1);
const TAG_INDEX = varintTag(2);

/** Bytes of the checksum block: the magic and a CRC32C of everything behind it. */
export const CHECKSUM_BYTES = 6;
/** Bytes of the metadata's size. */
export const METADATA_SIZE_BYTES = 4;

/** Finds the parts of one entry. */
export class Envelope {
  /** Of the entry's last message, -1 without broker metadata. */
  index = -1;
  /** Ms, -1 where the broker does not add it. */
  brokerTimestamp = -1;
  metadataStart = 0;
  /** The payload begins here. */
  metadataEnd = 0;
  private readonly fields = new FieldReader();

  /** Reads the envelope of the entry `view[start, end)` and checks its CRC, if it has one. Throws EntryFault. */
  read(codecs: Codecs, view: Uint8Array, start: number, end: number): void {
    let at = this.readBroker(view, start, end);
    if (end - at >= CHECKSUM_BYTES && magicAt(view, at) === CHECKSUM_MAGIC) {
      const stored = int32At(view, at + 2) >>> 0;
      at += CHECKSUM_BYTES;
      if (codecs.crc32c(view, at, end) !== stored) throw corrupt('the entry has a wrong CRC');
    }
    const metadataBytes = end - at < METADATA_SIZE_BYTES ? -1 : int32At(view, at);
    at += METADATA_SIZE_BYTES;
    if (metadataBytes < 0 || metadataBytes > end - at) {
      throw corrupt(`the entry ends before its metadata, at byte ${end - start}`);
    }
    this.metadataStart = at;
    this.metadataEnd = at + metadataBytes;
  }

  private readBroker(view: Uint8Array, start: number, end: number): number {
    this.index = -1;
    this.brokerTimestamp = -1;
    if (end - start < 6 || magicAt(view, start) !== BROKER_MAGIC) return start;
    const sizeBytes = int32At(view, start + 2);
    const from = start + 6;
    if (sizeBytes < 0 || sizeBytes > end - from) {
      throw corrupt('the entry ends before its broker metadata');
    }
    const fields = this.fields.open(view, from, from + sizeBytes);
    while (fields.next()) {
      if (fields.tag === TAG_INDEX) this.index = fields.value;
      else if (fields.tag === TAG_BROKER_TIMESTAMP) this.brokerTimestamp = fields.value;
    }
    return from + sizeBytes;
  }
}

function magicAt(view: Uint8Array, at: number): number {
  return (view[at]! << 8) | view[at + 1]!;
}

/** Fills in the checksum block at `start` of an entry that ends at `end`. */
export function putChecksum(codecs: Codecs, out: Uint8Array, start: number, end: number): void {
  out[start] = CHECKSUM_MAGIC >> 8;
  out[start + 1] = CHECKSUM_MAGIC & 0xff;
  putInt32(out, start + 2, codecs.crc32c(out, start + CHECKSUM_BYTES, end) | 0);
}
