/**
 * The seam between a partition and its storage: about ten methods, two implementations
 * (`embedded/`, later `pulsar/`), one conformance suite. Groups, transactions and producer
 * state live above it and are written once.
 */
import type { EntryFormat } from '../format/entry-encoder.js';
import type { CompactionPlan, CompactionResult } from './compaction.js';

/**
 * What `append` takes: batches v2 back to back in order, epochs already patched in, and offsets if the log assigns
 * them beforehand: else they are numbered through from wherever.
 */
export interface AppendRun {
  /**
   * Borrowed views, each exactly one record batch; valid until `append` returns, of a log that `borrowsUntilStable`
   * until its stable end has passed them.
   */
  readonly batches: Uint8Array[];
  readonly baseOffsets: number[];
  readonly lastOffsets: number[];
  /** Greatest record timestamp of each batch, ms (-1: none). */
  readonly maxTimestamps: number[];
  sizeBytes: number;
}

/** Memory that replies are read into; a range is lent to the main thread until it is released. */
export interface ReplyMemory {
  readonly view: Uint8Array;
  /** Start of a range of `sizeBytes`, or -1 while the budget is spent. */
  allocate(sizeBytes: number): number;
  release(start: number): void;
}

/** Filled in by `read`; the caller owns and reuses it. */
export interface ReadResult {
  /** Start and length in the reply memory; length 0 with start -1: nothing to read below the limit. */
  start: number;
  sizeBytes: number;
  /** True when the reply memory was spent: the caller tries again after a release. */
  starved: boolean;
  /** True when what was asked for is on its way: the caller tries again once the log says `arrived`. */
  awaited: boolean;
}

/** Makes a result one that has read nothing. */
export function clearResult(result: ReadResult): void {
  result.start = -1;
  result.sizeBytes = 0;
  result.starved = false;
  result.awaited = false;
}

/** Where whole batches lie in a file, for a reply that is sent from there; the caller owns and reuses it. */
export interface FilePlace {
  segmentBaseOffset: number;
  position: number;
  sizeBytes: number;
  /** Of the segment file, so that another file of its name is not taken for it. */
  inode: number;
}

export type LogFaultCode =
  | 'offset-out-of-range'
  | 'storage' // an I/O error: the partition must go offline and be reopened through recovery
  | 'full' // no space, no file descriptors: nothing of the run was kept, reads go on, a later append may succeed
  | 'corrupt'
  | 'fenced' // somebody else owns the partition: nothing more may be written or read here
  | 'closed';

export class LogFault extends Error {
  readonly code: LogFaultCode;
  constructor(code: LogFaultCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LogFault';
    this.code = code;
  }
}

/** What a log does by itself, told on its thread, and never while one of its methods runs. */
export interface LogEvents {
  /** The stable end moved, or the log can be written to again. */
  progress(): void;
  /** What an awaited read waits for has come, or never will. */
  arrived(): void;
  /**
   * Of a log that does not assign offsets beforehand: where the oldest batch begins that had no place yet. Before the
   * `progress` that makes it stable.
   */
  placed(baseOffset: number): void;
  /** The log ended: what is not stable may be there or not. */
  ended(fault: LogFault): void;
}

/** What a time search or an epoch search found; offset -1: nothing. */
export interface FoundOffset {
  offset: number;
  timestamp: number;
  leaderEpoch: number;
}

/** A transaction whose records a reader of committed ones is not to show. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/** Where an entry is in a topic of Pulsar's; -1 and -1: the first one, which may not be there yet. */
export interface EntryPlace {
  ledgerId: number;
  entryId: number;
}

/** The settings of a topic that its log obeys, already merged with the broker's defaults. */
export interface LogConfig {
  segmentBytes: number;
  segmentMs: number;
  segmentJitterMs: number;
  segmentIndexBytes: number;
  indexIntervalBytes: number;
  /** -1: no limit. */
  retentionMs: number;
  retentionBytes: number;
  cleanupDelete: boolean;
  cleanupCompact: boolean;
  maxMessageBytes: number;
  compressionType: 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  compressionLevel: number | null;
  timestampType: 'CreateTime' | 'LogAppendTime';
  timestampBeforeMaxMs: number;
  timestampAfterMaxMs: number;
  minCompactionLagMs: number;
  maxCompactionLagMs: number;
  minCleanableDirtyRatio: number;
  deleteRetentionMs: number;
  fileDeleteDelayMs: number;
  /** How batches are stored from now on; which format is read is said by what is stored. */
  entryFormat: EntryFormat;
  /** In a topic of Pulsar's: whether others write there as well. Changed by closing the log and opening it anew. */
  pulsarWriters: 'exclusive' | 'shared';
}

/** A batch of a producer, as Kafka's producer snapshot files keep the last one. */
export interface ProducerSnapshotEntry {
  producerId: number;
  producerEpoch: number;
  lastSequence: number;
  lastOffset: number;
  /** Last offset minus base offset of that batch. */
  offsetDelta: number;
  timestamp: number;
  coordinatorEpoch: number;
  /** -1: no transaction is open. */
  currentTxnFirstOffset: number;
}

