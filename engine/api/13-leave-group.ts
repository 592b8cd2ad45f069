/**
 * LeaveGroup (key 13), versions 0–5.
 *
 * Members leave a classic group, which rebalances at once.
 * - v3: several members, also static ones by their instance id alone, as an administrator removes them (KIP-345);
 *   v5: reasons, for the log (KIP-800).
 * Absent: leaving a consumer group by the classic protocol (the migration of KIP-848).
 */
import {
  decodeLeaveGroupRequest,
  type LeaveGroupRequest,
  leaveGroupRequestVersions,
} from '../protocol/kafka/messages/leave-group-request.js';
import {
  encodeLeaveGroupResponse,
  type LeaveGroupResponse,
} from '../protocol/kafka/messages/leave-group-response.js';
import { unary } from './api.js';

/** First version with several members. */
const membersFromVersion = 3;

export const leaveGroup = unary<LeaveGroupRequest, LeaveGroupResponse>({
  key: leaveGroupRequestVersions.apiKey,
  name: 'LeaveGroup',
  minVersion: leaveGroupRequestVersions.min,
  maxVersion: leaveGroupRequestVersions.max,
  flexibleFrom: leaveGroupRequestVersions.flexibleFrom,
  authorization: 'group:read',
  decode: decodeLeaveGroupRequest,
  encode: encodeLeaveGroupResponse,
  answer(request, { apiVersion }, { groups }) {
    const isBatch = apiVersion >= membersFromVersion;
    const one = { memberId: request.memberId, groupInstanceId: null, reason: null };
    const leaving = isBatch ? request.members : [one];
    const outcome = groups.leaveGroup(request.groupId, leaving);
    if (typeof outcome === 'number') return { errorCode: outcome };
    if (!isBatch) return { errorCode: outcome[0]! };
    const members = leaving.map(({ memberId, groupInstanceId }, i) => ({
      memberId,
      groupInstanceId,
      errorCode: outcome[i]!,
    }));
    return { members };
  },
});
