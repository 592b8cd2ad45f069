/**
 * ListGroups (key 16), versions 0–5.
 *
 * All groups of this broker. While some of them load, the answer is an error beside those that are known.
 * - v4 filters by state (KIP-518), v5 by type (KIP-848); names are compared without regard to case.
 * Absent: groups of other types than classic.
 */
import {
  decodeListGroupsRequest,
  type ListGroupsRequest,
  listGroupsRequestVersions,
} from '../protocol/kafka/messages/list-groups-request.js';
import {
  encodeListGroupsResponse,
  type ListGroupsResponse,
} from '../protocol/kafka/messages/list-groups-response.js';
import { unary } from './api.js';

/** The type of every group here. */
const classic = 'classic';

export const listGroups = unary<ListGroupsRequest, ListGroupsResponse>({
  key: listGroupsRequestVersions.apiKey,
  name: 'ListGroups',
  minVersion: listGroupsRequestVersions.min,
  maxVersion: listGroupsRequestVersions.max,
  flexibleFrom: listGroupsRequestVersions.flexibleFrom,
  authorization: 'cluster:describe',
  decode: decodeListGroupsRequest,
  encode: encodeListGroupsResponse,
  answer({ statesFilter, typesFilter }, _context, services) {
    const { errorCode, groups } = services.groups.listGroups();
    const listed = groups
      .filter(({ state }) => passes(state, statesFilter) && passes(classic, typesFilter))
      .map((group) => ({
        groupId: group.groupId,
        protocolType: group.protocolType ?? '',
        groupState: group.state,
        groupType: classic,
      }));
    return { errorCode, groups: listed };
  },
});

/** An empty filter lets everything pass. */
function passes(value: string, filter: readonly string[]): boolean {
  if (filter.length === 0) return true;
  return filter.some((wanted) => wanted.toLowerCase() === value.toLowerCase());
}
