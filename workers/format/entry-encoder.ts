/** Makes the entries that both logs store. Which format: a policy of the topic or its namespace. */
import { putInt32 } from '../../engine/protocol/kafka/big-endian.js';
import { recordCount, setBaseOffset } from '../../engine/protocol/kafka/record-batch.js';
import { putBytesHead, putVarintField } from '../../engine/protocol/pulsar/fields.js';
import type { Codecs } from '../../native/codecs.js';
import { METADATA_SIZE_BYTES } from './envelope.js';
import { ENTRY_FORMAT_KAFKA, ENTRY_FORMAT_KEY, TAG } from './message-metadata.js';
import { putProperty } from './properties.js';
import { PulsarEncoder } from './pulsar-encoder.js';

/** How batches are written, by KoP's names; every reader understands all three. */
export type EntryFormat = 'kafka' | 'mixed_kafka' | 'pulsar';

/** Most that an entry of Kafka's batches takes beside them. */
export const KAFKA_ENVELOPE_BYTES = 64;

export class EntryEncoder {
  private readonly pulsar: PulsarEncoder;

  /** @param maxInflatedBytes bound of what a compressed batch inflates to, and of an entry's plain payload */
  constructor(codecs: Codecs, maxInflatedBytes: number) {
    this.pulsar = new PulsarEncoder(codecs, maxInflatedBytes);
  }

  /** Whether entries in the pulsar format keep the producer's compression; KoP writes them plain. */
  set keepsCompression(keeps: boolean) {
    this.pulsar.keepsCompression = keeps;
  }

  /**
   * Writes `batches[from, to)`, validated batches v2 with their offsets patched in, as one entry to
   * `out[start, end)`; returns where it ends, -1 if it does not fit. The number of messages to announce for it
   * is `messagesOf(batches, from, to)`.
   *
   * Several batches go into one entry if none is of a transaction; KoP reads wrong offsets from such entries in
   * `kafka` and `mixed_kafka`. Throws EntryFault.
   */
  encode(
    format: EntryFormat,
    batches: readonly Uint8Array[],
    from: number,
    to: number,
    nowMs: number,
    out: Uint8Array,
    start: number,
    end: number,
  ): number {
    if (format === 'pulsar') return this.pulsar.encode(batches, from, to, nowMs, out, start, end);
    let at = putKafkaEnvelope(messagesOf(batches, from, to), nowMs, out, start, end);
    if (at === -1) return -1;
    for (let i = from; i < to; i++) {
      const batch = batches[i]!;
      if (at + batch.length > end) return -1;
      out.set(batch, at);
      // In `kafka` KoP leaves the producer's 0, in `mixed_kafka` it numbers the batch.
      if (format === 'kafka') setBaseOffset(out, at, 0);
      at += batch.length;
    }
    return at;
  }
}

/** Messages in the entry of `batches[from, to)`: SEND announces them, and the topic's index moves by them. */
export function messagesOf(batches: readonly Uint8Array[], from: number, to: number): number {
  let messages = 0;
  for (let i = from; i < to; i++) messages += recordCount(batches[i]!, 0);
  return messages;
}

/**
 * Writes what stands before Kafka's batches, without a checksum as KoP does: the size of the metadata, then the
 * metadata; -1 if it does not fit. With a marker type (-1: none) no consumer of Pulsar's is sent the entry.
 */
export function putKafkaEnvelope(
  messages: number,
  nowMs: number,
  out: Uint8Array,
  start: number,
  end: number,
  markerType = -1,
): number {
  if (start + KAFKA_ENVELOPE_BYTES > end) return -1;
  const metadataAt = start + METADATA_SIZE_BYTES;
  let to = putBytesHead(out, metadataAt, TAG.producerName, 0);
  to = putVarintField(out, to, TAG.sequenceId, 0);
  to = putVarintField(out, to, TAG.publishTime, nowMs);
  to = putProperty(out, to, TAG.property, ENTRY_FORMAT_KEY, ENTRY_FORMAT_KAFKA);
  to = putVarintField(out, to, TAG.messages, messages);
  if (markerType !== -1) to = putVarintField(out, to, TAG.markerType, markerType);
  putInt32(out, start, to - metadataAt);
  return to;
}
