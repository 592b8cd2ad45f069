import { hasLog } from '../catalog/topic.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import type { PartitionRef } from '../route/partition-port.js';
import type { Services } from './services.js';

/** A partition as Metadata and DescribeTopicPartitions show it. */
export interface DescribedPartition {
  readonly errorCode: number;
  readonly partitionIndex: number;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly replicaNodes: number[];
  readonly isrNodes: number[];
  readonly offlineReplicas: number[];
}

/** The only replica is this broker's; while it is offline there is no leader. */
export function describePartition(ref: PartitionRef, services: Services): DescribedPartition {
  const { nodeId } = services.catalog;
  const online = ref.online;
  return {
    errorCode: online ? ErrorCode.NONE : ErrorCode.LEADER_NOT_AVAILABLE,
    partitionIndex: ref.partition,
    leaderId: online ? nodeId : -1,
    leaderEpoch: hasLog(ref) ? services.partitions.state(ref).leaderEpoch : -1,
    replicaNodes: [nodeId],
    isrNodes: online ? [nodeId] : [],
    offlineReplicas: online ? [] : [nodeId],
  };
}
