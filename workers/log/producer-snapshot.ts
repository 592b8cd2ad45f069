import {
  int16At,
  int32At,
  int64At,
  putInt16,
  putInt32,
  putInt64,
} from '../../engine/protocol/kafka/big-endian.js';
import type { Codecs } from '../../native/codecs.js';
import type { ProducerSnapshotEntry } from './log.js';

const version = 1;
/** int16 version, uint32 CRC32C of all that follows, int32 count. */
const headerBytes = 10;
const crcEnd = 6;
const entryBytes = 46;

/** A producer snapshot in the format of Kafka's `ProducerStateManager`, version 1. */
export function encodeSnapshot(codecs: Codecs, entries: ProducerSnapshotEntry[]): Uint8Array {
  const bytes = new Uint8Array(headerBytes + entries.length * entryBytes);
  putInt16(bytes, 0, version);
  putInt32(bytes, crcEnd, entries.length);
  let at = headerBytes;
  for (const entry of entries) {
    putInt64(bytes, at, entry.producerId);
    putInt16(bytes, at + 8, entry.producerEpoch);
    putInt32(bytes, at + 10, entry.lastSequence);
    putInt64(bytes, at + 14, entry.lastOffset);
    putInt32(bytes, at + 22, entry.offsetDelta);
    putInt64(bytes, at + 26, entry.timestamp);
    putInt32(bytes, at + 34, entry.coordinatorEpoch);
    putInt64(bytes, at + 38, entry.currentTxnFirstOffset);
    at += entryBytes;
  }
  putInt32(bytes, 2, codecs.crc32c(bytes, crcEnd, bytes.length) | 0);
  return bytes;
}

/** Null for bytes that are not a whole snapshot. */
export function decodeSnapshot(codecs: Codecs, bytes: Uint8Array): ProducerSnapshotEntry[] | null {
  if (bytes.length < headerBytes || int16At(bytes, 0) !== version) return null;
  if (int32At(bytes, 2) >>> 0 !== codecs.crc32c(bytes, crcEnd, bytes.length)) return null;
  const count = int32At(bytes, crcEnd);
  if (count < 0 || bytes.length !== headerBytes + count * entryBytes) return null;
  const entries: ProducerSnapshotEntry[] = [];
  for (let at = headerBytes; at < bytes.length; at += entryBytes) {
    entries.push({
      producerId: int64At(bytes, at),
      producerEpoch: int16At(bytes, at + 8),
      lastSequence: int32At(bytes, at + 10),
      lastOffset: int64At(bytes, at + 14),
      offsetDelta: int32At(bytes, at + 22),
      timestamp: int64At(bytes, at + 26),
      coordinatorEpoch: int32At(bytes, at + 34),
      currentTxnFirstOffset: int64At(bytes, at + 38),
    });
  }
  return entries;
}
