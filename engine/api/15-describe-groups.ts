/**
 * DescribeGroups (key 15), versions 0–6.
 *
 * State, protocol and members of groups; what members subscribe to and are assigned only in a stable group.
 * - A group that does not exist is "Dead" without an error before v6, and GROUP_ID_NOT_FOUND from then on (KIP-1043).
 * - v3: the operations that the client may use (KIP-430), v4: instance ids (KIP-345).
 * Absent: consumer groups, which have an API of their own (KIP-848).
 */
import type { ClassicGroup } from '../coordinators/group/classic-group.js';
import { metadataFor } from '../coordinators/group/member.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import {
  type DescribeGroupsRequest,
  decodeDescribeGroupsRequest,
  describeGroupsRequestVersions,
} from '../protocol/kafka/messages/describe-groups-request.js';
import {
  type DescribeGroupsResponse,
  encodeDescribeGroupsResponse,
} from '../protocol/kafka/messages/describe-groups-response.js';
import { unary } from './api.js';
import { allGroupOperations, operationsNotRequested } from './authorized-operations.js';
import { oncePer } from './once-per.js';

/** First version with an error for a group that does not exist. */
const notFoundFromVersion = 6;

export const describeGroups = unary<DescribeGroupsRequest, DescribeGroupsResponse>({
  key: describeGroupsRequestVersions.apiKey,
  name: 'DescribeGroups',
  minVersion: describeGroupsRequestVersions.min,
  maxVersion: describeGroupsRequestVersions.max,
  flexibleFrom: describeGroupsRequestVersions.flexibleFrom,
  authorization: 'group:describe',
  decode: decodeDescribeGroupsRequest,
  encode: encodeDescribeGroupsResponse,
  answer(request, { apiVersion }, services) {
    const authorizedOperations = request.includeAuthorizedOperations
      ? allGroupOperations
      : operationsNotRequested;
    const answerOf = oncePer((groupId: string) => {
      const group = services.groups.group(groupId);
      if (typeof group === 'number') return { groupId, errorCode: group };
      if (group === undefined && apiVersion >= notFoundFromVersion) return notFound(groupId);
      const found = group === undefined ? { groupState: 'Dead' } : describe(group);
      return { ...found, groupId, authorizedOperations };
    });
    return { groups: request.groups.map(answerOf) };
  },
});

function notFound(groupId: string) {
  const errorMessage = `Group ${groupId} not found.`;
  return { groupId, errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage, groupState: 'Dead' };
}

function describe(group: ClassicGroup) {
  const isStable = group.is('Stable');
  const members = Array.from(group.members.values(), (member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    ...(isStable && {
      memberMetadata: metadataFor(member, group.protocolName),
      memberAssignment: member.assignment,
    }),
  }));
  return {
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: isStable ? (group.protocolName ?? '') : '',
    members,
  };
}
