/**
 * What a log and the job that compacts its segments tell each other. Plain objects: the job runs in another thread,
 * knows nothing of the log, and writes only files of its own.
 */

/** A segment as the job finds it. */
export interface PlannedSegment {
  readonly baseOffset: number;
  /** Of its file: what it holds. */
  readonly suffix: '.log' | '.entries';
  readonly sizeBytes: number;
}

export interface CompactionPlan {
  readonly dir: string;
  /**
   * Behind the names of the files that the job writes; unlike any other plan's, because a job may outlive the
   * opening of the log that asked for it.
   */
  readonly ending: string;
  /** All that may be rewritten, ascending: synced, not active, below the high watermark, old enough. */
  readonly segments: PlannedSegment[];
  /** Everything below was compacted before. */
  readonly firstDirtyOffset: number;
  /** End of the last segment. */
  readonly endOffset: number;
  /** Producer id and last offset of each known producer: its last batch stays, empty if need be; -1: all of them do. */
  readonly producers: [number, number][];
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
  readonly segmentBytes: number;
  readonly indexIntervalBytes: number;
}

/** Neighbouring segments that became one, whose cleaned file bears the name of the first. */
export interface CompactedGroup {
  readonly baseOffsets: number[];
}

export interface CompactionResult {
  /** Where the next compaction begins; below the plan's end if the keys did not all fit into memory. */
  readonly firstDirtyOffset: number;
  readonly groups: CompactedGroup[];
  readonly readBytes: number;
  readonly keptBytes: number;
  readonly keys: number;
}
