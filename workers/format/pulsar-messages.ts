/** The messages of an entry in Pulsar's own format, as Kafka's records: straight from range to range. */

import { int32At } from '../../engine/protocol/kafka/big-endian.js';
import { BATCH_ATTRIBUTE } from '../../engine/protocol/kafka/record-batch.js';
import { FieldReader } from '../../engine/protocol/pulsar/fields.js';
import type { Codecs } from '../../native/codecs.js';
import { BATCH_FLAG, BatchList } from './batch-list.js';
import { BatchWriter, NULL_BYTES, sizedBytes } from './batch-writer.js';
import { isSame } from './copy.js';
import { corrupt } from './entry-fault.js';
import { HEADERS_KEY, type OddHeader, restoreHeaders } from './header-list.js';
import { plainKeyBytes } from './key-text.js';
import { type MessageMetadata, TAG } from './message-metadata.js';
import { Property } from './properties.js';
import { SINGLE_TAG, SingleMetadata } from './single-metadata.js';

/** The least that a message of a batch takes: the size of its metadata, and its payload's size in there. */
export const LEAST_MESSAGE_BYTES = 4 + 2;

/** Where a record's parts lie, from a message of a batch or from one that stands alone. */
interface Keys {
  partitionKeyStart: number;
  partitionKeyEnd: number;
  keyIsBase64: boolean;
  orderingKeyStart: number;
  orderingKeyEnd: number;
}

export class PulsarMessages {
  /** What the Kafka batches in the entry were; empty if Kopje did not write it. */
  readonly batches = new BatchList();
  private readonly codecs: Codecs;
  private readonly single = new SingleMetadata();
  private readonly fields = new FieldReader(corrupt);
  private readonly property = new Property();
  private readonly writer = new BatchWriter();
  /** The plain payload; `at` is the next message. */
  private view: Uint8Array = new Uint8Array();
  private at = 0;
  private end = 0;
  private metadata: MessageMetadata | null = null;
  private headerCount = 0;
  private headerBytes = 0;
  private oddHeaders: OddHeader[] | null = null;

  constructor(codecs: Codecs) {
    this.codecs = codecs;
  }

  /** Stands before the messages in `view[start, end)`, the plain payload of the entry with `metadata`. */
  open(metadata: MessageMetadata, view: Uint8Array, start: number, end: number): void {
    this.metadata = metadata;
    this.view = view;
    this.at = start;
    this.end = end;
    this.batches.clear();
    if (metadata.messages < 0) return;
    if (metadata.messages < 1 || metadata.messages > (end - start) / LEAST_MESSAGE_BYTES) {
      throw corrupt(`${metadata.messages} messages in a payload of ${end - start} bytes`);
    }
    const { batchesStart, batchesEnd } = metadata;
    if (batchesStart === -1) return;
    const { messages } = metadata;
    if (!this.batches.parse(metadata.view, batchesStart, batchesEnd, messages)) {
      this.batches.clear();
    }
  }

  /** Writes the messages as batches v2; returns where they end. Throws EntryFault. */
  write(out: Uint8Array, start: number, baseOffset: number, leaderEpoch: number): number {
    const metadata = this.metadata!;
    if (metadata.messages < 0)
      return this.writeAlone(metadata, out, start, baseOffset, leaderEpoch);
    const { batches } = this;
    let at = start;
    let offset = baseOffset;
    for (let i = 0; i < batches.count; i++) {
      const records = batches.records[i]!;
      const flags = batches.flags[i]!;
      this.writeRecords(metadata, out, at, records);
      let attributes = (flags & BATCH_FLAG.transactional) === 0 ? 0 : BATCH_ATTRIBUTE.transactional;
      if ((flags & BATCH_FLAG.appendTime) !== 0) attributes |= BATCH_ATTRIBUTE.logAppendTime;
      at = this.writer.finish(
        this.codecs,
        offset,
        leaderEpoch,
        attributes,
        records,
        batches.producerIds[i]!,
        batches.producerEpochs[i]!,
        batches.firstSequences[i]!,
      );
      offset += records;
    }
    if (batches.count > 0) return at;
    this.writeRecords(metadata, out, at, metadata.messages);
    return this.finishForeign(metadata, baseOffset, leaderEpoch, metadata.messages);
  }

