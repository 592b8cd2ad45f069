/**
 * What stands around an entry, on the wire and in a bookie:
 * `[u16 0x0e02 | u32 size | BrokerEntryMetadata] [u16 0x0e01 | u32 crc32c] u32 metadataSize | metadata | payload`.
 */

import { FieldReader } from './fields.js';
import { PulsarFormatError } from './format-error.js';

export const checksumMagic = 0x0e01;
const brokerEntryMagic = 0x0e02;
const lengthBytes = 4;

const fields = new FieldReader();

/** What stands around an entry's metadata and payload, on the wire and in a bookie; the caller owns and reuses it. */
export interface EntryEnvelope {
  /** Index of the entry's last message; -1 where the broker sent none. */
  index: number;
  /** Broker's clock at the append, ms; -1 where the broker sent none. */
  brokerTimestamp: number;
  /** Checksum over `[metadataSizeAt, end)`; -1 where there is none. */
  checksum: number;
  /** Where the size of the metadata stands; the metadata and the payload follow. */
  metadataSizeAt: number;
  metadataStart: number;
  payloadStart: number;
  end: number;
}

/** The blocks before an entry's metadata, each with a magic of its own. Throws PulsarFormatError. */
export function readEnvelope(
  view: Uint8Array,
  start: number,
  end: number,
  out: EntryEnvelope,
): void {
  out.index = -1;
  out.brokerTimestamp = -1;
  out.checksum = -1;
  out.end = end;
  let at = start;
  if (end - at >= 6 && uint16At(view, at) === brokerEntryMagic) {
    const sizeBytes = uint32At(view, at + 2);
    at += 6;
    if (sizeBytes > end - at)
      throw new PulsarFormatError('broker entry metadata that ends beyond its entry');
    readBrokerEntry(view, at, at + sizeBytes, out);
    at += sizeBytes;
  }
  if (end - at >= 6 && uint16At(view, at) === checksumMagic) {
    out.checksum = uint32At(view, at + 2);
    at += 6;
  }
  if (end - at < lengthBytes) throw new PulsarFormatError('an entry without metadata');
  const metadataBytes = uint32At(view, at);
  out.metadataSizeAt = at;
  out.metadataStart = at + lengthBytes;
  if (metadataBytes > end - out.metadataStart) {
    throw new PulsarFormatError('metadata that ends beyond its entry');
  }
  out.payloadStart = out.metadataStart + metadataBytes;
}

function readBrokerEntry(view: Uint8Array, start: number, end: number, out: EntryEnvelope): void {
  fields.open(view, start, end);
  while (fields.next()) {
    if (fields.tag === 0x08) out.brokerTimestamp = fields.id;
    else if (fields.tag === 0x10) out.index = fields.id;
  }
}

export function uint32At(view: Uint8Array, at: number): number {
  return (
    (((view[at] as number) << 24) |
      ((view[at + 1] as number) << 16) |
      ((view[at + 2] as number) << 8) |
      (view[at + 3] as number)) >>>
    0
  );
}

function uint16At(view: Uint8Array, at: number): number {
  return ((view[at] as number) << 8) | (view[at + 1] as number);
}
