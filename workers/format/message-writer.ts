/** One Kafka record as one message of a Pulsar batch: its metadata and its value, in KoP's layout. */
import { putInt32 } from '../../engine/protocol/kafka/big-endian.js';
import type { RecordCursor } from '../../engine/protocol/kafka/record-cursor.js';
import { copyBytes, isSame } from './copy.js';
import { bytesFieldBytes, putBytesHead, putVarintField, varintFieldBytes } from './fields.js';
import { HEADERS_KEY, HeaderCursor, type StoredHeader, storedHeaders } from './header-list.js';
import { keyTextBytes, putKeyText } from './key-text.js';
import { propertyBytes, putProperty, putPropertyKey } from './properties.js';
import { SINGLE_TAG } from './single-metadata.js';
import { isUtf8 } from './utf8.js';

/** Size of a field that holds a flag. */
const FLAG_BYTES = 2;

export class MessageWriter {
  private readonly headers = new HeaderCursor();
  /** Set where a header is none that a property can hold. */
  private odd: StoredHeader[] | null = null;

  /**
   * Writes the record at which `record` stands to `out` from `at`; returns where it ends, -1 if that is
   * behind `end`.
   * @param timestamp ms, negative for none
   */
  write(
    record: RecordCursor,
    timestamp: number,
    sequence: number,
    out: Uint8Array,
    at: number,
    end: number,
  ): number {
    const { view, keyStart, keyEnd, valueStart, valueEnd } = record;
    const valueBytes = valueStart === -1 ? 0 : valueEnd - valueStart;
    let metadataBytes = this.measureHeaders(record);
    metadataBytes += keyBytes(keyStart, keyEnd);
    metadataBytes += varintFieldBytes(SINGLE_TAG.payloadSize, valueBytes);
    if (timestamp >= 0) metadataBytes += varintFieldBytes(SINGLE_TAG.eventTime, timestamp);
    metadataBytes += varintFieldBytes(SINGLE_TAG.sequenceId, sequence);
    if (valueStart === -1) metadataBytes += FLAG_BYTES;
    if (at + 4 + metadataBytes + valueBytes > end) return -1;

    putInt32(out, at, metadataBytes);
    let to = this.putHeaders(record, out, at + 4);
    if (keyStart !== -1) {
      to = putBytesHead(out, to, SINGLE_TAG.partitionKey, keyTextBytes(keyEnd - keyStart));
      to = putKeyText(view, keyStart, keyEnd, out, to);
    }
    to = putVarintField(out, to, SINGLE_TAG.payloadSize, valueBytes);
    if (timestamp >= 0) to = putVarintField(out, to, SINGLE_TAG.eventTime, timestamp);
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
