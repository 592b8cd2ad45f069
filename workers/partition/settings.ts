import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import type { CopySite } from '../batch/rebuild.js';
import type { CompactionPlan } from '../log/compaction.js';
import type { LogFault } from '../log/log.js';
import type { LineState } from '../ring/table.js';
import type { AppendRequest } from './request.js';

export interface PartitionName {
  readonly topic: string;
  readonly partition: number;
}

/** The broker's settings that a partition obeys. */
export interface PartitionSettings {
  /** `fsync`: the high watermark is the end of the synced log; `os`: the end of the written one. */
  readonly durability: 'fsync' | 'os';
  readonly validateRecords: 'full' | 'headers';
  /** Bound of a compressed batch's records. */
  readonly maxInflatedBytes: number;
}

/** What the thread does for its partitions. */
export interface PartitionPorts {
  /** Answers one append; called exactly once for each. */
  complete(request: AppendRequest): void;
  /** Writes the line of the shared table and wakes its watchers. `state` is reused. */
  publish(state: LineState): void;
  /** @param of of what may ail many partitions at once, which is told once for all: whom it ails */
  report(
    level: 'info' | 'warn' | 'error',
    message: string,
    fields: object,
    of?: PartitionName,
  ): void;
  /** What reads waited for has come, or never will: they are tried again. */
  arrived(): void;
  /** A storage fault: nothing is written from now on. The thread reopens the partition through recovery. */
  offline(fault: LogFault): void;
  /** Has segments compacted; the outcome comes back through `Partition.compacted`. */
  compact(plan: CompactionPlan): void;
  /** Payload bytes were made or copied. */
  copied(site: CopySite, sizeBytes: number): void;
  now(): number;
}

/** What clients are told of a fault that takes a partition offline. */
export function codeOfFault({ code }: LogFault): number {
  return code === 'fenced' ? ErrorCode.NOT_LEADER_OR_FOLLOWER : ErrorCode.KAFKA_STORAGE_ERROR;
}
