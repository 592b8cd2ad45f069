/** One Kafka record as one message of a Pulsar batch: its metadata and its value, in KoP's layout. */
import { putInt32 } from '../../engine/protocol/kafka/big-endian.js';
import type { RecordCursor } from '../../engine/protocol/kafka/record-cursor.js';
import { putUvarint, uvarintSizeBytes } from '../../engine/protocol/kafka/varint.js';
import {
  bytesFieldBytes,
  putBytesHead,
  putVarintField,
  varintFieldBytes,
} from '../../engine/protocol/pulsar/fields.js';
import { copyBytes, isSame } from './copy.js';
import { HEADERS_KEY, HeaderCursor, type StoredHeader, storedHeaders } from './header-list.js';
import { keyTextBytes, putKeyText } from './key-text.js';
import type { PlainRecords } from './plain-records.js';
import { propertyBytes, putProperty, putPropertyKey } from './properties.js';
import { SINGLE_TAG } from './single-metadata.js';
import { isUtf8 } from './utf8.js';

/** Size of a field that holds a flag. */
const FLAG_BYTES = 2;
/** A time is written as two numbers, this many bits and the rest: a larger number would be an object. */
const LOW_BITS = 28;

export class MessageWriter {
  private readonly headers = new HeaderCursor();
  /** Set where a header is none that a property can hold. */
  private odd: StoredHeader[] | null = null;

  /** Writes the record at which `records` stands to `out` from `at`; returns where it ends, -1 if that is behind `end`. */
  write(records: PlainRecords, out: Uint8Array, at: number, end: number): number {
    const { cursor, sequence, timestamp } = records;
    const { view, keyStart, keyEnd, valueStart, valueEnd } = cursor;
    const valueBytes = valueStart === -1 ? 0 : valueEnd - valueStart;
    const timeHigh = timestamp < 0 ? -1 : Math.floor(timestamp / 2 ** LOW_BITS);
    const timeLow = timestamp < 0 ? 0 : timestamp - timeHigh * 2 ** LOW_BITS;
    let metadataBytes = this.measureHeaders(cursor) + keyBytes(keyStart, keyEnd);
    metadataBytes += varintFieldBytes(SINGLE_TAG.payloadSize, valueBytes);
    metadataBytes += timeBytes(timeHigh, timeLow);
    metadataBytes += varintFieldBytes(SINGLE_TAG.sequenceId, sequence);
    if (valueStart === -1) metadataBytes += FLAG_BYTES;
    if (at + 4 + metadataBytes + valueBytes > end) return -1;

    putInt32(out, at, metadataBytes);
    let to = this.putHeaders(cursor, out, at + 4);
    if (keyStart !== -1) {
      to = putBytesHead(out, to, SINGLE_TAG.partitionKey, keyTextBytes(keyEnd - keyStart));
      to = putKeyText(view, keyStart, keyEnd, out, to);
    }
    to = putVarintField(out, to, SINGLE_TAG.payloadSize, valueBytes);
    to = putTime(out, to, timeHigh, timeLow);
    if (keyStart !== -1) {
      to = putVarintField(out, to, SINGLE_TAG.keyIsBase64, 1);
      to = putBytesHead(out, to, SINGLE_TAG.orderingKey, keyEnd - keyStart);
      to = copyBytes(view, keyStart, keyEnd, out, to);
    }
    to = putVarintField(out, to, SINGLE_TAG.sequenceId, sequence);
    if (valueStart === -1) return putVarintField(out, to, SINGLE_TAG.nullValue, 1);
    return copyBytes(view, valueStart, valueEnd, out, to);
  }

  /** Size of the properties that the record's headers become. */
  private measureHeaders(record: RecordCursor): number {
    this.odd = null;
    if (record.headerCount === 0) return 0;
    const { view } = record;
    const header = this.headers.open(view, record.headersStart);
    let size = 0;
    for (let i = 0; i < record.headerCount; i++) {
      header.next();
      const { nameStart, nameEnd, valueStart, valueEnd } = header;
      if (
        valueStart === -1 ||
        !isUtf8(view, nameStart, nameEnd) ||
        !isUtf8(view, valueStart, valueEnd) ||
        isSame(view, nameStart, nameEnd, HEADERS_KEY)
      ) {
        return this.measureOdd(record);
      }
      size += propertyBytes(SINGLE_TAG.property, nameEnd - nameStart, valueEnd - valueStart);
    }
    return size;
  }

  private measureOdd(record: RecordCursor): number {
    this.odd = storedHeaders(record.view, record.headersStart, record.headerCount);
    let size = 0;
    for (const { name, value } of this.odd) {
      size += propertyBytes(SINGLE_TAG.property, name.length, value.length);
    }
    return size;
  }

  private putHeaders(record: RecordCursor, out: Uint8Array, at: number): number {
    let to = at;
    if (this.odd !== null) {
      for (const { name, value } of this.odd) {
        to = putProperty(out, to, SINGLE_TAG.property, name, value);
      }
      return to;
    }
    if (record.headerCount === 0) return to;
    const { view } = record;
    const header = this.headers.open(view, record.headersStart);
    for (let i = 0; i < record.headerCount; i++) {
      header.next();
      const { nameStart, nameEnd, valueStart, valueEnd } = header;
      const valueBytes = valueEnd - valueStart;
      to = putPropertyKey(out, to, SINGLE_TAG.property, view, nameStart, nameEnd, valueBytes);
      to = copyBytes(view, valueStart, valueEnd, out, to);
    }
    return to;
  }
}

/** Size of the field for a time; `high` -1: there is none. */
function timeBytes(high: number, low: number): number {
  if (high < 0) return 0;
  return high === 0 ? 1 + uvarintSizeBytes(low) : 1 + LOW_BITS / 7 + uvarintSizeBytes(high);
}

function putTime(out: Uint8Array, at: number, high: number, low: number): number {
  if (high < 0) return at;
  out[at] = SINGLE_TAG.eventTime;
  if (high === 0) return putUvarint(out, at + 1, low);
  out[at + 1] = low | 0x80;
  out[at + 2] = (low >>> 7) | 0x80;
  out[at + 3] = (low >>> 14) | 0x80;
  out[at + 4] = (low >>> 21) | 0x80;
  return putUvarint(out, at + 5, high);
}

/** Size of the three fields that a key becomes. */
function keyBytes(keyStart: number, keyEnd: number): number {
  if (keyStart === -1) return 0;
  const sizeBytes = keyEnd - keyStart;
  return (
    bytesFieldBytes(SINGLE_TAG.partitionKey, keyTextBytes(sizeBytes)) +
    FLAG_BYTES +
    bytesFieldBytes(SINGLE_TAG.orderingKey, sizeBytes)
  );
}
