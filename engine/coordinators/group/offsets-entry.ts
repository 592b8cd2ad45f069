import {
  writeGroupMetadataKey,
  writeGroupMetadataValue,
  writeOffsetCommitKey,
  writeOffsetCommitValue,
} from '../../protocol/kafka/offsets-records.js';
import type { ClassicGroup } from './classic-group.js';
import type { CommittedOffset } from './committed-offsets.js';
import { metadataFor, NO_BYTES } from './member.js';

/** A record of `__consumer_offsets`: bytes to append, and what they mean once they are on disk. */
export interface OffsetsEntry {
  readonly key: Uint8Array;
  /** Null deletes. */
  readonly value: Uint8Array | null;
  readonly groupId: string;
  /** Null for a record of the group itself. */
  readonly topic: string | null;
  readonly partition: number;
  readonly committed: CommittedOffset | null;
}

export function offsetEntry(
  groupId: string,
  topic: string,
  partition: number,
  committed: CommittedOffset | null,
): OffsetsEntry {
  const key = writeOffsetCommitKey(groupId, topic, partition);
  const value = committed && offsetValue(committed);
  return { key, value, groupId, topic, partition, committed };
}

function offsetValue(committed: CommittedOffset): Uint8Array {
  return writeOffsetCommitValue({
    offset: committed.offset,
    leaderEpoch: committed.leaderEpoch,
    metadata: committed.metadata,
    commitTimestamp: committed.commitTimestampMs,
    expireTimestamp: committed.expireTimestampMs,
    topicId: committed.topicId,
  });
}

/** The group as it is now, with the assignments that its members are to get. */
export function groupEntry(
  group: ClassicGroup,
  assignments: ReadonlyMap<string, Uint8Array>,
): OffsetsEntry {
  const value = writeGroupMetadataValue({
    protocolType: group.protocolType ?? '',
    generation: group.generationId,
    protocol: group.protocolName,
    leader: group.leaderId,
    currentStateTimestamp: group.stateSinceMs ?? -1,
    members: Array.from(group.members.values(), (member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription: metadataFor(member, group.protocolName),
      assignment: assignments.get(member.memberId) ?? NO_BYTES,
    })),
  });
  return aboutGroup(group.groupId, value);
}

export function groupTombstone(groupId: string): OffsetsEntry {
  return aboutGroup(groupId, null);
}

function aboutGroup(groupId: string, value: Uint8Array | null): OffsetsEntry {
  const key = writeGroupMetadataKey(groupId);
  return { key, value, groupId, topic: null, partition: -1, committed: null };
}
