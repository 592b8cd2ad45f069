import type { ClassicGroup } from './classic-group.js';
import type { CommittedOffset, CommittedOffsets } from './committed-offsets.js';

/** An offset whose time is over. */
export interface ExpiredOffset {
  readonly topic: string;
  readonly partition: number;
}

/**
 * The offsets of a group that are to be forgotten (KIP-211): those of a group that has been empty for
 * the retention time, and those of topics that a stable group has stopped subscribing to.
 */
export function expiredOffsets(
  group: ClassicGroup,
  offsets: CommittedOffsets,
  nowMs: number,
  retentionMs: number,
): ExpiredOffset[] {
  const expired: ExpiredOffset[] = [];
  for (const [topic, partitions] of offsets.of(group.groupId)) {
    if (isInUse(group, topic)) continue;
    for (const [partition, committed] of partitions) {
      if (isExpired(group, committed, nowMs, retentionMs)) expired.push({ topic, partition });
    }
  }
  return expired;
}

function isInUse(group: ClassicGroup, topic: string): boolean {
  if (group.is('Empty') || group.protocolType === null) return false;
  // While members rebalance, or hide what they subscribe to, everything counts as in use.
  const isKnown = group.is('Stable') && group.isConsumerGroup && group.subscribedTopics !== null;
  return !isKnown || group.isSubscribedTo(topic);
}

function isExpired(
  group: ClassicGroup,
  committed: CommittedOffset,
  nowMs: number,
  retentionMs: number,
): boolean {
  const { expireTimestampMs, commitTimestampMs } = committed;
  if (expireTimestampMs >= 0) return nowMs >= expireTimestampMs;
  // A simple consumer's group is always empty, so only its commits tell that it lives.
  const emptySinceMs = group.is('Empty') && group.protocolType !== null ? group.stateSinceMs : null;
  return nowMs - (emptySinceMs ?? commitTimestampMs) >= retentionMs;
}
