import {
  BatchCheck,
  BatchCheckFlags,
  BatchFault,
  batchHeaderBytes,
  CodecError,
} from '../codecs.js';
import { type RecordHeaderFacts, walkRecords } from './record-walk.js';

/** What the check needs from the codecs around it. */
export interface CheckSource {
  crc32c(view: Uint8Array, start: number, end: number): number;
  inflate(
    compression: number,
    view: Uint8Array,
    start: number,
    end: number,
    maxBytes: number,
  ): Uint8Array;
}

const crcStart = 21;
const compressionMask = 0x07;
const logAppendTimeBit = 0x08;
const controlBit = 0x20;

const maxSafe = 2 ** 53;

/** `Codecs.checkBatch` in TypeScript; compressed records are decompressed as a whole. */
export function checkBatch(
  source: CheckSource,
  view: Uint8Array,
  start: number,
  end: number,
  flags: number,
  maxInflatedBytes: number,
  out: Float64Array,
): number {
  out.fill(-1);
  out[BatchCheck.inflatedBytes] = 0;
  const header = new DataView(view.buffer, view.byteOffset + start, end - start);
  const fault = checkHeader(source, view, start, end, header, flags);
  if (fault !== BatchFault.none) return fault;
  const facts = readFacts(header);
  if ((flags & BatchCheckFlags.headersOnly) !== 0) {
    fillFromHeader(header, facts, out);
    return BatchFault.none;
  }
  const compression = header.getUint16(21) & compressionMask;
  const records = start + batchHeaderBytes;
  if (compression === 0) {
    out[BatchCheck.inflatedBytes] = end - records;
    return walkRecords(view, records, end, facts, flags, out);
  }
  let plain: Uint8Array;
  try {
    plain = source.inflate(compression, view, records, end, maxInflatedBytes);
  } catch (error) {
    return faultOf(error);
  }
  out[BatchCheck.inflatedBytes] = plain.length;
  return walkRecords(plain, 0, plain.length, facts, flags, out);
}

function faultOf(error: unknown): number {
  if (!(error instanceof CodecError)) throw error;
  if (error.code === 'too-large') return BatchFault.inflatesTooLarge;
  if (error.code === 'unsupported') return BatchFault.unsupportedCompression;
  return BatchFault.corruptCompression;
}

function checkHeader(
  source: CheckSource,
  view: Uint8Array,
  start: number,
  end: number,
  header: DataView,
  flags: number,
): number {
  const stored = (flags & BatchCheckFlags.stored) !== 0;
  const bytes = end - start;
  if (bytes < batchHeaderBytes) return BatchFault.truncated;
  const lengthField = header.getInt32(8);
  if (lengthField < batchHeaderBytes - 12 || lengthField + 12 < bytes) return BatchFault.badLength;
  if (lengthField + 12 > bytes) return BatchFault.truncated;
  if (header.getInt8(16) !== 2) return BatchFault.badMagic;
  if (!stored && (header.getUint32(0) !== 0 || header.getUint32(4) !== 0)) {
    return BatchFault.badBaseOffset;
  }
  if (source.crc32c(view, start + crcStart, end) !== header.getUint32(17)) return BatchFault.badCrc;
  const attributes = header.getUint16(21);
  if ((attributes & compressionMask) > 4) return BatchFault.badAttributes;
  const count = header.getInt32(57);
  const lastOffsetDelta = header.getInt32(23);
  // A log may hold batches that compaction thinned out, or emptied.
  if (stored)
    return count < 0 || lastOffsetDelta < count - 1 ? BatchFault.badCount : BatchFault.none;
  if (count <= 0 || count !== lastOffsetDelta + 1) return BatchFault.badCount;
  if ((attributes & controlBit) !== 0) return BatchFault.controlBatch;
  // The high word holds the sign of the producer id: -1 means there is none.
  if (header.getInt32(43) >= 0 && header.getInt32(53) < 0) return BatchFault.badSequence;
  return BatchFault.none;
}

function readFacts(header: DataView): RecordHeaderFacts {
  const isLogAppendTime = (header.getUint16(21) & logAppendTimeBit) !== 0;
  return {
    count: header.getInt32(57),
    lastOffsetDelta: header.getInt32(23),
    baseTimestampHigh: header.getInt32(27),
    baseTimestampLow: header.getUint32(31),
    logAppendTime: isLogAppendTime ? timestampAt(header, 35) : Number.NaN,
  };
}

function timestampAt(header: DataView, at: number): number {
  const value = header.getInt32(at) * 2 ** 32 + header.getUint32(at + 4);
  return Math.min(maxSafe, Math.max(-maxSafe, value));
}

function fillFromHeader(header: DataView, facts: RecordHeaderFacts, out: Float64Array): void {
  out[BatchCheck.recordCount] = facts.count;
  out[BatchCheck.maxTimestamp] = timestampAt(header, 35);
  out[BatchCheck.minTimestamp] = timestampAt(header, 27);
}
