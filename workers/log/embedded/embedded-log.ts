import type { CompactionPlan, CompactionResult } from '../compaction.js';
import {
  type AppendRun,
  type FilePlace,
  type FoundOffset,
  type Log,
  type LogConfig,
  LogFault,
  type ReadResult,
  type ReplyMemory,
} from '../log.js';
import { Cleaner } from './cleaner.js';
import { DoomedFiles } from './doomed-files.js';
import { faultOf, syncFault } from './fault.js';
import { Flusher } from './flusher.js';
import type { LeaderEpochs } from './leader-epochs.js';
import type { EmbeddedLogOptions } from './options.js';
import { Reader } from './reader.js';
import type { RecoveredLog } from './recovered-log.js';
import type { RecoveryPointFile } from './recovery-point-file.js';
import { expiredSegments } from './retention.js';
import { SegmentWriter } from './segment-writer.js';
import type { Segments } from './segments.js';
import type { SnapshotFiles } from './snapshot-files.js';
import { StoredRun } from './stored-run.js';
import { TimeSearch } from './time-search.js';

/** Written bytes after which indexes and a producer snapshot go to disk, so that an opening reads no more than that. */
const checkpointBytes = 64 * 2 ** 20;
/** Synced bytes after which the recovery point is noted. */
const noteBytes = 2 ** 20;

/**
 * A partition's log on local disk, in Kafka's file format. All methods but `close` return when the work is
 * done; a flush reports later.
 */
export class EmbeddedLog implements Log {
  readonly leaderEpoch: number;
  logStartOffset: number;
  readonly #options: EmbeddedLogOptions;
  readonly #segments: Segments;
  readonly #epochs: LeaderEpochs;
  readonly #snapshots: SnapshotFiles;
  readonly #flusher: Flusher;
  readonly #reader: Reader;
  readonly #search: TimeSearch;
  readonly #doomed: DoomedFiles;
  readonly #cleaner: Cleaner;
  readonly #stored: StoredRun;
  readonly #writer: SegmentWriter;
  #config: LogConfig;
  readonly isWritable = true;
  readonly takesAppends = true;
  readonly assignsOffsets = true;
  readonly borrowsUntilStable = false;
  readonly firstOpenOffset = Number.POSITIVE_INFINITY;
  #epochStored = false;
  #bytesSinceCheckpoint: number;
  readonly #note: RecoveryPointFile;
  /** The first sync of an opening is noted, however little it covers. */
  #bytesSinceNote = noteBytes;
  /** Set by a storage fault: nothing is written from then on. */
  #broken: LogFault | null = null;
  #closed = false;
  #afterFlush: (() => void) | null = null;

