/** What stands around an entry's metadata and payload, checked. */
import { putInt32 } from '../../engine/protocol/kafka/big-endian.js';
import { type EntryEnvelope, readEnvelope } from '../../engine/protocol/pulsar/envelope.js';
import { PulsarFormatError } from '../../engine/protocol/pulsar/format-error.js';
import type { Codecs } from '../../native/codecs.js';
import { corrupt } from './entry-fault.js';

const CHECKSUM_MAGIC = 0x0e01;

/** Bytes of the checksum block: the magic and a CRC32C of everything behind it. */
export const CHECKSUM_BYTES = 6;
/** Bytes of the metadata's size. */
export const METADATA_SIZE_BYTES = 4;

/** Finds the parts of one entry. */
export class Envelope implements EntryEnvelope {
  index = -1;
  brokerTimestamp = -1;
  checksum = -1;
  metadataSizeAt = 0;
  metadataStart = 0;
  payloadStart = 0;
  end = 0;

  /** Reads the envelope of the entry `view[start, end)` and checks its CRC, if it has one. Throws EntryFault. */
  read(codecs: Codecs, view: Uint8Array, start: number, end: number): void {
    try {
      readEnvelope(view, start, end, this);
    } catch (error) {
      if (!(error instanceof PulsarFormatError)) throw error;
      throw corrupt(error.message);
    }
    if (this.checksum === -1) return;
    if (codecs.crc32c(view, this.metadataSizeAt, end) === this.checksum) return;
    throw corrupt('the entry has a wrong CRC');
  }
}

/** Fills in the checksum block at `start` of an entry that ends at `end`. */
export function putChecksum(codecs: Codecs, out: Uint8Array, start: number, end: number): void {
  out[start] = CHECKSUM_MAGIC >> 8;
  out[start + 1] = CHECKSUM_MAGIC & 0xff;
  putInt32(out, start + 2, codecs.crc32c(out, start + CHECKSUM_BYTES, end) | 0);
}
