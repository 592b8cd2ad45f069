/** Kafka's batches as one entry in Pulsar's own format, in KoP's layout. */
import { int16At, putInt32 } from '../../engine/protocol/kafka/big-endian.js';
import {
  baseSequence,
  compression,
  isControl,
  isLogAppendTime,
  isTransactional,
  producerEpoch,
  producerId,
  recordCount,
} from '../../engine/protocol/kafka/record-batch.js';
import { putBytesHead, putVarintField } from '../../engine/protocol/pulsar/fields.js';
import type { Codecs } from '../../native/codecs.js';
import { BATCH_FLAG, BatchList, MAX_MERGED_BATCHES } from './batch-list.js';
import { deflatePayload, PulsarCompression, pulsarCompressionOf } from './compression.js';
import { copyBytes } from './copy.js';
import { EntryFault } from './entry-fault.js';
import { CHECKSUM_BYTES, METADATA_SIZE_BYTES, putChecksum } from './envelope.js';
import { keyTextBytes, putKeyText } from './key-text.js';
import { BATCHES_KEY, MARKER_ABORT, MARKER_COMMIT, TAG } from './message-metadata.js';
import { MessageWriter } from './message-writer.js';
import { PlainRecords } from './plain-records.js';
import { putProperty } from './properties.js';

/** More than all fields of the metadata take whose size is bounded, with their tags. */
const fixedMetadataBytes = 128;

/** Scratch memory above this is given back, so that one large batch does not pin it. */
const keptScratchBytes = 1 << 20;

/** What the type in a control record's key says (KIP-98). */
const CONTROL_ABORT = 0;
const CONTROL_COMMIT = 1;

export class PulsarEncoder {
  /** Keep the producer's compression, for which KoP has none: CPU for space. */
  keepsCompression = false;
  private readonly codecs: Codecs;
  private readonly maxPlainBytes: number;
  private readonly records: PlainRecords;
  private readonly writer = new MessageWriter();
  private readonly list = new BatchList();
  private scratch: Buffer = Buffer.alloc(0);
  /** Of the entry under way. */
  private compression = 0;
  private uncompressedBytes = 0;
  private markerType = -1;
  private txnMost = -1;
  private txnLeast = -1;

  constructor(codecs: Codecs, maxInflatedBytes: number) {
    this.codecs = codecs;
    this.maxPlainBytes = maxInflatedBytes;
    this.records = new PlainRecords(codecs, maxInflatedBytes);
  }

  /** As `EntryEncoder.encode`. */
  encode(
    batches: readonly Uint8Array[],
    from: number,
    to: number,
    nowMs: number,
    out: Uint8Array,
    start: number,
    end: number,
  ): number {
    try {
      this.describe(batches, from, to);
      const payloadEnd =
        this.compression === PulsarCompression.none
          ? this.writePlain(batches, from, to, nowMs, out, start, end)
          : this.writePacked(batches, from, to, nowMs, out, start, end);
      if (payloadEnd !== -1) putChecksum(this.codecs, out, start, payloadEnd);
      return payloadEnd;
    } finally {
      this.records.release();
      if (this.scratch.length > keptScratchBytes) this.scratch = Buffer.alloc(0);
    }
  }

  /** Finds what the metadata says of the batches, before their records are looked at. */
  private describe(batches: readonly Uint8Array[], from: number, to: number): void {
    const { list } = this;
    const first = batches[from]!;
    const isAlone = to - from === 1;
    list.clear();
    if (to - from > MAX_MERGED_BATCHES) throw new RangeError(`${to - from} batches in one entry`);
    for (let i = from; i < to; i++) {
      const batch = batches[i]!;
      if (!isAlone && (isTransactional(batch, 0) || isControl(batch, 0))) {
        throw new EntryFault('unsupported', 'a batch of a transaction among others in an entry');
      }
      let flags = isTransactional(batch, 0) ? BATCH_FLAG.transactional : 0;
      if (isLogAppendTime(batch, 0)) flags |= BATCH_FLAG.appendTime;
      const epoch = producerEpoch(batch, 0);
      list.add(recordCount(batch, 0), producerId(batch, 0), epoch, baseSequence(batch, 0), flags);
    }
    const isOfTransaction = isTransactional(first, 0);
    this.txnMost = isOfTransaction ? producerId(first, 0) : -1;
    this.txnLeast = isOfTransaction ? producerEpoch(first, 0) : -1;
    this.markerType = isControl(first, 0) ? this.markerOf(first) : -1;
    this.compression = this.keepsCompression ? pulsarCompressionOf(compression(first, 0)) : 0;
  }

