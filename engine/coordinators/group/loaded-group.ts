import type { GroupMetadataValue } from '../../protocol/kafka/messages/group-metadata-value.js';
import type { ClassicGroup } from './classic-group.js';
import type { GroupContext } from './group-context.js';
import { newMember } from './join.js';
import { renewSession } from './rebalance.js';

/**
 * Fills a new group from its last record: a generation that is complete, so the group is stable, or
 * empty. Its members get a whole session to be heard of.
 */
export function loadedGroup(
  context: GroupContext,
  group: ClassicGroup,
  value: GroupMetadataValue,
): void {
  const protocolName = value.protocol ?? null;
  for (const stored of value.members) {
    const protocols = [{ name: protocolName ?? '', metadata: stored.subscription }];
    const rebalanceTimeoutMs =
      stored.rebalanceTimeout < 0 ? stored.sessionTimeout : stored.rebalanceTimeout;
    const member = newMember(context, group, stored.memberId, {
      groupInstanceId: stored.groupInstanceId,
      clientId: stored.clientId,
      clientHost: stored.clientHost,
      protocolType: value.protocolType,
      rebalanceTimeoutMs,
      sessionTimeoutMs: stored.sessionTimeout,
      protocols,
    });
    member.assignment = stored.assignment;
    group.add(member);
    renewSession(context, member);
  }
  group.state = value.members.length > 0 ? 'Stable' : 'Empty';
  group.previousState = group.state;
  group.stateSinceMs = value.currentStateTimestamp < 0 ? null : value.currentStateTimestamp;
  group.generationId = value.generation;
  group.protocolType = value.protocolType === '' ? null : value.protocolType;
  group.protocolName = value.members.length > 0 ? protocolName : null;
  group.leaderId = value.members.length > 0 ? value.leader : null;
  group.subscribedTopics = group.collectSubscribedTopics();
}
