import {
  isControl,
  lastOffset,
  recordCount,
  setBaseOffset,
} from '../../../engine/protocol/kafka/record-batch.js';
import type { Log, LogFault, ReadResult, ReplyMemory } from '../../../workers/log/log.js';
import {
  type BatchSpec,
  batchAt,
  newResult,
  recordsOf,
  runOf,
  splitBatches,
  TestMemory,
  type TestRecord,
} from './batches.js';
import { flushed } from './read-log.js';

/** Records that a client shows: none of a batch that stands for a hole. */
export function recordsIn(batch: Uint8Array): number {
  return isControl(batch, 0) ? 0 : recordCount(batch, 0);
}

/** A new, empty log; `reopen` closes it in order and opens it again. */
export interface OpenedLog {
  readonly log: Log;
  reopen(): Promise<OpenedLog>;
}

/** Appends one batch at the end; returns a copy: the log may change its own where it lies. */
export function append(log: Log, records: TestRecord[], spec: BatchSpec = {}): Uint8Array {
  const made = batchAt(log.logEndOffset, records, { epoch: log.leaderEpoch, ...spec });
  log.append(runOf(made.slice()));
  return made;
}

/** How long something may take that a log does by itself. */
const newsTimeoutMs = 30_000;

/** Reads that bring nothing although there is something. */
const mostEmptyReads = 6;

/** A log whose reads wait for what is on its way, and whose appends are stable before they are read. */
export class Session {
  readonly log: Log;
  readonly #opened: OpenedLog;
  #wake: () => void = () => {};
  readonly #memory = new TestMemory();
  /** Where batches were, of a log that tells it afterwards. */
  readonly placed: number[] = [];
  /** Of `readAll`: they brought nothing, before the end. */
  emptyReads = 0;
  /** What ended it. */
  fault: LogFault | null = null;

  constructor(opened: OpenedLog) {
    this.#opened = opened;
    this.log = opened.log;
    const news = () => this.#wake();
    const ended = (fault: LogFault) => {
      this.fault = fault;
      news();
    };
    const placed = (baseOffset: number) => this.placed.push(baseOffset);
    this.log.listen({ progress: news, arrived: news, placed, ended });
  }

  async reopen(): Promise<Session> {
    return new Session(await this.#opened.reopen());
  }

  /** Appends batches of so many records each, one run each. */
  async appendBatches(counts: number[]): Promise<Uint8Array[]> {
    const batches = counts.map((count) => append(this.log, recordsOf(count)));
    await this.flush(batches);
    return batches;
  }

  /** Makes everything stable; the batches, which were appended last, get the offsets that the log gave them. */
  async flush(batches: readonly Uint8Array[] = []): Promise<LogFault | null> {
    const fault = await flushed(this.log);
    if (this.log.assignsOffsets) return fault;
    const first = this.placed.length - batches.length;
    for (const [index, batch] of batches.entries()) {
      setBaseOffset(batch, 0, this.placed[first + index] as number);
    }
    return fault;
  }

  async append(records: TestRecord[], spec: BatchSpec = {}): Promise<Uint8Array> {
    const batch = append(this.log, records, spec);
    await this.flush([batch]);
    return batch;
  }

  /** Resolves once something is so, which is looked at whenever the log has news. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await this.#news();
  }

  /** As `Log.read`, tried again while it is awaited. */
  async read(
    offset: number,
    endOffset: number,
    maxBytes: number,
    atLeastOneBatch: boolean,
    memory: ReplyMemory,
  ): Promise<ReadResult> {
    const result = newResult();
    for (;;) {
      this.log.read(offset, endOffset, maxBytes, atLeastOneBatch, memory, result);
      if (!result.awaited) return result;
      await this.#news();
    }
  }

  /** One read; the batches that it brought. */
  async readOnce(
    offset: number,
    maxBytes = 2 ** 19,
    endOffset = this.log.logEndOffset,
    atLeastOneBatch = true,
  ): Promise<Uint8Array[]> {
    const memory = this.#memory;
    const result = await this.read(offset, endOffset, maxBytes, atLeastOneBatch, memory);
    if (result.starved) throw new Error('starved');
    if (result.start === -1) return [];
    const bytes = memory.view.slice(result.start, result.start + result.sizeBytes);
    memory.release(result.start);
    return splitBatches(bytes);
  }

  /** All batches with records from an offset to the end, read as a consumer does. */
  async readAll(
    from = this.log.logStartOffset,
    maxBytes = 2 ** 19,
    endOffset = this.log.logEndOffset,
  ): Promise<Uint8Array[]> {
    const batches: Uint8Array[] = [];
    for (let offset = from; offset < endOffset; ) {
      const next = await this.readOnce(offset, maxBytes, endOffset);
      if (next.length === 0) {
        // A read that waited for too long is no end. One up to an offset inside of a batch is.
        if (endOffset < this.log.logEndOffset || ++this.emptyReads > mostEmptyReads) break;
        continue;
      }
      batches.push(...next.filter((made) => recordsIn(made) > 0));
      offset = lastOffset(next.at(-1)!, 0) + 1;
    }
    return batches;
  }

  /** Resolves at the next event. */
  #news(): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`no news in ${newsTimeoutMs} ms`));
      const timer = setTimeout(late, newsTimeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
