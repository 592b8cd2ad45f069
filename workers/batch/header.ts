/** Changes to the header of a record batch v2 in place; what is read of it is in `record-batch.ts`. */
import {
  attributes,
  BATCH_ATTRIBUTE,
  BATCH_FIELD,
  batchCrc,
  setAttributes,
  setBatchCrc,
  setBatchLength,
  setMaxTimestamp,
} from '../../engine/protocol/kafka/record-batch.js';
import type { Codecs } from '../../native/codecs.js';

/**
 * Changes attributes and maxTimestamp, and the CRC with them. A CRC is linear: the change of the 22 bytes
 * from attributes to maxTimestamp, carried over the length of the rest, is the change of the whole, so
 * that no record is read again.
 */
export function setTimestampFields(
  codecs: Codecs,
  view: Uint8Array,
  start: number,
  end: number,
  newAttributes: number,
  newMaxTimestamp: number,
): void {
  const from = start + BATCH_FIELD.attributes;
  const to = start + BATCH_FIELD.producerId;
  const before = codecs.crc32c(view, from, to);
  setAttributes(view, start, newAttributes);
  setMaxTimestamp(view, start, newMaxTimestamp);
  const after = codecs.crc32c(view, from, to);
  const change = codecs.crc32cCombine((before ^ after) >>> 0, 0, end - to);
  setBatchCrc(view, start, batchCrc(view, start) ^ change);
}

/** After the records of a batch were replaced: its length, compression and CRC. `view` is one batch. */
export function sealBatch(codecs: Codecs, view: Uint8Array, compression: number): void {
  setBatchLength(view, 0, view.length);
  setAttributes(view, 0, (attributes(view, 0) & ~BATCH_ATTRIBUTE.compression) | compression);
  setBatchCrc(view, 0, codecs.crc32c(view, BATCH_FIELD.attributes, view.length));
}
