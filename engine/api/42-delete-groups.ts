/**
 * DeleteGroups (key 42), versions 0–3.
 *
 * Deletes empty groups with their offsets; answered once that is on disk.
 * - v3 has room for a message.
 * Absent: groups of other types than classic.
 */
import {
  type DeleteGroupsRequest,
  decodeDeleteGroupsRequest,
  deleteGroupsRequestVersions,
} from '../protocol/kafka/messages/delete-groups-request.js';
import {
  type DeleteGroupsResponse,
  encodeDeleteGroupsResponse,
} from '../protocol/kafka/messages/delete-groups-response.js';
import { unary } from './api.js';

export const deleteGroups = unary<DeleteGroupsRequest, DeleteGroupsResponse>({
  key: deleteGroupsRequestVersions.apiKey,
  name: 'DeleteGroups',
  minVersion: deleteGroupsRequestVersions.min,
  maxVersion: deleteGroupsRequestVersions.max,
  flexibleFrom: deleteGroupsRequestVersions.flexibleFrom,
  authorization: 'group:delete',
  decode: decodeDeleteGroupsRequest,
  encode: encodeDeleteGroupsResponse,
  async answer({ groupsNames }, _context, { groups }) {
    const deletions = [...new Set(groupsNames)].map(async (groupId) => ({
      groupId,
      errorCode: await groups.deleteGroup(groupId),
    }));
    return { results: await Promise.all(deletions) };
  },
});
