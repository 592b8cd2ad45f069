import {
  type AbortedTransaction,
  type AppendRun,
  type FoundOffset,
  type Log,
  type LogConfig,
  type LogEvents,
  LogFault,
  type ReadResult,
  type ReplyMemory,
} from '../../../workers/log/log.js';

export interface StoredBatch {
  bytes: Uint8Array;
  baseOffset: number;
  lastOffset: number;
  maxTimestamp: number;
}

/** A log in memory whose flushes end when the test says so; the records of a batch share one timestamp. */
export class MemoryLog implements Log {
  logStartOffset = 0;
  logEndOffset = 0;
  stableEndOffset = 0;
  stableSizeBytes = 0;
  recoveryPoint = 0;
  leaderEpoch = 7;
  /** Batches of each append, in order. */
  readonly appends: number[] = [];
  readonly batches: StoredBatch[] = [];
  readonly trims: number[] = [];
  flushes = 0;
  closed = false;
  isWritable = true;
  takesAppends = true;
  borrowsUntilStable = false;
  assignsOffsets = true;
  /** Appended, where offsets come later, and not placed. */
  readonly unplaced: { bytes: Uint8Array; span: number }[] = [];
  firstOpenOffset = Number.POSITIVE_INFINITY;
  aborted: AbortedTransaction[] = [];
  /** The next read has to be tried again. */
  isAwaited = false;
  events: LogEvents | null = null;
  config: LogConfig | null = null;
  /** Thrown by the next append or read. */
  nextFault: LogFault | null = null;
  #flushing: ((fault: LogFault | null) => void) | null = null;
  #flushEndOffset = 0;

  abortedIn(startOffset: number, endOffset: number): AbortedTransaction[] {
    return this.aborted.filter(
      ({ firstOffset }) => firstOffset >= startOffset && firstOffset < endOffset,
    );
  }

  get sizeBytes(): number {
    return this.batches.reduce((sum, batch) => sum + batch.bytes.length, 0);
  }

  get isFlushing(): boolean {
    return this.#flushing !== null;
  }

  listen(events: LogEvents): void {
    this.events = events;
  }

  accepts(): boolean {
    return true;
  }

  append(run: AppendRun): void {
    this.#throwNext();
    this.appends.push(run.batches.length);
    if (!this.assignsOffsets) {
      run.batches.forEach((bytes, index) => {
        const span = (run.lastOffsets[index] as number) - (run.baseOffsets[index] as number) + 1;
        this.unplaced.push({ bytes: bytes.slice(), span });
      });
      return;
    }
    run.batches.forEach((bytes, index) => {
      const baseOffset = run.baseOffsets[index] as number;
      if (baseOffset !== this.logEndOffset) throw new Error('a hole in the offsets');
      this.batches.push({
        bytes: bytes.slice(),
        baseOffset,
        lastOffset: run.lastOffsets[index] as number,
        maxTimestamp: run.maxTimestamps[index] as number,
      });
      this.logEndOffset = (run.lastOffsets[index] as number) + 1;
    });
  }

  /** The oldest batch without a place is stored, behind `foreign` offsets of somebody else's. */
  place(foreign = 0): void {
    const { bytes, span } = this.unplaced.shift() as { bytes: Uint8Array; span: number };
    const baseOffset = this.logEndOffset + foreign;
    const lastOffset = baseOffset + span - 1;
    this.batches.push({ bytes, baseOffset, lastOffset, maxTimestamp: -1 });
    this.logEndOffset = lastOffset + 1;
    this.stableEndOffset = this.logEndOffset;
    this.events?.placed(baseOffset);
    this.events?.progress();
    this.#endWhenPlaced();
  }

  #endWhenPlaced(): void {
    const done = this.#flushing;
    if (done === null || this.unplaced.length > 0) return;
    this.#flushing = null;
    done(null);
  }

  flush(done: (fault: LogFault | null) => void): void {
    if (this.#flushing) throw new Error('two flushes at a time');
    this.flushes++;
    this.#flushing = done;
    this.#flushEndOffset = this.logEndOffset;
    if (!this.assignsOffsets) queueMicrotask(() => this.#endWhenPlaced());
  }

  /** Ends the flush that runs. */
  endFlush(fault: LogFault | null = null): void {
    const done = this.#flushing;
    if (!done) throw new Error('no flush runs');
    this.#flushing = null;
    if (!fault) {
      this.stableEndOffset = this.#flushEndOffset;
      this.stableSizeBytes = this.batches
        .filter((batch) => batch.lastOffset < this.stableEndOffset)
        .reduce((sum, batch) => sum + batch.bytes.length, 0);
    }
    done(fault);
  }

  read(
    offset: number,
    endOffset: number,
    _maxBytes: number,
    _atLeastOneBatch: boolean,
    memory: ReplyMemory,
    result: ReadResult,
  ): void {
    this.#throwNext();
    result.awaited = this.isAwaited;
    if (this.isAwaited) return;
    const batch = this.batches.find((stored) => stored.lastOffset >= offset);
    if (!batch || batch.lastOffset >= endOffset) return;
    const start = memory.allocate(batch.bytes.length);
    if (start === -1) {
      result.starved = true;
      return;
    }
    memory.view.set(batch.bytes, start);
    result.start = start;
    result.sizeBytes = batch.bytes.length;
  }

  /** Nothing here lies in a file. */
  locate(): boolean {
    return false;
  }

  offsetForTimestamp(timestamp: number, endOffset: number): FoundOffset {
    const found = this.batches.find(
      (batch) => batch.maxTimestamp >= timestamp && batch.baseOffset < endOffset,
    );
    if (!found) return { offset: -1, timestamp: -1, leaderEpoch: -1 };
    return { offset: found.baseOffset, timestamp: found.maxTimestamp, leaderEpoch: 7 };
  }

  offsetOfMaxTimestamp(endOffset: number): FoundOffset {
    const seen = this.batches.filter((batch) => batch.lastOffset < endOffset);
    const found = seen.sort((a, b) => b.maxTimestamp - a.maxTimestamp)[0];
    if (!found) return { offset: -1, timestamp: -1, leaderEpoch: -1 };
    return { offset: found.baseOffset, timestamp: found.maxTimestamp, leaderEpoch: 7 };
  }

  placeOf(): null {
    return null;
  }

  endOffsetForEpoch(leaderEpoch: number): FoundOffset {
    if (leaderEpoch !== this.leaderEpoch) return { offset: -1, timestamp: -1, leaderEpoch: -1 };
    return { offset: this.logEndOffset, timestamp: -1, leaderEpoch };
  }

  epochAt(): number {
    return this.leaderEpoch;
  }

  trim(logStartOffset: number): void {
    this.#throwNext();
    this.trims.push(logStartOffset);
    this.logStartOffset = logStartOffset;
  }

  expire(): boolean {
    this.#throwNext();
    return false;
  }

  planCompaction(): null {
    return null;
  }

  applyCompaction(): void {}

  configure(config: LogConfig): void {
    this.config = config;
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  #throwNext(): void {
    const fault = this.nextFault;
    this.nextFault = null;
    if (fault) throw fault;
  }
}

export function storageFault(): LogFault {
  return new LogFault('storage', 'the disk is gone');
}
