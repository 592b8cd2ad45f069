import type { OffsetsLayout } from '../../catalog/offsets-layout.js';
import type { GroupMetadataValue } from '../../protocol/kafka/messages/group-metadata-value.js';
import {
  writeGroupMetadataKey,
  writeGroupMetadataValue,
  writeOffsetCommitKey,
  writeOffsetCommitValue,
} from '../../protocol/kafka/offsets-records.js';
import type { ClassicGroup } from './classic-group.js';
import type { CommittedOffset } from './committed-offsets.js';
import { metadataFor, NO_BYTES } from './member.js';

/** Version of all values that KoP reads: without leader epochs, static members and topic ids. */
const KOP_VALUE_VERSION = 1;

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
  layout: OffsetsLayout,
  groupId: string,
  topic: string,
  partition: number,
  committed: CommittedOffset | null,
): OffsetsEntry {
  const name = layout.forKop ? layout.fullName(topic) : topic;
  const key = writeOffsetCommitKey(groupId, name, partition);
  const value = committed && offsetValue(layout, committed);
  return { key, value, groupId, topic, partition, committed };
}

function offsetValue({ forKop }: OffsetsLayout, committed: CommittedOffset): Uint8Array {
  const value = {
    offset: committed.offset,
    leaderEpoch: committed.leaderEpoch,
    metadata: committed.metadata,
    commitTimestamp: committed.commitTimestampMs,
    expireTimestamp: committed.expireTimestampMs,
    topicId: committed.topicId,
  };
  return forKop ? writeOffsetCommitValue(value, KOP_VALUE_VERSION) : writeOffsetCommitValue(value);
}

/** The group as it is now, with the assignments that its members are to get. */
export function groupEntry(
  layout: OffsetsLayout,
  group: ClassicGroup,
  assignments: ReadonlyMap<string, Uint8Array>,
): OffsetsEntry {
  return storedGroupEntry(layout, group.groupId, {
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
}

/** A group as a record has it. */
export function storedGroupEntry(
  { forKop }: OffsetsLayout,
  groupId: string,
  stored: GroupMetadataValue,
): OffsetsEntry {
  const value = forKop
    ? writeGroupMetadataValue(stored, KOP_VALUE_VERSION)
    : writeGroupMetadataValue(stored);
  return aboutGroup(groupId, value);
}

export function groupTombstone(groupId: string): OffsetsEntry {
  return aboutGroup(groupId, null);
}

function aboutGroup(groupId: string, value: Uint8Array | null): OffsetsEntry {
  const key = writeGroupMetadataKey(groupId);
  return { key, value, groupId, topic: null, partition: -1, committed: null };
}
