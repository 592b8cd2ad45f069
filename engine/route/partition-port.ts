import type { EntryPlace, LogConfig, PulsarOrigin } from '../../workers/ring/control.js';
import type { LineState } from '../../workers/ring/table.js';

/** A partition as the main thread knows it: where its line in the shared table is, and who owns it. */
export interface PartitionRef {
  readonly topic: string;
  /** base64url, 22 characters. */
  readonly topicId: string;
  readonly partition: number;
  /** Line in the shared table. */
  readonly slot: number;
  /** Index of the owning worker. */
  readonly worker: number;
  /** False while its worker is replaced, its log recovers or its storage fails. */
  readonly online: boolean;
  /** What requests are answered while it is not online. */
  readonly offlineErrorCode: number;
}

/** What one append came to. */
export interface AppendOutcome {
  readonly errorCode: number;
  readonly baseOffset: number;
}

/** The shared state of a partition, read through its sequence lock. */
export type PartitionState = LineState;

export interface OpenSpec {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly config: LogConfig;
  /** Make the directory and its partition.metadata; without it a missing directory is an error. */
  readonly create: boolean;
  /** From the checkpoint files; 0 where unknown. */
  readonly recoveryPoint: number;
  readonly logStartOffset: number;
  readonly cleanShutdown: boolean;
  /** Where the backend is Pulsar. */
  readonly pulsar?: PulsarOrigin;
}

/** Everything that is asked of partitions beside Produce and Fetch; the way into the worker threads. */
export interface PartitionPort {
  /**
   * An existing partition whose owner dies meanwhile, or whose storage fails, comes back offline, and goes online
   * when a later opening succeeds. Rejects for a new one, and for a damaged log.
   */
  open(spec: OpenSpec): Promise<PartitionRef>;
  /** Closes the log; `remove` also renames its directory aside and deletes it later. */
  close(ref: PartitionRef, remove: boolean): Promise<void>;
  configure(ref: PartitionRef, config: LogConfig): Promise<void>;
  /** Appends one record set with acks=all. `batch` is copied into a slab (coordinators' reserve). */
  append(ref: PartitionRef, batch: Uint8Array): Promise<AppendOutcome>;
  /**
   * Reads whole batches from `offset` below the high watermark into memory of the caller's own.
   * Resolves with an empty array at the end.
   */
  read(ref: PartitionRef, offset: number, maxBytes: number): Promise<Uint8Array>;
  state(ref: PartitionRef): PartitionState;
  listOffset(ref: PartitionRef, timestamp: number): Promise<ListedOffset>;
  /** Aborted transactions that concern a reader of [startOffset, endOffset). */
  aborted(ref: PartitionRef, startOffset: number, endOffset: number): Promise<AbortedTransaction[]>;
  endOffsetForEpoch(ref: PartitionRef, leaderEpoch: number): Promise<ListedOffset>;
  /** The stored entry that holds an offset, or would be the next at the end; null where there are no entries. */
  placeOf(ref: PartitionRef, offset: number): Promise<EntryPlace | null>;
  /** DeleteRecords: -1 means the high watermark. Answered once the new log start is durable. */
  trim(ref: PartitionRef, offset: number): Promise<{ errorCode: number; logStartOffset: number }>;
  producers(ref: PartitionRef): Promise<ProducerRow[]>;
  describe(ref: PartitionRef): Promise<{ sizeBytes: number }>;
}

/** A transaction whose records a reader of committed ones is not to show. */
export interface AbortedTransaction {
  producerId: number;
  firstOffset: number;
}

export interface ListedOffset {
  errorCode: number;
  offset: number;
  timestamp: number;
  leaderEpoch: number;
}

/** A row of DescribeProducers. */
export interface ProducerRow {
  producerId: number;
  producerEpoch: number;
  lastSequence: number;
  lastTimestamp: number;
  coordinatorEpoch: number;
  currentTxnStartOffset: number;
}