  private markerOf(batch: Uint8Array): number {
    const { cursor } = this.records.open(batch);
    this.records.next();
    const type =
      cursor.keyEnd - cursor.keyStart === 4 ? int16At(cursor.view, cursor.keyStart + 2) : -1;
    if (type === CONTROL_COMMIT) return MARKER_COMMIT;
    if (type === CONTROL_ABORT) return MARKER_ABORT;
    throw new EntryFault('unsupported', `a control record of type ${type}`);
  }

  private writePlain(
    batches: readonly Uint8Array[],
    from: number,
    to: number,
    nowMs: number,
    out: Uint8Array,
    start: number,
    end: number,
  ): number {
    const at = this.writeMetadata(batches[from]!, nowMs, out, start, end);
    return at === -1 ? -1 : this.writeMessages(batches, from, to, out, at, end);
  }

  /** The payload goes through memory of the encoder's own, for its size comes before it. */
  private writePacked(
    batches: readonly Uint8Array[],
    from: number,
    to: number,
    nowMs: number,
    out: Uint8Array,
    start: number,
    end: number,
  ): number {
    let plainEnd = this.writeMessages(batches, from, to, this.scratch, 0, this.scratch.length);
    while (plainEnd === -1) {
      const { length } = this.scratch;
      if (length >= this.maxPlainBytes) {
        throw new EntryFault('too-large', `an entry of more than ${this.maxPlainBytes} bytes`);
      }
      this.scratch = Buffer.allocUnsafeSlow(
        Math.min(this.maxPlainBytes, Math.max(2 * length, 4 * this.records.sizeBytes)),
      );
      plainEnd = this.writeMessages(batches, from, to, this.scratch, 0, this.scratch.length);
    }
    const plain = this.scratch.subarray(0, plainEnd);
    const packed = deflatePayload(this.codecs, this.compression, plain);
    this.uncompressedBytes = plainEnd;
    const at = this.writeMetadata(batches[from]!, nowMs, out, start, end);
    if (at === -1 || at + packed.length > end) return -1;
    out.set(packed, at);
    return at + packed.length;
  }

  private writeMessages(
    batches: readonly Uint8Array[],
    from: number,
    to: number,
    out: Uint8Array,
    start: number,
    end: number,
  ): number {
    const { records, writer } = this;
    let at = start;
    for (let i = from; i < to; i++) {
      records.open(batches[i]!);
      while (records.next()) {
        at = writer.write(records, out, at, end);
        if (at === -1) return -1;
      }
    }
    return at;
  }

  /** Writes all that stands before the payload; the checksum is left for last. -1 if it does not fit. */
  private writeMetadata(
    batch: Uint8Array,
    nowMs: number,
    out: Uint8Array,
    start: number,
    end: number,
  ): number {
    const records = this.records.open(batch);
    records.next();
    const { view, keyStart, keyEnd } = records.cursor;
    const hasKey = keyStart !== -1;
    const keySize = hasKey ? keyEnd - keyStart : 0;
    const text = Buffer.from(this.list.text());
    const sizeAt = start + CHECKSUM_BYTES;
    const metadataAt = sizeAt + METADATA_SIZE_BYTES;
    const most = fixedMetadataBytes + text.length + keyTextBytes(keySize) + keySize;
    if (metadataAt + most > end) return -1;

    const isMarker = this.markerType !== -1;
    const publishTime = records.timestamp >= 0 ? records.timestamp : nowMs;
    let to = putBytesHead(out, metadataAt, TAG.producerName, 0);
    to = putVarintField(out, to, TAG.sequenceId, records.sequence);
    to = putVarintField(out, to, TAG.publishTime, publishTime);
    if (!isMarker) to = putProperty(out, to, TAG.property, BATCHES_KEY, text);
    if (hasKey) {
      to = putBytesHead(out, to, TAG.partitionKey, keyTextBytes(keySize));
      to = putKeyText(view, keyStart, keyEnd, out, to);
    }
    if (this.compression !== PulsarCompression.none) {
      to = putVarintField(out, to, TAG.compression, this.compression);
      to = putVarintField(out, to, TAG.uncompressedSize, this.uncompressedBytes);
    }
    to = putVarintField(out, to, TAG.messages, this.list.recordCount);
    if (hasKey) {
      to = putVarintField(out, to, TAG.keyIsBase64, 1);
      to = putBytesHead(out, to, TAG.orderingKey, keySize);
      to = copyBytes(view, keyStart, keyEnd, out, to);
    }
    if (isMarker) to = putVarintField(out, to, TAG.markerType, this.markerType);
    if (this.txnMost >= 0) {
      to = putVarintField(out, to, TAG.txnLeast, this.txnLeast);
      to = putVarintField(out, to, TAG.txnMost, this.txnMost);
    }
    putInt32(out, sizeAt, to - metadataAt);
    return to;
  }
}
