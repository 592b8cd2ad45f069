/**
 * JoinGroup (key 11), versions 0–9.
 *
 * A member of a classic group joins, or joins again; answered when the join phase of the rebalance ends, or at once where
 * nothing has to change.
 * - v0 has no rebalance timeout: its session timeout serves for both.
 * - v4: a new member first gets its id with MEMBER_ID_REQUIRED (KIP-394), v5: static members (KIP-345), v7: protocol type
 *   and name in the answer (KIP-559), v8: a reason, for the log (KIP-800), v9: a leader that came back may be told that the
 *   assignment stands (KIP-814).
 * - A further JoinGroup of a member that waits takes the place of the first, which gets REBALANCE_IN_PROGRESS; Kafka never
 *   answers that one.
 * Absent: joining a consumer group by the classic protocol (the migration of KIP-848).
 */
import {
  decodeJoinGroupRequest,
  type JoinGroupRequest,
  joinGroupRequestVersions,
} from '../protocol/kafka/messages/join-group-request.js';
import {
  encodeJoinGroupResponse,
  type JoinGroupResponse,
} from '../protocol/kafka/messages/join-group-response.js';
import { unary } from './api.js';

/** First versions of what the header names. */
const rebalanceTimeoutFromVersion = 1;
const memberIdRequiredFromVersion = 4;
const skipAssignmentFromVersion = 9;

export const joinGroup = unary<JoinGroupRequest, JoinGroupResponse>({
  key: joinGroupRequestVersions.apiKey,
  name: 'JoinGroup',
  minVersion: joinGroupRequestVersions.min,
  maxVersion: joinGroupRequestVersions.max,
  flexibleFrom: joinGroupRequestVersions.flexibleFrom,
  authorization: 'group:read',
  outlivesFrame: true,
  decode: decodeJoinGroupRequest,
  encode: encodeJoinGroupResponse,
  answer(request, { apiVersion, clientId, clientHost }, { groups }) {
    const { sessionTimeoutMs } = request;
    return groups.joinGroup(request.groupId, {
      memberId: request.memberId,
      groupInstanceId: request.groupInstanceId,
      clientId: clientId ?? '',
      clientHost,
      protocolType: request.protocolType,
      protocols: request.protocols.map(({ name, metadata }) => ({
        name,
        metadata: Uint8Array.from(metadata),
      })),
      sessionTimeoutMs,
      rebalanceTimeoutMs:
        apiVersion >= rebalanceTimeoutFromVersion ? request.rebalanceTimeoutMs : sessionTimeoutMs,
      reason: request.reason,
      requiresMemberId: apiVersion >= memberIdRequiredFromVersion,
      canSkipAssignment: apiVersion >= skipAssignmentFromVersion,
    });
  },
});
