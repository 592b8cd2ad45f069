import { lastOffset, maxTimestamp } from '../../../engine/protocol/kafka/record-batch.js';
import type { Disk } from './disk.js';
import type { Segment } from './segment.js';
import { writeFully } from './small-file.js';

const bufferBytes = 2 ** 20;

/** Writes batches to the end of a new segment through a buffer, and enters them into its indexes. */
export class BatchWriter {
  readonly #disk: Disk;
  readonly #segment: Segment;
  readonly #buffer = new Uint8Array(bufferBytes);
  #held = 0;

  constructor(disk: Disk, segment: Segment) {
    this.#disk = disk;
    this.#segment = segment;
  }

  /** Copies the bytes, or writes them at once. */
  write(batch: Uint8Array): void {
    if (this.#held + batch.length > bufferBytes) this.end();
    const segment = this.#segment;
    const position = segment.sizeBytes;
    segment.enter(lastOffset(batch, 0), maxTimestamp(batch, 0), position, batch.length);
    segment.sizeBytes += batch.length;
    if (batch.length > bufferBytes) {
      writeFully(this.#disk, segment.fd, [batch], position);
      return;
    }
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
}
