/**
 * OffsetDelete (key 47), version 0 (KIP-496).
 *
 * Deletes a group's offsets of single partitions; answered once that is on disk.
 * - Offsets of topics that members subscribe to stay: GROUP_SUBSCRIBED_TO_TOPIC. A group whose members do something else than
 *   subscribe to topics has to be empty: NON_EMPTY_GROUP.
 * - A partition without an offset is no error, one that does not exist is.
 */
import type { OffsetToDelete } from '../coordinators/group/group-shard.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import {
  decodeOffsetDeleteRequest,
  type OffsetDeleteRequest,
  offsetDeleteRequestVersions,
} from '../protocol/kafka/messages/offset-delete-request.js';
import {
  encodeOffsetDeleteResponse,
  type OffsetDeleteResponse,
} from '../protocol/kafka/messages/offset-delete-response.js';
import { unary } from './api.js';

export const offsetDelete = unary<OffsetDeleteRequest, OffsetDeleteResponse>({
  key: offsetDeleteRequestVersions.apiKey,
  name: 'OffsetDelete',
  minVersion: offsetDeleteRequestVersions.min,
  maxVersion: offsetDeleteRequestVersions.max,
  flexibleFrom: offsetDeleteRequestVersions.flexibleFrom,
  authorization: 'group:delete',
  decode: decodeOffsetDeleteRequest,
  encode: encodeOffsetDeleteResponse,
  async answer({ groupId, topics }, _context, { catalog, groups }) {
    if (groupId === '') return { errorCode: ErrorCode.INVALID_GROUP_ID };
    const known: OffsetToDelete[] = [];
    for (const { name, partitions } of topics) {
      const count = catalog.topic(name)?.partitions.length ?? 0;
      for (const { partitionIndex: partition } of partitions) {
        if (partition >= 0 && partition < count) known.push({ topic: name, partition });
      }
    }
    const { errorCode, partitions: outcomes } = await groups.deleteOffsets(groupId, known);
    if (errorCode !== ErrorCode.NONE) return { errorCode };
    let next = 0;
    const answered = topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => {
        const wanted = known[next];
        const isKnown = wanted?.topic === name && wanted.partition === partitionIndex;
        const outcome = isKnown ? outcomes[next++] : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        return { partitionIndex, errorCode: outcome };
      }),
    }));
    return { topics: answered };
  },
});
