import {
  attributes,
  BATCH_ATTRIBUTE,
  BATCH_HEADER_BYTES,
  batchSizeBytes,
  recordCount,
} from '../../../engine/protocol/kafka/record-batch.js';
import { RecordCursor } from '../../../engine/protocol/kafka/record-cursor.js';
import { loadCodecs } from '../../../native/index.js';
import { batchesPerSend, type ProduceShape, recordsPerBatch } from '../channel.js';
import { numberBytes, putRecord } from '../records.js';
import { PartitionReader } from './partition-reader.js';
import type { PreparedRequest } from './prepared-requests.js';
import { RawConnection } from './raw-connection.js';

const codecs = loadCodecs();
const maxBytes = 16 * 2 ** 20;
const maxInflatedBytes = 64 * 2 ** 20;

/**
 * Reads all partitions from start to end, and compares a hash of every record. Rejects if one is not what was sent,
 * or is there more or less often than it was acknowledged.
 */
export async function readBack(
  shape: ProduceShape,
  requests: readonly PreparedRequest[],
): Promise<void> {
  const { address, topic, partitions, recordBytes, batchBytes } = shape;
  if (address.protocol !== 'kafka') throw new Error('not the address of a Kafka broker');
  const perBatch = recordsPerBatch(recordBytes, batchBytes);
  const perSend = batchesPerSend(shape) * perBatch;
  const seen = new Uint32Array(requests.length * perSend);
  const connection = await RawConnection.open(address.host, address.port);
  const check = new RecordCheck(recordBytes, seen);
  for (let partition = 0; partition < partitions; partition++) {
    const reader = new PartitionReader({ topic, partition, maxBytes, maxWaitMs: 0, atTail: true });
    for (;;) {
      const response = await connection.ask(reader.request());
      reader.bytes(response, 0);
      reader.end();
      if (reader.recordBytes === 0) break;
      const start = response.length - reader.recordBytes;
      check.batches(response.subarray(start, start + reader.wholeBytes));
    }
  }
  connection.close();
  for (const [number, times] of seen.entries()) {
    const { acknowledged } = requests[Math.floor(number / perSend)] as PreparedRequest;
    if (times === acknowledged) continue;
    throw new Error(
      `record ${number} was acknowledged ${acknowledged} times and is there ${times}`,
    );
  }
}

/** Counts records by their number, and checks what they hold. */
class RecordCheck {
  readonly #recordBytes: number;
  readonly #seen: Uint32Array;
  /** CRC32C of each record, as far as they were met. */
  readonly #hashes: Uint32Array;
  readonly #expected: Buffer;
  readonly #cursor = new RecordCursor();

  constructor(recordBytes: number, seen: Uint32Array) {
    this.#recordBytes = recordBytes;
    this.#seen = seen;
    this.#hashes = new Uint32Array(seen.length);
    this.#expected = Buffer.allocUnsafe(recordBytes);
  }

  batches(view: Buffer): void {
    for (let at = 0; at < view.length; at += batchSizeBytes(view, at)) {
      const flags = attributes(view, at);
      if ((flags & BATCH_ATTRIBUTE.control) !== 0) continue;
      const compression = flags & BATCH_ATTRIBUTE.compression;
      const start = at + BATCH_HEADER_BYTES;
      const end = at + batchSizeBytes(view, at);
      if (compression === 0) this.#records(view, start, end, recordCount(view, at));
      else {
        const plain = codecs.inflate(compression, view, start, end, maxInflatedBytes);
        this.#records(plain, 0, plain.length, recordCount(view, at));
      }
    }
  }

  #records(view: Uint8Array, start: number, end: number, count: number): void {
    const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
    const cursor = this.#cursor.open(view, start, end, count);
    while (cursor.next()) this.#record(bytes, cursor.valueStart, cursor.valueEnd);
  }

  #record(bytes: Buffer, start: number, end: number): void {
    const number = end - start >= numberBytes ? bytes.readUInt32BE(start) : this.#seen.length;
    if (number >= this.#seen.length) throw new Error(`nobody sent a record ${number}`);
    if (codecs.crc32c(bytes, start, end) !== this.#hashOf(number)) {
      throw new Error(`record ${number} is not what was sent`);
    }
    this.#seen[number] = (this.#seen[number] as number) + 1;
  }

  #hashOf(number: number): number {
    if (this.#seen[number] === 0) {
      putRecord(this.#expected, 0, this.#recordBytes, number);
      this.#hashes[number] = codecs.crc32c(this.#expected, 0, this.#recordBytes);
    }
    return this.#hashes[number] as number;
  }
}