  /** Writes the end of a transaction: the one message is a control record. Throws EntryFault. */
  writeControl(out: Uint8Array, start: number, baseOffset: number, leaderEpoch: number): number {
    const metadata = this.metadata!;
    this.writeRecords(metadata, out, start, 1);
    return this.writer.finish(
      this.codecs,
      baseOffset,
      leaderEpoch,
      BATCH_ATTRIBUTE.transactional | BATCH_ATTRIBUTE.control,
      1,
      metadata.txnMost,
      metadata.txnLeast,
      -1,
    );
  }

  /** Ends a batch that KoP or a Pulsar client wrote: of its producer only the transaction is known. */
  private finishForeign(
    metadata: MessageMetadata,
    baseOffset: number,
    leaderEpoch: number,
    offsets: number,
  ): number {
    const isTransactional = metadata.txnMost >= 0;
    return this.writer.finish(
      this.codecs,
      baseOffset,
      leaderEpoch,
      isTransactional ? BATCH_ATTRIBUTE.transactional : 0,
      offsets,
      metadata.txnMost,
      isTransactional ? metadata.txnLeast : -1,
      isTransactional ? 0 : -1,
    );
  }

  private writeRecords(
    metadata: MessageMetadata,
    out: Uint8Array,
    start: number,
    count: number,
  ): void {
    const { view, end, single, writer } = this;
    const isOurs = this.batches.count > 0;
    writer.begin(out, start);
    let at = this.at;
    for (let i = 0; i < count; i++) {
      const from = at + 4;
      const metadataBytes = from > end ? -1 : int32At(view, at);
      if (metadataBytes < 0 || metadataBytes > end - from) throw this.cutShort(i, count);
      const valueStart = from + metadataBytes;
      single.read(view, from, valueStart);
      if (single.payloadBytes < 0 || single.payloadBytes > end - valueStart) {
        throw this.cutShort(i, count);
      }
      at = valueStart + single.payloadBytes;
      // Pulsar's compaction keeps the place of what it removes.
      if (single.isCompactedOut) continue;
      // A message without a time has the one at which it was published, as in KoP; a Kafka record has none.
      writer.timestamp = isOurs || single.eventTime > 0 ? single.eventTime : metadata.publishTime;
      this.measureHeaders(view, from, valueStart, SINGLE_TAG.property, single.properties, isOurs);
      const valueEnd = single.isNull ? -1 : at;
      this.writeRecord(view, single, view, valueStart, valueEnd, i);
      this.writeHeaders(view, from, valueStart, SINGLE_TAG.property);
    }
    this.at = at;
  }

  private cutShort(index: number, count: number): Error {
    return corrupt(`message ${index} of ${count} ends behind the entry's payload`);
  }

  /** The one message of an entry that is no batch: its metadata is the entry's. */
  private writeAlone(
    metadata: MessageMetadata,
    out: Uint8Array,
    start: number,
    baseOffset: number,
    leaderEpoch: number,
  ): number {
    const { writer } = this;
    writer.begin(out, start);
    writer.timestamp = metadata.eventTime > 0 ? metadata.eventTime : metadata.publishTime;
    const { view } = metadata;
    this.measureHeaders(view, metadata.start, metadata.end, TAG.property, -1, false);
    const valueEnd = metadata.isNull ? -1 : this.end;
    this.writeRecord(view, metadata, this.view, this.at, valueEnd, 0);
    this.writeHeaders(view, metadata.start, metadata.end, TAG.property);
    return this.finishForeign(metadata, baseOffset, leaderEpoch, 1);
  }

