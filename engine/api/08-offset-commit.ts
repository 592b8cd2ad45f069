/**
 * OffsetCommit (key 8), versions 2–10.
 *
 * Offsets are answered for once they are on disk; all that wait for a partition of `__consumer_offsets` go into one batch.
 * - Topics and partitions that do not exist are answered one by one and do not hold up the others; so is metadata beyond
 *   `offsetMetadataMaxSize`. Everything else, such as a stale generation, holds for the whole request.
 * - v2–4 may bring a retention of their own (given up by KIP-211), which is kept as an expiry with each offset.
 * - v6 brings leader epochs (KIP-320), v7 static members (KIP-345), v10 topic ids (KIP-848).
 * - A group that does not exist is made by whoever commits without a generation: a simple consumer.
 * Absent: v0–1, which kept offsets in ZooKeeper (KIP-896); member epochs of consumer groups (KIP-848).
 */
import type { OffsetToCommit } from '../coordinators/group/group-shard.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import {
  decodeOffsetCommitRequest,
  type OffsetCommitRequest,
  type OffsetCommitRequestTopic,
  offsetCommitRequestVersions,
} from '../protocol/kafka/messages/offset-commit-request.js';
import {
  encodeOffsetCommitResponse,
  type OffsetCommitResponse,
} from '../protocol/kafka/messages/offset-commit-response.js';
import { unary } from './api.js';
import type { Services } from './services.js';

/** First version that names topics by id. */
const topicIdFromVersion = 10;
/** First version whose clients know GROUP_ID_NOT_FOUND. */
const groupIdNotFoundFromVersion = 9;

export const offsetCommit = unary<OffsetCommitRequest, OffsetCommitResponse>({
  key: offsetCommitRequestVersions.apiKey,
  name: 'OffsetCommit',
  minVersion: offsetCommitRequestVersions.min,
  maxVersion: offsetCommitRequestVersions.max,
  flexibleFrom: offsetCommitRequestVersions.flexibleFrom,
  authorization: 'group:read',
  decode: decodeOffsetCommitRequest,
  encode: encodeOffsetCommitResponse,
  async answer(request, { apiVersion }, services) {
    const offsets: OffsetToCommit[] = [];
    const topics = request.topics.map((topic) =>
      takeTopic(request, topic, apiVersion, services, offsets),
    );
    const outcome =
      offsets.length === 0 ? ErrorCode.NONE : await commit(request, apiVersion, services, offsets);
    return {
      topics: topics.map(({ name, topicId, partitions }) => ({
        name,
        topicId,
        partitions: partitions.map(({ partitionIndex, refusal }) => ({
          partitionIndex,
          errorCode: refusal === ErrorCode.NONE ? outcome : refusal,
        })),
      })),
    };
  },
});

function commit(
  request: OffsetCommitRequest,
  apiVersion: number,
  services: Services,
  offsets: readonly OffsetToCommit[],
): Promise<number> {
  const origin = {
    memberId: request.memberId,
    groupInstanceId: request.groupInstanceId,
    generationId: request.generationIdOrMemberEpoch,
    knowsGroupIdNotFound: apiVersion >= groupIdNotFoundFromVersion,
  };
  return services.groups.commitOffsets(request.groupId, origin, offsets);
}

/** Adds a topic's offsets to `offsets`; says for each partition why it is refused, if it is. */
function takeTopic(
  request: OffsetCommitRequest,
  topic: OffsetCommitRequestTopic,
  apiVersion: number,
  services: Services,
  offsets: OffsetToCommit[],
) {
  const { name, topicId } = topic;
  const isById = apiVersion >= topicIdFromVersion;
  const found = isById ? services.catalog.topicById(topicId) : services.catalog.topic(name);
  const unknown = isById ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  const nowMs = services.now();
  const expireTimestampMs = request.retentionTimeMs < 0 ? -1 : nowMs + request.retentionTimeMs;
  const partitions = topic.partitions.map((partition) => {
    const { partitionIndex } = partition;
    if (found === undefined) return { partitionIndex, refusal: unknown };
    const metadata = partition.committedMetadata ?? '';
    const refusal = partitionRefusal(partitionIndex, metadata, found.partitions.length, services);
    if (refusal === ErrorCode.NONE) {
      const committed = {
        offset: partition.committedOffset,
        leaderEpoch: partition.committedLeaderEpoch,
        metadata,
        commitTimestampMs: nowMs,
        expireTimestampMs,
        topicId: found.id,
      };
      offsets.push({ topic: found.name, partition: partitionIndex, committed });
    }
    return { partitionIndex, refusal };
  });
  return { name, topicId, partitions };
}

function partitionRefusal(
  partitionIndex: number,
  metadata: string,
  partitionCount: number,
  services: Services,
): number {
  if (partitionIndex < 0 || partitionIndex >= partitionCount) {
    return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  }
  return metadata.length > services.settings.offsetMetadataMaxSize
    ? ErrorCode.OFFSET_METADATA_TOO_LARGE
    : ErrorCode.NONE;
}
