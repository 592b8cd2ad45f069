/**
 * Messages of the formats 0 and 1 (before Kafka 0.11), which KoP stored as old producers sent them, made into
 * batches v2. Rare data, so that each entry gets memory of its own.
 */
import { crc32 } from 'node:zlib';
import { int32At, int64At } from '../../engine/protocol/kafka/big-endian.js';
import {
  BATCH_ATTRIBUTE,
  BATCH_HEADER_BYTES,
  batchSizeBytes,
  magic,
} from '../../engine/protocol/kafka/record-batch.js';
import { CodecError, type Codecs } from '../../native/codecs.js';
import { BatchWriter, NULL_BYTES, sizedBytes } from './batch-writer.js';
import { corrupt, EntryFault } from './entry-fault.js';
import { isLegacy } from './kafka-batches.js';

/** Where each field of a message starts; in format 0 key and value follow the attributes. */
const field = { crc: 12, magic: 16, attributes: 17, timestamp: 18 } as const;
/** The least that a message takes: offset, size, CRC, magic, attributes, two lengths. */
const leastBytes = 26;
/** A record v2 takes less than this times the size of the message it was. */
const mostGrowth = 3;

/** One message, read where it lies. */
class Message {
  attributes = 0;
  timestamp = -1;
  /** -1 for null, as the value's. */
  keyStart = -1;
  keyEnd = -1;
  valueStart = -1;
  valueEnd = -1;
  end = 0;

  read(view: Uint8Array, at: number, end: number): this {
    const sizeBytes = end - at < leastBytes ? -1 : batchSizeBytes(view, at);
    if (sizeBytes < leastBytes || sizeBytes > end - at || !isLegacy(view, at)) {
      throw corrupt(`no whole message of an old format at byte ${at}`);
    }
    this.end = at + sizeBytes;
    const sum = crc32(view.subarray(at + field.magic, this.end));
    if (sum !== int32At(view, at + field.crc) >>> 0) throw corrupt('a message with a wrong CRC');
    this.attributes = view[at + field.attributes]!;
    const hasTime = magic(view, at) === 1;
    this.timestamp = hasTime ? int64At(view, at + field.timestamp) : -1;
    this.keyEnd = this.sized(view, at + field.timestamp + (hasTime ? 8 : 0));
    this.keyStart = this.start;
    this.valueEnd = this.sized(view, this.keyEnd);
    this.valueStart = this.start;
    if (this.valueEnd !== this.end) throw corrupt('a message that is longer than its content');
    return this;
  }

  private start = -1;

  /** Passes over bytes behind their length; returns where they end. */
  private sized(view: Uint8Array, at: number): number {
    const length = at + 4 > this.end ? -2 : int32At(view, at);
    if (length < -1 || length > this.end - at - 4) throw corrupt('a message cut short');
    this.start = length === -1 ? -1 : at + 4;
    return at + 4 + Math.max(0, length);
  }
}

/** The payload `view[start, end)` with every old message made into a batch v2. Throws EntryFault. */
export function convertLegacy(
  codecs: Codecs,
  view: Uint8Array,
  start: number,
  end: number,
  maxInflatedBytes: number,
): Uint8Array {
  const batches: Uint8Array[] = [];
  let bytesLeft = maxInflatedBytes;
  let at = start;
  while (at < end) {
    if (end - at >= leastBytes && !isLegacy(view, at)) {
      const next = at + batchSizeBytes(view, at);
      if (next <= at || next > end) throw corrupt(`no whole record batch at byte ${at - start}`);
      batches.push(view.subarray(at, next));
      at = next;
      continue;
    }
    const outer = new Message().read(view, at, end);
    const compression = outer.attributes & BATCH_ATTRIBUTE.compression;
    if (compression === 0) batches.push(batchOf(codecs, view, at, outer.end, null));
    else {
      if (outer.valueStart === -1) throw corrupt('a compressed message without a value');
      const inner = inflate(codecs, compression, view, outer, bytesLeft);
      bytesLeft -= inner.length;
      batches.push(batchOf(codecs, inner, 0, inner.length, outer));
    }
    at = outer.end;
  }
  return Buffer.concat(batches);
}

function inflate(
  codecs: Codecs,
  compression: number,
  view: Uint8Array,
  outer: Message,
  maxBytes: number,
): Uint8Array {
  try {
    return codecs.inflate(compression, view, outer.valueStart, outer.valueEnd, maxBytes);
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause;
    const code = cause.code === 'too-large' ? 'too-large' : 'corrupt';
    throw new EntryFault(code, `messages of an old format: ${cause.message}`, { cause });
  }
}

/** One batch of the plain messages in `view[start, end)`; `outer`: the compressed message they came in. */
function batchOf(
  codecs: Codecs,
  view: Uint8Array,
  start: number,
  end: number,
  outer: Message | null,
): Uint8Array {
  const out = new Uint8Array(BATCH_HEADER_BYTES + mostGrowth * (end - start));
  const writer = new BatchWriter();
  writer.begin(out, 0);
  const message = new Message();
  let attributes = 0;
  let count = 0;
  for (let at = start; at < end; at = message.end) {
    message.read(view, at, end);
    if ((message.attributes & BATCH_ATTRIBUTE.compression) !== 0 && outer !== null) {
      throw corrupt('a compressed message within another');
    }
    // The broker's time stands in the outer message and holds for all.
    const timed = outer !== null && isAppendTime(outer) ? outer : message;
    if (isAppendTime(timed)) attributes |= BATCH_ATTRIBUTE.logAppendTime;
    const { keyStart, keyEnd, valueStart, valueEnd } = message;
    const keyBytes = keyStart === -1 ? NULL_BYTES : sizedBytes(keyEnd - keyStart);
    const valueBytes = valueStart === -1 ? NULL_BYTES : sizedBytes(valueEnd - valueStart);
    writer.timestamp = Math.max(-1, timed.timestamp);
    writer.record(count++, keyBytes + valueBytes + 1);
    if (keyStart === -1) writer.null();
    else writer.sized(view, keyStart, keyEnd);
    if (valueStart === -1) writer.null();
    else writer.sized(view, valueStart, valueEnd);
    writer.count(0);
  }
  if (count === 0) throw corrupt('a compressed message with nothing in it');
  return out.subarray(0, writer.finish(codecs, 0, -1, attributes, count, -1, -1, -1));
}

function isAppendTime(message: Message): boolean {
  return (message.attributes & BATCH_ATTRIBUTE.logAppendTime) !== 0;
}