  constructor(options: EmbeddedLogOptions, recovered: RecoveredLog) {
    const { disk, dir } = options;
    this.#options = options;
    this.#config = options.config;
    this.#segments = recovered.segments;
    this.#epochs = recovered.epochs;
    this.#snapshots = recovered.snapshots;
    this.logStartOffset = recovered.logStartOffset;
    // Else a broker that is killed again and again would walk more at each opening.
    this.#bytesSinceCheckpoint = recovered.tally.replayedBytes;
    this.leaderEpoch = this.#epochs.highest + 1;
    this.#flusher = new Flusher(disk, dir, this.#segments);
    if (recovered.isNameUnsynced) this.#flusher.created();
    this.#flusher.stableEndOffset = recovered.stableEndOffset;
    this.#note = recovered.note;
    this.#reader = new Reader(disk, this.#segments, options.codecs, options.copied);
    this.#search = new TimeSearch(disk, this.#segments, options.codecs);
    this.#doomed = new DoomedFiles(disk);
    this.#stored = new StoredRun(options.codecs, options.copied);
    this.#writer = new SegmentWriter({
      options,
      segments: this.#segments,
      flusher: this.#flusher,
      snapshots: this.#snapshots,
      config: () => this.#config,
    });
    this.#cleaner = new Cleaner({
      disk,
      dir,
      topic: options.topic,
      partition: options.partition,
      segments: this.#segments,
      flusher: this.#flusher,
      doomed: this.#doomed,
      config: () => this.#config,
      clock: options.clock,
    });
  }

  get logEndOffset(): number {
    return this.#segments.active.nextOffset;
  }

  get stableEndOffset(): number {
    return this.#flusher.stableEndOffset;
  }

  get sizeBytes(): number {
    return this.#segments.sizeBytes;
  }

  get stableSizeBytes(): number {
    return this.#segments.sizeBytes - this.#flusher.unsyncedBytes;
  }

  get recoveryPoint(): number {
    return this.#flusher.stableEndOffset;
  }

  /** Nothing happens to it but what is asked of it. */
  abortedIn(): [] {
    return [];
  }

  listen(): void {}

  accepts(): boolean {
    return true;
  }

  append(run: AppendRun): void {
    this.#mustWrite();
    if (run.batches.length === 0) return;
    if (run.baseOffsets[0]! < this.logEndOffset) {
      throw new Error(`a run at ${run.baseOffsets[0]} in a log that ends at ${this.logEndOffset}`);
    }
    const stored = this.#stored;
    stored.take(run, this.#config.entryFormat, this.#options.clock());
    try {
      this.#guard('cannot append', () => this.#segments.active.suit(stored.suffixOf(0)));
      this.#appendStored();
    } finally {
      stored.release();
    }
  }

  #appendStored(): void {
    const first = this.#segments.active;
    const mark = first.mark();
    try {
      this.#storeEpoch();
      this.#writer.write(this.#stored);
    } catch (error) {
      const fault = faultOf(error, `cannot append to ${this.#options.dir}`);
      if (fault.code !== 'full') this.#broken = fault;
      this.#broken = this.#writer.undo(first, mark) ?? this.#broken;
      throw this.#broken ?? fault;
    }
    this.#flusher.unsyncedBytes += this.#stored.sizeBytes;
    this.#bytesSinceCheckpoint += this.#stored.sizeBytes;
    this.#bytesSinceNote += this.#stored.sizeBytes;
  }

  flush(done: (fault: LogFault | null) => void): void {
    const { dir } = this.#options;
    const ended = (fault: LogFault | null) => {
      if (fault !== null) this.#broken ??= fault;
      else this.#checkpoint();
      done(fault);
      this.#afterFlush?.();
    };
    if (this.#broken !== null || this.#closed) {
      const fault = this.#broken ?? closedFault();
      queueMicrotask(() => done(fault));
      return;
    }
    try {
      this.#flusher.start((errno) => {
        ended(errno === 0 ? null : syncFault(dir, errno));
      });
    } catch (error) {
      // Even a full disk is final here: what was to become stable may be lost already.
      const { message } = faultOf(error, `cannot sync ${dir}`);
      queueMicrotask(() => ended(new LogFault('storage', message, { cause: error })));
    }
  }

  read(
    offset: number,
    endOffset: number,
    maxBytes: number,
    atLeastOneBatch: boolean,
    memory: ReplyMemory,
    result: ReadResult,
  ): void {
    this.#mustBeOpen();
    if (offset < this.logStartOffset || offset > this.logEndOffset) {
      throw new LogFault(
        'offset-out-of-range',
        `offset ${offset} is outside [${this.logStartOffset}, ${this.logEndOffset}]`,
      );
    }
    this.#guard('cannot read', () =>
      this.#reader.read(offset, endOffset, maxBytes, atLeastOneBatch, memory, result),
    );
  }

  locate(
    offset: number,
    endOffset: number,
    maxBytes: number,
    atLeastOneBatch: boolean,
    place: FilePlace,
  ): boolean {
    this.#mustBeOpen();
    return this.#guard('cannot read', () =>
      this.#reader.locate(offset, endOffset, maxBytes, atLeastOneBatch, place),
    );
  }

  offsetForTimestamp(timestamp: number, endOffset: number): FoundOffset {
    this.#mustBeOpen();
    return this.#guard('cannot search', () =>
      this.#search.first(timestamp, this.logStartOffset, endOffset),
    );
  }

  offsetOfMaxTimestamp(endOffset: number): FoundOffset {
    this.#mustBeOpen();
    return this.#guard('cannot search', () =>
      this.#search.greatest(this.logStartOffset, endOffset),
    );
  }

  placeOf(): null {
    return null;
  }

  endOffsetForEpoch(leaderEpoch: number): FoundOffset {
    return this.#epochs.endOffsetFor(leaderEpoch, this.leaderEpoch, this.logEndOffset);
  }

  epochAt(offset: number): number {
    return this.#epochs.epochAt(offset);
  }

  trim(logStartOffset: number): void {
    this.#mustWrite();
    if (logStartOffset > this.logEndOffset) {
      throw new LogFault('offset-out-of-range', `${logStartOffset} is beyond the end of the log`);
    }
    if (logStartOffset <= this.logStartOffset) return;
    this.logStartOffset = logStartOffset;
    this.#guard('cannot trim', () => this.#dropBelowStart());
  }

  expire(nowMs: number, endOffset: number): boolean {
    this.#mustWrite();
    return this.#guard('cannot remove segments', () => {
      this.#doomed.removeDue(nowMs);
      const before = this.logStartOffset;
      const expired = expiredSegments(this.#segments, this.#config, nowMs, endOffset);
      // When all has expired, the active segment makes room for an empty one and goes as well.
      if (expired === this.#segments.all.length) {
        const { active } = this.#segments;
        this.#writer.roll(this.logEndOffset, active.suffix);
        this.#flusher.expired(active);
      }
      if (expired > 0) {
        const start = this.#segments.endOffset(expired - 1);
        this.logStartOffset = Math.max(before, start);
      }
      this.#dropBelowStart();
      return this.logStartOffset > before;
    });
  }

  planCompaction(nowMs: number, endOffset: number): CompactionPlan | null {
    this.#mustWrite();
    return this.#guard('cannot plan a compaction', () =>
      this.#cleaner.plan(nowMs, this.logStartOffset, endOffset, () => this.#stableProducers()),
    );
  }

  /** A batch that is not stable yet stands for none before it: a power cut may take it. */
  #stableProducers(): [number, number][] {
    const { takeSnapshot } = this.#options;
    const stable = takeSnapshot(this.stableEndOffset);
    const lastOffsets = new Map(stable.map((row) => [row.producerId, row.lastOffset]));
    const all = new Set(takeSnapshot(this.logEndOffset).map(({ producerId }) => producerId));
    return Array.from(all, (producerId) => [producerId, lastOffsets.get(producerId) ?? -1]);
  }

  applyCompaction(plan: CompactionPlan, result: CompactionResult | null): void {
    this.#mustWrite();
    try {
      this.#cleaner.apply(plan, result);
      this.#snapshots.removeStray((offset) => this.#segments.isStart(offset));
      if (result !== null) this.#reportCompaction(result);
    } catch (error) {
      // Halfway between old and new segments: the next opening completes the swap.
      const doing = `cannot put compacted segments in place in ${this.#options.dir}`;
      const { message } = faultOf(error, doing);
      this.#broken = new LogFault('storage', message, { cause: error });
      throw this.#broken;
    } finally {
      this.#reader.forget();
    }
  }

  #reportCompaction({ readBytes, keptBytes, keys, firstDirtyOffset }: CompactionResult): void {
    const fields = { dir: this.#options.dir, readBytes, keptBytes, keys, firstDirtyOffset };
    this.#options.report({ level: 'info', message: 'compacted a log', fields });
  }

  configure(config: LogConfig): void {
    this.#config = config;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    // Whoever is told of a flush's end may begin another one.
    while (this.#flusher.isRunning) {
      await new Promise<void>((resolve) => {
        this.#afterFlush = resolve;
      });
    }
    const fault = this.#broken;
    if (fault === null) await this.#finish();
    this.#closed = true;
    for (const segment of this.#segments.all) segment.release();
    this.#doomed.removeDue(Number.POSITIVE_INFINITY);
    // The last sync failed: whoever believed in a clean end would verify nothing at the next opening.
    if (fault === null && this.#broken !== null) throw this.#broken;
  }

  /** The config of the moment, for segments. */
  get config(): LogConfig {
    return this.#config;
  }

  async #finish(): Promise<void> {
    if (this.stableEndOffset < this.logEndOffset) {
      const fault = await new Promise<LogFault | null>((resolve) => this.flush(resolve));
      if (fault !== null) return;
    }
    this.#segments.active.seal();
    this.#bytesSinceNote = noteBytes;
    this.#bytesSinceCheckpoint = checkpointBytes;
    this.#checkpoint();
  }

  /** Brings recovery point, indexes and producer state to the disk now and then; losing them costs time, not data. */
  #checkpoint(): void {
    if (this.#bytesSinceNote >= noteBytes) {
      this.#bytesSinceNote = 0;
      this.#note.store(this.stableEndOffset, false);
    }
    if (this.#bytesSinceCheckpoint < checkpointBytes) return;
    this.#bytesSinceCheckpoint = 0;
    try {
      this.#segments.active.writeIndexes();
      this.#writer.snapshot(this.logEndOffset);
    } catch (error) {
      const { message } = error as Error;
      this.#options.report({
        level: 'warn',
        message: 'cannot write indexes or producer state: the next opening takes longer',
        fields: { dir: this.#options.dir, reason: message },
      });
    }
  }

  #storeEpoch(): void {
    if (this.#epochStored) return;
    this.#epochs.assign(this.leaderEpoch, this.logEndOffset);
    this.#epochs.store();
    this.#epochStored = true;
  }

  /** Lets go of the segments that lie below the log start, but for those that a sync still needs. */
  #dropBelowStart(): void {
    const { disk, dir, clock, takeSnapshot } = this.#options;
    const { all } = this.#segments;
    const stays = all.findIndex(
      (segment, i) =>
        this.#segments.endOffset(i) > this.logStartOffset || this.#flusher.needs(segment),
    );
    if (stays <= 0) return;
    const startOffset = all[stays]!.baseOffset;
    // A power cut may leave any of what goes, and a gap below the recovery point is none.
    this.#note.store(this.stableEndOffset, true);
    // Producers that were last heard of in what goes are known by it alone from now on.
    this.#snapshots.keep(startOffset, () => takeSnapshot(startOffset));
    for (const segment of all.slice(0, stays)) {
      this.#segments.remove(segment);
      this.#doomed.add(segment, clock() + this.#config.fileDeleteDelayMs);
    }
    disk.syncDirectory(dir);
    this.#epochs.trim(this.logStartOffset);
    this.#snapshots.removeStray((offset) => this.#segments.isStart(offset));
  }

  #mustBeOpen(): void {
    if (this.#closed) throw closedFault();
  }

  #mustWrite(): void {
    this.#mustBeOpen();
    if (this.#broken !== null) throw this.#broken;
  }

  #guard<T>(doing: string, act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw faultOf(error, `${doing} in ${this.#options.dir}`);
    }
  }
}

function closedFault(): LogFault {
  return new LogFault('closed', 'the log is closed');
}
