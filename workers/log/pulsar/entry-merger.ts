import {
  isControl,
  isTransactional,
  producerEpoch,
  producerId,
} from '../../../engine/protocol/kafka/record-batch.js';
import type { Codecs } from '../../../native/codecs.js';
import { MAX_MERGED_BATCHES } from '../../format/batch-list.js';
import {
  type EntryFormat,
  KAFKA_ENVELOPE_BYTES,
  putKafkaEnvelope,
} from '../../format/entry-encoder.js';
import { METADATA_SIZE_BYTES } from '../../format/envelope.js';
import { mergedMetadata } from '../../format/merged-metadata.js';
import type { OutgoingEntry } from './producer.js';

/** Payload bytes up to which batches become one entry: from there on Pulsar's cost is that of bytes. */
export const maxMergedBytes = 256 * 2 ** 10;

/** Makes one entry of several: Pulsar's cost is by the entry, not by the byte. */
export class EntryMerger {
  readonly #codecs: Codecs;
  readonly #kopCompatible: boolean;
  readonly #maxMessageBytes: number;

  /** @param kopCompatible KoP reads the offsets of the first batch only in an entry of Kafka's batches */
  constructor(codecs: Codecs, kopCompatible: boolean, maxMessageBytes: number) {
    this.#codecs = codecs;
    this.#kopCompatible = kopCompatible;
    this.#maxMessageBytes = maxMessageBytes;
  }

  merges(format: EntryFormat): boolean {
    return format === 'pulsar' || !this.#kopCompatible;
  }

  /**
   * Where the batches end that become one entry with `batches[from]`; `made` are the entries of each by itself. Never over
   * the epochs of producers, never with a transaction.
   */
  endOf(
    format: EntryFormat,
    batches: readonly Uint8Array[],
    made: readonly OutgoingEntry[],
    from: number,
  ): number {
    const first = made[from]!;
    let to = from + 1;
    if (!this.merges(format) || isApart(batches[from]!)) return to;
    let epoch = epochOf(batches[from]!);
    let { payloadBytes } = first;
    // Its metadata is never longer than that of all together.
    let metadataBytes = first.metadata.length;
    for (; to < batches.length && to - from < MAX_MERGED_BATCHES; to++) {
      const batch = batches[to]!;
      const entry = made[to]!;
      const own = epochOf(batch);
      payloadBytes += entry.payloadBytes;
      metadataBytes += entry.metadata.length;
      if (payloadBytes > maxMergedBytes || isApart(batch)) break;
      if (payloadBytes + metadataBytes > this.#maxMessageBytes) break;
      if (own !== -1 && epoch !== -1 && own !== epoch) break;
      if (own !== -1) epoch = own;
    }
    return to;
  }

  /** `made[from, to)` as one entry, with the payloads where they lie. */
  merge(
    format: EntryFormat,
    made: readonly OutgoingEntry[],
    from: number,
    to: number,
    nowMs: number,
  ): OutgoingEntry {
    if (to - from === 1) return made[from]!;
    const payload: Uint8Array[] = [];
    let messageCount = 0;
    let payloadBytes = 0;
    for (let i = from; i < to; i++) {
      const entry = made[i]!;
      payload.push(...entry.payload);
      messageCount += entry.messageCount;
      payloadBytes += entry.payloadBytes;
    }
    if (format !== 'pulsar') {
      const metadata = kafkaMetadata(messageCount, nowMs);
      return { messageCount, metadata, payload, payloadBytes, checksum: null };
    }
    const parts = made.slice(from, to).map(({ metadata }) => metadata);
    const metadata = mergedMetadata(parts, messageCount);
    const checksum = this.#checksum(metadata, payload);
    return { messageCount, metadata, payload, payloadBytes, checksum };
  }

  #checksum(metadata: Uint8Array, payload: readonly Uint8Array[]): number {
    const size = Buffer.allocUnsafe(METADATA_SIZE_BYTES);
    size.writeUInt32BE(metadata.length);
    let crc = this.#codecs.crc32c(size, 0, size.length);
    for (const part of [metadata, ...payload]) {
      crc = this.#codecs.crc32c(part, 0, part.length, crc);
    }
    return crc;
  }
}

/** What stands before Kafka's batches. */
export function kafkaMetadata(messageCount: number, nowMs: number): Uint8Array {
  const envelope = Buffer.allocUnsafe(KAFKA_ENVELOPE_BYTES);
  const end = putKafkaEnvelope(messageCount, nowMs, envelope, 0, KAFKA_ENVELOPE_BYTES);
  return envelope.subarray(METADATA_SIZE_BYTES, end);
}

function isApart(batch: Uint8Array): boolean {
  return isTransactional(batch, 0) || isControl(batch, 0);
}

/** -1 without a producer. */
function epochOf(batch: Uint8Array): number {
  return producerId(batch, 0) < 0 ? -1 : producerEpoch(batch, 0);
}
