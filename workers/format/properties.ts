/** Properties of messages: `KeyValue` messages of UTF-8 text, in which Kafka's headers are stored. */

import {
  bytesFieldBytes,
  bytesTag,
  FieldReader,
  putBytesHead,
} from '../../engine/protocol/pulsar/fields.js';
import { copyBytes } from './copy.js';
import { corrupt } from './entry-fault.js';

const TAG_KEY = bytesTag(1);
const TAG_VALUE = bytesTag(2);

/** One property, read where it lies. */
export class Property {
  keyStart = 0;
  keyEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  private readonly fields = new FieldReader(corrupt);

  read(view: Uint8Array, start: number, end: number): this {
    this.keyStart = start;
    this.keyEnd = start;
    this.valueStart = start;
    this.valueEnd = start;
    const fields = this.fields.open(view, start, end);
    while (fields.next()) {
      if (fields.tag === TAG_KEY) {
        this.keyStart = fields.start;
        this.keyEnd = fields.stop;
      } else if (fields.tag === TAG_VALUE) {
        this.valueStart = fields.start;
        this.valueEnd = fields.stop;
      }
    }
    return this;
  }
}

/** Size of a property's field, its tag included. */
export function propertyBytes(tag: number, keyBytes: number, valueBytes: number): number {
  return bytesFieldBytes(tag, pairBytes(keyBytes, valueBytes));
}

function pairBytes(keyBytes: number, valueBytes: number): number {
  return bytesFieldBytes(TAG_KEY, keyBytes) + bytesFieldBytes(TAG_VALUE, valueBytes);
}

/** Writes the head of a property and its key; the value's bytes follow where it ends. */
export function putPropertyKey(
  out: Uint8Array,
  at: number,
  tag: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  valueBytes: number,
): number {
  let to = putBytesHead(out, at, tag, pairBytes(keyEnd - keyStart, valueBytes));
  to = putBytesHead(out, to, TAG_KEY, keyEnd - keyStart);
  to = copyBytes(key, keyStart, keyEnd, out, to);
  return putBytesHead(out, to, TAG_VALUE, valueBytes);
}

/** Writes a whole property; returns where it ends. */
export function putProperty(
  out: Uint8Array,
  at: number,
  tag: number,
  key: Uint8Array,
  value: Uint8Array,
): number {
  const to = putPropertyKey(out, at, tag, key, 0, key.length, value.length);
  return copyBytes(value, 0, value.length, out, to);
}
