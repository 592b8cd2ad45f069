import { ErrorCode } from '../../protocol/kafka/errors.js';
import type { OffsetsEntry } from './offsets-entry.js';

/** Why a write was not made. */
export type WriteFailure =
  /** One of its records does not fit into a batch; nothing else is affected. */
  | { readonly kind: 'too-large' }
  /** Too much waits already; nothing else is affected. */
  | { readonly kind: 'full' }
  /** The append failed or may have: the state in memory is given up. */
  | { readonly kind: 'append'; readonly errorCode: number };

/** Records that are to be appended together, and who wants to know. */
export interface Write {
  /**
   * The records; or a plan, which runs once everything queued before it is on disk and applied, so that
   * it may decide on the committed state. Only a plan's records may be spread over several batches.
   */
  readonly records: readonly OffsetsEntry[] | (() => readonly OffsetsEntry[]);
  /** Called after all of it is on disk and applied. */
  committed(): void;
  failed(failure: WriteFailure): void;
}

export interface AppendQueueOptions {
  /** What a record takes more than framing it. */
  readonly overheadBytes: number;
  /** Appends one batch; resolves with an error code once it is on disk, or not. */
  append(entries: readonly OffsetsEntry[]): Promise<number>;
  /** Called for every record, in log order, once it is on disk. */
  apply(entry: OffsetsEntry): void;
  /** An append failed: the queue is closed and the state has to be read again. */
  lost(errorCode: number, error?: unknown): void;
}

/** Bytes of records in one batch, a little below the usual max.message.bytes of 1 MiB. */
const MAX_BATCH_BYTES = 1_000_000;
/** What framing a record costs at most: length, deltas, key and value length, header count. */
const RECORD_OVERHEAD_BYTES = 32;
/** Records of commits that may wait for one partition. */
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;

/**
 * The writer of one partition of `__consumer_offsets`. One append is under way at a time; whatever
 * comes meanwhile becomes the next batch. Records take effect when their batch is on disk, in order.
 */
export class AppendQueue {
  private readonly options: AppendQueueOptions;
  private queue: Write[] = [];
  /** What is left of a plan whose records did not fit into the last batch. */
  private planned: { write: Write; entries: readonly OffsetsEntry[] } | null = null;
  private queuedBytes = 0;
  private busy = false;
  private failure: WriteFailure | null = null;

  constructor(options: AppendQueueOptions) {
    this.options = options;
  }

  add(write: Write): void {
    const sizeBytes = this.queuedSize(write);
    if (this.failure !== null) write.failed(this.failure);
    else if (sizeBytes > MAX_BATCH_BYTES) write.failed({ kind: 'too-large' });
    else if (this.queuedBytes + sizeBytes > MAX_QUEUED_BYTES) write.failed({ kind: 'full' });
    else {
      this.queue.push(write);
      this.queuedBytes += sizeBytes;
      if (!this.busy) {
        this.busy = true;
        // Whatever else arrives in this turn of the event loop goes into the same batch.
        setImmediate(() => void this.drain());
      }
    }
  }

  /** Ends the queue; everything in it fails. */
  close(failure: WriteFailure): void {
    if (this.failure !== null) return;
    this.failure = failure;
    const waiting = this.planned === null ? this.queue : [this.planned.write, ...this.queue];
    this.queue = [];
    this.planned = null;
    for (const write of waiting) write.failed(failure);
  }

  private async drain(): Promise<void> {
    let writes: Write[] = [];
    try {
      while (this.failure === null && (this.queue.length > 0 || this.planned !== null)) {
        const entries: OffsetsEntry[] = [];
        writes = this.takeBatch(entries);
        const errorCode = entries.length === 0 ? 0 : await this.options.append(entries);
        if (errorCode !== 0 || this.failure !== null) {
          this.giveUp(writes, errorCode);
          return;
        }
        for (const entry of entries) this.options.apply(entry);
        for (let write = writes.shift(); write !== undefined; write = writes.shift()) {
          write.committed();
        }
      }
    } catch (error) {
      this.giveUp(writes, ErrorCode.UNKNOWN_SERVER_ERROR, error);
      return;
    }
    this.busy = false;
  }

  private giveUp(writes: readonly Write[], errorCode: number, error?: unknown): void {
    const failure: WriteFailure = this.failure ?? { kind: 'append', errorCode };
    for (const write of writes) write.failed(failure);
    if (this.failure !== null) return;
    this.close(failure);
    this.options.lost(errorCode, error);
  }

  /** Fills `entries` with the next batch; returns the writes that are complete with it. */
  private takeBatch(entries: OffsetsEntry[]): Write[] {
    const first = this.queue[0];
    if (this.planned === null && first !== undefined && typeof first.records === 'function') {
      this.queue.shift();
      // Held before the plan runs, so that one that throws is failed like any other.
      this.planned = { write: first, entries: [] };
      this.planned = { write: first, entries: first.records() };
    }
    if (this.planned !== null) return this.takePlanned(entries);
    let sizeBytes = 0;
    let count = 0;
    for (const { records } of this.queue) {
      if (typeof records === 'function') break;
      const recordBytes = this.sizeOf(records);
      if (count > 0 && sizeBytes + recordBytes > MAX_BATCH_BYTES) break;
      sizeBytes += recordBytes;
      entries.push(...records);
      count++;
    }
    this.queuedBytes -= sizeBytes;
    return this.queue.splice(0, count);
  }

  private takePlanned(entries: OffsetsEntry[]): Write[] {
    const { write, entries: all } = this.planned!;
    let sizeBytes = 0;
    let count = 0;
    for (const entry of all) {
      sizeBytes += this.sizeOf([entry]);
      if (count > 0 && sizeBytes > MAX_BATCH_BYTES) break;
      entries.push(entry);
      count++;
    }
    const isComplete = count === all.length;
    this.planned = isComplete ? null : { write, entries: all.slice(count) };
    return isComplete ? [write] : [];
  }

  private queuedSize({ records }: Write): number {
    return typeof records === 'function' ? 0 : this.sizeOf(records);
  }

  private sizeOf(entries: readonly OffsetsEntry[]): number {
    const { overheadBytes } = this.options;
    let sizeBytes = 0;
    for (const { key, value } of entries) {
      const wrapping = overheadBytes === 0 ? 0 : overheadBytes + key.length;
      sizeBytes += key.length + (value?.length ?? 0) + RECORD_OVERHEAD_BYTES + wrapping;
    }
    return sizeBytes;
  }
}
