/** What can be said of a record set before the bytes of its batch are read. */
import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import {
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_OVERHEAD_BYTES,
  batchSizeBytes,
  MAGIC_V2,
  magic,
} from '../../engine/protocol/kafka/record-batch.js';
import { EnvelopeFault } from '../ring/refusal.js';
import type { Verdict } from './verdict.js';

/** Length and magic are within these; with fewer bytes left there is no further batch. */
const prefixBytes = 17;
/** The least that a message of any magic takes behind its length field. */
const leastLengthBytes = 14;

/**
 * `view[start, end)` must begin with exactly one whole batch v2 (Produce v3+, KIP-98). Like Kafka, bytes
 * behind it that hold no whole batch are left out of the log and held against nobody.
 */
export function checkEnvelope(
  view: Uint8Array,
  start: number,
  end: number,
  verdict: Verdict,
): number {
  verdict.fault = envelopeFault(view, start, end);
  if (verdict.fault === EnvelopeFault.badPrefix) {
    verdict.detail = { message: describePrefix(view, start), recordErrors: [] };
  }
  return errorOf(verdict.fault);
}

function envelopeFault(view: Uint8Array, start: number, end: number): number {
  if (end - start < prefixBytes) return EnvelopeFault.noBatch;
  if (!isPrefixSound(view, start)) return EnvelopeFault.badPrefix;
  const sizeBytes = batchSizeBytes(view, start);
  if (sizeBytes > end - start) return EnvelopeFault.cutShort;
  if (magic(view, start) !== MAGIC_V2) return EnvelopeFault.oldMagic;
  const next = start + sizeBytes;
  if (end - next >= prefixBytes) {
    if (!isPrefixSound(view, next)) return EnvelopeFault.badRemainder;
    if (batchSizeBytes(view, next) <= end - next) return EnvelopeFault.severalBatches;
  }
  return sizeBytes < BATCH_HEADER_BYTES ? EnvelopeFault.shortHeader : 0;
}

function errorOf(fault: number): number {
  switch (fault) {
    case 0:
      return ErrorCode.NONE;
    case EnvelopeFault.badPrefix:
    case EnvelopeFault.badRemainder:
    case EnvelopeFault.shortHeader:
      return ErrorCode.CORRUPT_MESSAGE;
    default:
      return ErrorCode.INVALID_RECORD;
  }
}

function lengthBytes(view: Uint8Array, start: number): number {
  return batchSizeBytes(view, start) - BATCH_LENGTH_OVERHEAD_BYTES;
}

function isPrefixSound(view: Uint8Array, start: number): boolean {
  const found = magic(view, start);
  return lengthBytes(view, start) >= leastLengthBytes && found >= 0 && found <= MAGIC_V2;
}

function describePrefix(view: Uint8Array, start: number): string {
  const bytes = lengthBytes(view, start);
  if (bytes >= leastLengthBytes) return `Batch with the unknown magic ${magic(view, start)}`;
  return `Batch of length ${bytes}, less than the ${leastLengthBytes} of any message`;
}
