/**
 * A stored entry and what Kafka's clients read of it. The reader of every format: which one an entry has is
 * said by the entry, never by a setting.
 */
import { BATCH_HEADER_BYTES } from '../../engine/protocol/kafka/record-batch.js';
import type { Codecs } from '../../native/codecs.js';
import { type BatchList, MAX_MERGED_BATCHES } from './batch-list.js';
import { BatchWriter, RECORD_OVERHEAD_BYTES } from './batch-writer.js';
import { inflatePayload } from './compression.js';
import { corrupt } from './entry-fault.js';
import { Envelope } from './envelope.js';
import { checkBatches, hasLegacy, placeBatches } from './kafka-batches.js';
import { convertLegacy } from './legacy-messages.js';
import { MARKER_ABORT, MARKER_COMMIT, MessageMetadata } from './message-metadata.js';
import { PulsarMessages } from './pulsar-messages.js';

/** What an entry is to Kafka's clients. */
export type EntryKind =
  /** Kafka's batches, as they are. */
  | 'kafka'
  /** Messages of Pulsar's clients, of KoP or of Kopje. */
  | 'pulsar'
  /** The end of a Kafka transaction, as KoP and Kopje write it in the pulsar format. */
  | 'control'
  /** Nothing: its offsets are passed by an empty batch. */
  | 'hole';

/** Why an entry is a hole. */
export type HoleReason =
  /** Of Pulsar itself: replicated subscriptions, ends of its own transactions. */
  | 'marker'
  /** Part of a message that its producer cut up. */
  | 'chunk'
  | 'encrypted'
  /** Of a transaction of Pulsar's own, whose batches take one offset whatever is in them. */
  | 'transaction';

/** Opens one entry after the other; `view` is borrowed from `open` to the last `write` of its entry. */
export class Entry {
  kind: EntryKind = 'hole';
  /** Null if it is none. */
  holeReason: HoleReason | null = null;
  /** Offsets that it takes. */
  offsets = 1;
  /** Of the last message, from the broker's metadata; -1 without. The first has `index - offsets + 1`. */
  index = -1;
  /** Ms; -1 where the broker does not add it. */
  brokerTimestamp = -1;
  /** Ms: when it was published, or of its first record if a Kafka producer sent it. */
  publishTime = 0;
  private readonly codecs: Codecs;
  private readonly maxInflatedBytes: number;
  private readonly envelope = new Envelope();
  private readonly metadata = new MessageMetadata();
  private readonly messages: PulsarMessages;
  private readonly writer = new BatchWriter();
  /** The plain payload: the entry's own bytes, or memory of its own. */
  private payload: Uint8Array = new Uint8Array();
  private start = 0;
  private end = 0;

  /** @param maxInflatedBytes bound of a payload after decompression */
  constructor(codecs: Codecs, maxInflatedBytes: number) {
    this.codecs = codecs;
    this.maxInflatedBytes = maxInflatedBytes;
    this.messages = new PulsarMessages(codecs);
  }

  /** What the Kafka batches of a `pulsar` entry were; empty if Kopje did not write it. */
  get batches(): BatchList {
    return this.messages.batches;
  }

  /** Opens the entry `view[start, end)`, with or without the broker's metadata in front. Throws EntryFault. */
  open(view: Uint8Array, start: number, end: number): void {
    const { envelope, metadata } = this;
    envelope.read(this.codecs, view, start, end);
    metadata.read(view, envelope.metadataStart, envelope.payloadStart);
    this.index = envelope.index;
    this.brokerTimestamp = envelope.brokerTimestamp;
    this.publishTime = metadata.publishTime;
    this.offsets = Math.max(1, metadata.messages);
    this.payload = view;
    this.start = envelope.payloadStart;
    this.end = end;
    this.holeReason = this.judgeHole();
    if (this.holeReason !== null) this.kind = 'hole';
    else if (metadata.isKafka) this.openKafka();
    else this.openPulsar();
    if (this.offsets > 0x7fff_ffff) throw corrupt(`an entry of ${this.offsets} messages`);
  }