  /** Writes a record up to its headers, which are measured. `valueEnd` -1: the value is null. */
  private writeRecord(
    keyView: Uint8Array,
    keys: Keys,
    view: Uint8Array,
    valueStart: number,
    valueEnd: number,
    offsetDelta: number,
  ): void {
    const { writer } = this;
    const hasOrderingKey = keys.orderingKeyStart !== -1;
    const keyStart = hasOrderingKey ? keys.orderingKeyStart : keys.partitionKeyStart;
    const keyEnd = hasOrderingKey ? keys.orderingKeyEnd : keys.partitionKeyEnd;
    const isPacked = !hasOrderingKey && keys.keyIsBase64;
    const keySize = isPacked ? plainKeyBytes(keyView, keyStart, keyEnd) : keyEnd - keyStart;
    const keyBytes = keyStart === -1 ? NULL_BYTES : sizedBytes(keySize);
    const valueBytes = valueEnd === -1 ? NULL_BYTES : sizedBytes(valueEnd - valueStart);
    const countBytes = sizedBytes(this.headerCount) - this.headerCount;
    writer.record(offsetDelta, keyBytes + valueBytes + countBytes + this.headerBytes);
    if (keyStart === -1) writer.null();
    else if (isPacked) writer.packedKey(keyView, keyStart, keyEnd, keySize);
    else writer.sized(keyView, keyStart, keyEnd);
    if (valueEnd === -1) writer.null();
    else writer.sized(view, valueStart, valueEnd);
    writer.count(this.headerCount);
  }

  /** Finds number and size of the headers that the properties in `view[start, end)` make. */
  private measureHeaders(
    view: Uint8Array,
    start: number,
    end: number,
    tag: number,
    properties: number,
    isOurs: boolean,
  ): void {
    this.headerCount = 0;
    this.headerBytes = 0;
    this.oddHeaders = null;
    if (properties === 0) return;
    const { property } = this;
    const fields = this.fields.open(view, start, end);
    while (fields.next()) {
      if (fields.tag !== tag) continue;
      property.read(view, fields.start, fields.stop);
      this.headerCount++;
      this.headerBytes +=
        sizedBytes(property.keyEnd - property.keyStart) +
        sizedBytes(property.valueEnd - property.valueStart);
    }
    if (isOurs && isSame(view, property.keyStart, property.keyEnd, HEADERS_KEY)) {
      this.measureOddHeaders(view, start, end, tag);
    }
  }

  /** The last property is ours: the headers are what it says. */
  private measureOddHeaders(view: Uint8Array, start: number, end: number, tag: number): void {
    const { property } = this;
    const headers: { name: Uint8Array; value: Uint8Array | null }[] = [];
    const fields = this.fields.open(view, start, end);
    while (fields.next()) {
      if (fields.tag !== tag) continue;
      property.read(view, fields.start, fields.stop);
      headers.push({
        name: view.subarray(property.keyStart, property.keyEnd),
        value: view.subarray(property.valueStart, property.valueEnd),
      });
    }
    const text = Buffer.from(headers.pop()!.value!).toString('latin1');
    if (!restoreHeaders(headers, text)) throw corrupt(`headers that read ${text.slice(0, 40)}`);
    this.oddHeaders = headers;
    this.headerCount = headers.length;
    this.headerBytes = 0;
    for (const { name, value } of headers) {
      this.headerBytes +=
        sizedBytes(name.length) + (value === null ? NULL_BYTES : sizedBytes(value.length));
    }
  }

  private writeHeaders(view: Uint8Array, start: number, end: number, tag: number): void {
    const { writer, property } = this;
    if (this.headerCount === 0) return;
    if (this.oddHeaders !== null) {
      for (const { name, value } of this.oddHeaders) {
        writer.sized(name, 0, name.length);
        if (value === null) writer.null();
        else writer.sized(value, 0, value.length);
      }
      return;
    }
    const fields = this.fields.open(view, start, end);
    while (fields.next()) {
      if (fields.tag !== tag) continue;
      property.read(view, fields.start, fields.stop);
      writer.sized(view, property.keyStart, property.keyEnd);
      writer.sized(view, property.valueStart, property.valueEnd);
    }
  }
}
