import { partitionKey } from '../catalog/checkpoint-file.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import type { PartitionRef } from '../route/partition-port.js';
import type { Services } from './services.js';

/** What stands for "I do not know the leader's epoch" in a request (KIP-320). */
const anyEpoch = -1;

/** Why a request for a partition is refused, as a Kafka error code; 0: go on. */
export type Refusal = { readonly ref: null; readonly errorCode: number };
export type Found = { readonly ref: PartitionRef; readonly errorCode: 0 };

/** Finds an online partition by topic name and index. */
export function findPartition(
  services: Services,
  topic: string,
  partition: number,
): Found | Refusal {
  const ref = services.catalog.topic(topic)?.partitions[partition];
  if (ref === undefined) return { ref: null, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
  if (!ref.online) return { ref: null, errorCode: ref.offlineErrorCode };
  return { ref, errorCode: ErrorCode.NONE };
}

/**
 * KIP-320: a client that knows of an older epoch has stale metadata, and one that knows of a newer
 * epoch is ahead of this broker.
 */
export function leaderEpochFault(currentLeaderEpoch: number, leaderEpoch: number): number {
  if (currentLeaderEpoch === anyEpoch || currentLeaderEpoch === leaderEpoch) return ErrorCode.NONE;
  return currentLeaderEpoch < leaderEpoch
    ? ErrorCode.FENCED_LEADER_EPOCH
    : ErrorCode.UNKNOWN_LEADER_EPOCH;
}

/** Partitions asked for more than once in one request, by `partitionKey`. */
export function duplicatePartitions(
  topics: readonly {
    readonly name: string;
    readonly partitions: readonly { readonly partitionIndex: number }[];
  }[],
): Set<string> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { name, partitions } of topics) {
    for (const { partitionIndex } of partitions) {
      const key = partitionKey(name, partitionIndex);
      if (seen.has(key)) twice.add(key);
      seen.add(key);
    }
  }
  return twice;
}

/**
 * The Kafka error code that a partition's owner, or its death, gave. Rethrows what carries none.
 */
export function portErrorCode(error: unknown): number {
  if (error instanceof Error && 'errorCode' in error && typeof error.errorCode === 'number') {
    return error.errorCode;
  }
  throw error;
}
