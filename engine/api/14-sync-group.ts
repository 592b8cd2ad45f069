/**
 * SyncGroup (key 14), versions 0–5.
 *
 * The leader of a classic group brings the assignments of the generation, everyone gets theirs once they are on disk.
 * - v3: static members (KIP-345). v5: the protocol type and name have to be given, and are checked (KIP-559).
 * Absent: the assignments of a consumer group to its classic members (the migration of KIP-848).
 */
import { ErrorCode } from '../protocol/kafka/errors.js';
import {
  decodeSyncGroupRequest,
  type SyncGroupRequest,
  syncGroupRequestVersions,
} from '../protocol/kafka/messages/sync-group-request.js';
import {
  encodeSyncGroupResponse,
  type SyncGroupResponse,
} from '../protocol/kafka/messages/sync-group-response.js';
import { unary } from './api.js';

/** First version that has to name the protocol. */
const protocolFromVersion = 5;

export const syncGroup = unary<SyncGroupRequest, SyncGroupResponse>({
  key: syncGroupRequestVersions.apiKey,
  name: 'SyncGroup',
  minVersion: syncGroupRequestVersions.min,
  maxVersion: syncGroupRequestVersions.max,
  flexibleFrom: syncGroupRequestVersions.flexibleFrom,
  authorization: 'group:read',
  outlivesFrame: true,
  decode: decodeSyncGroupRequest,
  encode: encodeSyncGroupResponse,
  answer(request, { apiVersion }, { groups }) {
    const { protocolType, protocolName } = request;
    if (apiVersion >= protocolFromVersion && (protocolType === null || protocolName === null)) {
      return { errorCode: ErrorCode.INCONSISTENT_GROUP_PROTOCOL };
    }
    const assignments = new Map(
      request.assignments.map((each) => [each.memberId, Uint8Array.from(each.assignment)]),
    );
    return groups.syncGroup(request.groupId, {
      memberId: request.memberId,
      groupInstanceId: request.groupInstanceId,
      generationId: request.generationId,
      protocolType,
      protocolName,
      assignments,
    });
  },
});