  private judgeHole(): HoleReason | null {
    const { metadata } = this;
    // KoP and Kopje write an empty name, Pulsar's clients and Pulsar itself never do.
    const isForeign = metadata.producerNameBytes > 0;
    if (metadata.markerType >= 0) {
      const isEnd = metadata.markerType === MARKER_COMMIT || metadata.markerType === MARKER_ABORT;
      return isEnd && !isForeign ? null : 'marker';
    }
    if (isForeign && metadata.txnMost >= 0) {
      this.offsets = 1;
      return 'transaction';
    }
    if (metadata.isEncrypted) return 'encrypted';
    return metadata.chunks > 1 ? 'chunk' : null;
  }

  private openKafka(): void {
    this.kind = 'kafka';
    if (this.metadata.compression !== 0) this.inflate();
    if (hasLegacy(this.payload, this.start, this.end)) {
      const { codecs, payload, start, end } = this;
      this.payload = convertLegacy(codecs, payload, start, end, this.maxInflatedBytes);
      this.start = 0;
      this.end = this.payload.length;
    }
    const offsets = checkBatches(this.codecs, this.payload, this.start, this.end);
    if (offsets === this.offsets) return;
    throw corrupt(`an entry of ${this.offsets} messages whose batches take ${offsets} offsets`);
  }

  private openPulsar(): void {
    const { metadata } = this;
    if (metadata.compression !== 0) this.inflate();
    this.messages.open(metadata, this.payload, this.start, this.end);
    this.kind = metadata.markerType >= 0 ? 'control' : 'pulsar';
    if (this.kind === 'control' && (metadata.messages !== 1 || metadata.txnMost < 0)) {
      throw corrupt('the end of a transaction that does not say of which');
    }
  }

  private inflate(): void {
    const { codecs, metadata, payload, start, end, maxInflatedBytes } = this;
    const { compression, uncompressedBytes } = metadata;
    this.payload = inflatePayload(
      codecs,
      compression,
      payload,
      start,
      end,
      uncompressedBytes,
      maxInflatedBytes,
    );
    this.start = 0;
    this.end = this.payload.length;
  }

  /** Room that `write` needs at most. */
  get boundBytes(): number {
    const payloadBytes = this.end - this.start;
    if (this.kind === 'kafka') return payloadBytes;
    if (this.kind === 'hole') return BATCH_HEADER_BYTES;
    const { metadata, offsets } = this;
    const headers = BATCH_HEADER_BYTES * Math.min(offsets, MAX_MERGED_BATCHES);
    return headers + payloadBytes + metadata.end - metadata.start + RECORD_OVERHEAD_BYTES * offsets;
  }

  /**
   * Writes the entry as record batches v2, which take `offsets` offsets from `baseOffset`, to `out` from `start`,
   * where there is room for `boundBytes`; returns where they end. Throws EntryFault.
   */
  write(out: Uint8Array, start: number, baseOffset: number, leaderEpoch: number): number {
    if (start + this.boundBytes > out.length) {
      throw new RangeError(
        `${this.boundBytes} bytes may not fit behind byte ${start} of ${out.length}`,
      );
    }
    switch (this.kind) {
      case 'kafka': {
        const end = start + this.end - this.start;
        out.set(this.payload.subarray(this.start, this.end), start);
        placeBatches(out, start, end, baseOffset, leaderEpoch);
        return end;
      }
      case 'pulsar':
        return this.messages.write(out, start, baseOffset, leaderEpoch);
      case 'control':
        return this.messages.writeControl(out, start, baseOffset, leaderEpoch);
      case 'hole':
        this.writer.begin(out, start);
        return this.writer.finish(
          this.codecs,
          baseOffset,
          leaderEpoch,
          0,
          this.offsets,
          -1,
          -1,
          -1,
        );
    }
  }
}
