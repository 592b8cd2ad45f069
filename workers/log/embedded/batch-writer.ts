import { lastOffset, maxTimestamp } from '../../../engine/protocol/kafka/record-batch.js';
import type { Disk } from './disk.js';
import type { Segment } from './segment.js';
import { writeFully } from './small-file.js';

/** At most: the buffer is as large as what it held so far needed. */
const maxBufferBytes = 2 ** 20;

/** Writes batches to the end of a new segment through a buffer, and enters them into its indexes. */
export class BatchWriter {
  readonly #disk: Disk;
  readonly #segment: Segment;
  #buffer = new Uint8Array(0);
  #held = 0;

  constructor(disk: Disk, segment: Segment) {
    this.#disk = disk;
    this.#segment = segment;
  }

  /** Copies the bytes, or writes them at once. */
  write(batch: Uint8Array): void {
    if (this.#held + batch.length > maxBufferBytes) this.end();
    const segment = this.#segment;
    const position = segment.sizeBytes;
    segment.enter(lastOffset(batch, 0), maxTimestamp(batch, 0), position, batch.length);
    segment.sizeBytes += batch.length;
    if (batch.length > maxBufferBytes) {
      writeFully(this.#disk, segment.fd, [batch], position);
      return;
    }
    if (this.#held + batch.length > this.#buffer.length) this.#grow(batch.length);
    this.#buffer.set(batch, this.#held);
    this.#held += batch.length;
  }

  /** Writes what is held. */
  end(): void {
    if (this.#held === 0) return;
    const { fd, sizeBytes } = this.#segment;
    writeFully(this.#disk, fd, [this.#buffer.subarray(0, this.#held)], sizeBytes - this.#held);
    this.#held = 0;
  }

  #grow(sizeBytes: number): void {
    const wantedBytes = Math.max(2 * this.#buffer.length, this.#held + sizeBytes);
    const buffer = new Uint8Array(Math.min(maxBufferBytes, wantedBytes));
    buffer.set(this.#buffer.subarray(0, this.#held));
    this.#buffer = buffer;
  }
}