/** Told at opening what the log knows of producers: the newest snapshot, then every later batch in order. */
export interface ReplayVisitor {
  snapshot(entries: ProducerSnapshotEntry[]): void;
  /** `view[start, end)`, borrowed, holds at least the header; of a control batch all of it. */
  batch(view: Uint8Array, start: number, end: number): void;
}

/** Something that an operator should know. */
export interface LogNotice {
  level: 'info' | 'warn' | 'error';
  message: string;
  fields: object;
  /** It may ail many partitions at once: who reads the log is told once. */
  isCommon?: boolean;
}

export interface Log {
  /** First offset that readers may ask for. */
  readonly logStartOffset: number;
  /** Next offset to assign. */
  readonly logEndOffset: number;
  /** End of what would survive a power cut: synced (embedded), receipted (Pulsar). */
  readonly stableEndOffset: number;
  /** Bytes from the log start to `logEndOffset`, and to `stableEndOffset`. */
  readonly sizeBytes: number;
  readonly stableSizeBytes: number;
  /** Everything below was synced and scanned: where a recovery begins. */
  readonly recoveryPoint: number;
  /** The epoch of this opening; higher than that of every earlier one that appended. */
  readonly leaderEpoch: number;
  /** False while no appends should begin before a `progress`; those of a drain that has begun are taken. */
  readonly isWritable: boolean;
  /** False for as long as nothing can be appended, and nobody knows until when: appends are refused. */
  readonly takesAppends: boolean;
  /** False where others write as well: batches get their offsets once they are stored, see `LogEvents.placed`. */
  readonly assignsOffsets: boolean;
  /** True where batches go out from where they lie, after `append` has returned. */
  readonly borrowsUntilStable: boolean;
  /** First offset of the first open transaction, Infinity where none is: readers of committed records end before it. */
  readonly firstOpenOffset: number;
  /** Aborted transactions that concern a reader of [startOffset, endOffset). */
  abortedIn(startOffset: number, endOffset: number): readonly AbortedTransaction[];
  /** Before anything else, once. */
  listen(events: LogEvents): void;
  /** False for a batch that its storage has no room for, whatever is free: it must not be in a run. */
  accepts(batch: Uint8Array): boolean;
  /** Writes the whole run or nothing. Throws LogFault. On return the bytes are in the page cache, or on their way. */
  append(run: AppendRun): void;
  /**
   * Makes everything appended before the call stable. `done(fault)` is called once, later, on this thread.
   * One at a time: not called again before `done`.
   */
  flush(done: (fault: LogFault | null) => void): void;
  /**
   * Reads whole batches from the one that holds `offset`, none at or beyond `endOffset`, at most `maxBytes`
   * (with `atLeastOneBatch`, the first batch even if larger). Where no record is left up to `endOffset`,
   * one batch without records to show spans the rest. Throws LogFault 'offset-out-of-range' outside
   * [logStartOffset, logEndOffset].
   */
  read(
    offset: number,
    endOffset: number,
    maxBytes: number,
    atLeastOneBatch: boolean,
    memory: ReplyMemory,
    result: ReadResult,
  ): void;
  /**
   * Like `read`, but only says where the batches lie. False where there is no file, they are few, or they are
   * not in the page cache: then `read` has to do it.
   */
  locate(
    offset: number,
    endOffset: number,
    maxBytes: number,
    atLeastOneBatch: boolean,
    place: FilePlace,
  ): boolean;
  /** First record with timestamp >= `timestamp` below `endOffset`. */
  offsetForTimestamp(timestamp: number, endOffset: number): FoundOffset | Promise<FoundOffset>;
  /** The record with the greatest timestamp below `endOffset` (ListOffsets -3). */
  offsetOfMaxTimestamp(endOffset: number): FoundOffset | Promise<FoundOffset>;
  /** KIP-320: end offset of the greatest epoch <= `leaderEpoch`; offset -1 if unknown. */
  endOffsetForEpoch(leaderEpoch: number): FoundOffset;
  /** Epoch of the batch at an offset (the greatest epoch that starts at or below it). */
  epochAt(offset: number): number;
  /** The stored entry that holds an offset, or would be the next at the end; null where there are no entries. */
  placeOf(offset: number): Promise<EntryPlace> | null;
  /** Moves the log start up (DeleteRecords, retention) and drops segments wholly below it. Durable when `flush` next completes or the checkpoint was written. */
  trim(logStartOffset: number): void;
  /** Retention by time and size; returns true if the log start moved. `endOffset`: nothing at or beyond is removed. */
  expire(nowMs: number, endOffset: number): boolean;
  /**
   * What to compact now, for a job in another thread; null if nothing needs it, or a compaction is under way.
   * Every plan comes back through `applyCompaction`. `endOffset`: nothing at or beyond is compacted.
   */
  planCompaction(nowMs: number, endOffset: number): CompactionPlan | null;
  /** Puts in place what the job made of a plan; null: it failed. Throws LogFault. */
  applyCompaction(plan: CompactionPlan, result: CompactionResult | null): void;
  configure(config: LogConfig): void;
  /**
   * Writes indexes and a producer snapshot, syncs, closes; after a storage fault it only closes. Waits for a
   * flush in flight, whose `done` is called before. Rejects with a LogFault if what was left could not be synced.
   * `isRemoved`: the topic is gone, or goes next: nothing need be kept for a later opening.
   */
  close(isRemoved?: boolean): Promise<void>;
}
