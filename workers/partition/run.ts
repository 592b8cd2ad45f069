import type { AppendRun } from '../log/log.js';

/** Batches of one write; beyond it the kernel would split the vector anyway (IOV_MAX). */
export const maxRunBatches = 1024;

/** The batches that the next write takes, gathered in arrays that every write reuses. */
export class Run implements AppendRun {
  readonly batches: Uint8Array[] = [];
  readonly baseOffsets: number[] = [];
  readonly lastOffsets: number[] = [];
  readonly maxTimestamps: number[] = [];
  sizeBytes = 0;

  get isEmpty(): boolean {
    return this.batches.length === 0;
  }

  get isFull(): boolean {
    return this.batches.length === maxRunBatches;
  }

  push(batch: Uint8Array, baseOffset: number, lastOffset: number, maxTimestamp: number): void {
    this.batches.push(batch);
    this.baseOffsets.push(baseOffset);
    this.lastOffsets.push(lastOffset);
    this.maxTimestamps.push(maxTimestamp);
    this.sizeBytes += batch.length;
  }

  clear(): void {
    this.batches.length = 0;
    this.baseOffsets.length = 0;
    this.lastOffsets.length = 0;
    this.maxTimestamps.length = 0;
    this.sizeBytes = 0;
  }
}
