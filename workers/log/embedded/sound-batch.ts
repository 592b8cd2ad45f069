import {
  BATCH_FIELD,
  BATCH_HEADER_BYTES,
  baseOffset,
  batchCrc,
  batchSizeBytes,
  lastOffsetDelta,
  MAGIC_V2,
  magic,
} from '../../../engine/protocol/kafka/record-batch.js';
import type { Codecs } from '../../../native/codecs.js';
import type { Disk } from './disk.js';
import type { Segment } from './segment.js';

const blockBytes = 2 ** 20;

/**
 * Whether a batch with a fitting CRC begins anywhere in a segment from byte `from` on. Lengths behind damage mean
 * nothing, so every byte is tried; magic and offset rule out nearly all before the CRC is computed.
 */
export function holdsSoundBatch(
  disk: Disk,
  codecs: Codecs,
  segment: Segment,
  from: number,
  nextOffset: number,
): boolean {
  const block = new Uint8Array(blockBytes + BATCH_HEADER_BYTES);
  for (let position = from; position < segment.sizeBytes; position += blockBytes) {
    const wanted = Math.min(block.length, segment.sizeBytes - position);
    const bytes = disk.read(segment.fd, block, 0, wanted, position);
    const last = Math.min(bytes - BATCH_HEADER_BYTES, blockBytes - 1);
    for (let at = 0; at <= last; at++) {
      if (magic(block, at) !== MAGIC_V2) continue;
      const sizeBytes = batchSizeBytes(block, at);
      const end = position + at + sizeBytes;
      if (sizeBytes < BATCH_HEADER_BYTES || end > segment.sizeBytes) continue;
      const offset = baseOffset(block, at);
      if (offset < nextOffset || offset - segment.baseOffset > 2 ** 31) continue;
      if (lastOffsetDelta(block, at) < 0) continue;
      if (isSound(disk, codecs, segment, position + at, sizeBytes, batchCrc(block, at)))
        return true;
    }
  }
  return false;
}

function isSound(
  disk: Disk,
  codecs: Codecs,
  segment: Segment,
  position: number,
  sizeBytes: number,
  crc: number,
): boolean {
  const part = new Uint8Array(Math.min(sizeBytes, blockBytes));
  const end = position + sizeBytes;
  let found = 0;
  for (let from = position + BATCH_FIELD.attributes; from < end; from += part.length) {
    const bytes = disk.read(segment.fd, part, 0, Math.min(part.length, end - from), from);
    found = codecs.crc32c(part, 0, bytes, found);
  }
  return found === crc;
}
