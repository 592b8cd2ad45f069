import { recordCount, setBaseOffset } from '../../../engine/protocol/kafka/record-batch.js';
import { uint32At } from '../../../engine/protocol/pulsar/envelope.js';
import type { Codecs } from '../../../native/codecs.js';
import {
  EntryEncoder,
  type EntryFormat,
  KAFKA_ENVELOPE_BYTES,
} from '../../format/entry-encoder.js';
import { EntryFault } from '../../format/entry-fault.js';
import { METADATA_SIZE_BYTES } from '../../format/envelope.js';
import type { EntryMemory } from './entry-memory.js';
import { kafkaMetadata } from './entry-merger.js';
import type { OutgoingEntry } from './producer.js';

/** Before the metadata of an entry in the pulsar format: the checksum's magic, the checksum, the size. */
const pulsarHeadBytes = 10;
/** First guess of what an entry in the pulsar format takes: twice the batch, and this. */
const firstRoomBytes = 1024;

/** Turns record batches into entries to send. */
export class EntryMaker {
  /** Most bytes of metadata and payload that the broker takes. */
  maxMessageBytes: number;
  readonly #encoder: EntryEncoder;
  readonly #memory: EntryMemory;
  readonly #one: Uint8Array[] = [];

  constructor(
    codecs: Codecs,
    maxInflatedBytes: number,
    maxMessageBytes: number,
    memory: EntryMemory,
  ) {
    this.#encoder = new EntryEncoder(codecs, maxInflatedBytes);
    this.#memory = memory;
    this.maxMessageBytes = maxMessageBytes;
  }

  /** Whether the batch's entry fits the broker, where that is known before it is made. */
  fits(batch: Uint8Array): boolean {
    return batch.length + KAFKA_ENVELOPE_BYTES <= this.maxMessageBytes;
  }

  /**
   * Null if the batch does not fit the format, or its entry the broker. Kafka's formats borrow the batch; an entry in the
   * pulsar format is in lent memory, to be given back when it is stored.
   */
  make(format: EntryFormat, batch: Uint8Array, nowMs: number): OutgoingEntry | null {
    return format === 'pulsar' ? this.#encoded(batch, nowMs) : this.#borrowed(format, batch, nowMs);
  }

  #borrowed(format: EntryFormat, batch: Uint8Array, nowMs: number): OutgoingEntry | null {
    if (!this.fits(batch)) return null;
    const messageCount = recordCount(batch, 0);
    // KoP leaves the producer's 0 there; in `mixed_kafka` the batch keeps its number.
    if (format === 'kafka') setBaseOffset(batch, 0, 0);
    const metadata = kafkaMetadata(messageCount, nowMs);
    return {
      messageCount,
      metadata,
      payload: [batch],
      payloadBytes: batch.length,
      checksum: null,
    };
  }

  #encoded(batch: Uint8Array, nowMs: number): OutgoingEntry | null {
    const mostBytes = this.maxMessageBytes + pulsarHeadBytes;
    this.#one[0] = batch;
    let roomBytes = Math.min(mostBytes, 2 * batch.length + firstRoomBytes);
    for (;;) {
      const room = this.#memory.lend(roomBytes);
      let end = -1;
      try {
        end = this.#encoder.encode('pulsar', this.#one, 0, 1, nowMs, room, 0, roomBytes);
        if (end !== -1) return outgoing(room, end, recordCount(batch, 0));
      } catch (error) {
        if (error instanceof EntryFault) return null;
        throw error;
      } finally {
        if (end === -1) this.#memory.giveBack([room]);
      }
      if (roomBytes === mostBytes) return null;
      roomBytes = Math.min(mostBytes, 2 * roomBytes);
    }
  }
}

/** The parts of an encoded entry. */
function outgoing(room: Buffer, end: number, messageCount: number): OutgoingEntry {
  const metadataEnd = pulsarHeadBytes + uint32At(room, pulsarHeadBytes - METADATA_SIZE_BYTES);
  const payload = room.subarray(metadataEnd, end);
  return {
    messageCount,
    metadata: room.subarray(pulsarHeadBytes, metadataEnd),
    payload: [payload],
    payloadBytes: payload.length,
    checksum: uint32At(room, 2),
  };
}

/** An entry as it will be stored, in memory of its own. */
export function storedBytes({ metadata, payload, payloadBytes }: OutgoingEntry): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(METADATA_SIZE_BYTES + metadata.length + payloadBytes);
  bytes.writeUInt32BE(metadata.length);
  bytes.set(metadata, METADATA_SIZE_BYTES);
  let at = METADATA_SIZE_BYTES + metadata.length;
  for (const part of payload) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
