/**
 * OffsetFetch (key 9), versions 1–10.
 *
 * What groups have committed, as far as it is on disk; -1 for a partition without an offset, also in a group that does not
 * exist. While a group loads the answer is an error, never "no offset".
 * - v2 may ask for everything (no topics), v8 for several groups (KIP-709), v10 names topics by id.
 * - v7 may insist on offsets without an open transaction (KIP-447): there are no transactions, so all are.
 * - v9 brings a member id and epoch (KIP-848), which do not matter to classic groups.
 * - An offset committed for a deleted topic says nothing about a later one of the same name.
 * Absent: v0, which kept offsets in ZooKeeper (KIP-896).
 */
import type { Catalog } from '../catalog/catalog.js';
import type { CommittedOffset, OffsetsOfGroup } from '../coordinators/group/committed-offsets.js';
import { ZERO_UUID } from '../protocol/kafka/constants.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import {
  decodeOffsetFetchRequest,
  type OffsetFetchRequest,
  type OffsetFetchRequestGroup,
  offsetFetchRequestVersions,
} from '../protocol/kafka/messages/offset-fetch-request.js';
import {
  encodeOffsetFetchResponse,
  type OffsetFetchResponse,
} from '../protocol/kafka/messages/offset-fetch-response.js';
import { unary } from './api.js';
import { oncePer } from './once-per.js';
import type { Services } from './services.js';

/** First version that asks for several groups. */
const groupsFromVersion = 8;
/** First version that names topics by id. */
const topicIdFromVersion = 10;
/** First version with an error of its own beside those of partitions. */
const errorFromVersion = 2;

export const offsetFetch = unary<OffsetFetchRequest, OffsetFetchResponse>({
  key: offsetFetchRequestVersions.apiKey,
  name: 'OffsetFetch',
  minVersion: offsetFetchRequestVersions.min,
  maxVersion: offsetFetchRequestVersions.max,
  flexibleFrom: offsetFetchRequestVersions.flexibleFrom,
  authorization: 'group:describe',
  decode: decodeOffsetFetchRequest,
  encode: encodeOffsetFetchResponse,
  answer(request, { apiVersion }, services) {
    if (apiVersion >= groupsFromVersion) {
      const isById = apiVersion >= topicIdFromVersion;
      const all = oncePer((groupId: string) =>
        answerGroup({ ...whole, groupId }, isById, services),
      );
      const groups = request.groups.map((group) =>
        group.topics === null ? all(group.groupId) : answerGroup(group, isById, services),
      );
      return { groups };
    }
    const offsets = services.groups.offsetsOf(request.groupId);
    if (typeof offsets === 'number') return refused(request, apiVersion, offsets);
    return { topics: wantedTopics(request.topics, offsets, services.catalog) };
  },
});

/** Asks for everything that a group has committed. */
const whole = { memberId: null, memberEpoch: -1, topics: null };

interface WantedTopic {
  readonly name: string;
  readonly partitionIndexes: readonly number[];
}

function answerGroup(group: OffsetFetchRequestGroup, isById: boolean, services: Services) {
  const { groupId, topics } = group;
  const { catalog } = services;
  const offsets = services.groups.offsetsOf(groupId);
  if (typeof offsets === 'number') return { groupId, errorCode: offsets };
  if (!isById) return { groupId, topics: wantedTopics(topics, offsets, catalog) };
  if (topics === null) {
    const known = wantedTopics(null, offsets, catalog).flatMap((topic) => {
      const topicId = catalog.topic(topic.name)?.id;
      return topicId === undefined ? [] : [{ ...topic, topicId }];
    });
    return { groupId, topics: known };
  }
  const answered = topics.map(({ topicId, partitionIndexes }) => {
    const name = catalog.topicById(topicId)?.name;
    const partitions =
      name === undefined
        ? partitionIndexes.map((index) => noOffset(index, ErrorCode.UNKNOWN_TOPIC_ID))
        : wantedPartitions(partitionIndexes, offsets.get(name), topicId);
    return { topicId, partitions };
  });
  return { groupId, topics: answered };
}

/** What was asked for, or everything. */
function wantedTopics(
  topics: readonly WantedTopic[] | null,
  offsets: OffsetsOfGroup,
  catalog: Catalog,
) {
  const everything = Array.from(offsets, ([name, partitions]) => ({
    name,
    partitionIndexes: [...partitions.keys()],
  }));
  return (topics ?? everything).map(({ name, partitionIndexes }) => ({
    name,
    partitions: wantedPartitions(
      partitionIndexes,
      offsets.get(catalog.offsetsLayout.shortName(name)),
      catalog.topic(name)?.id,
    ),
  }));
}

function wantedPartitions(
  indexes: readonly number[],
  offsets: ReadonlyMap<number, CommittedOffset> | undefined,
  topicId: string | undefined,
) {
  return indexes.map((partitionIndex) => {
    const committed = offsets?.get(partitionIndex);
    if (committed === undefined || isOfFormerTopic(committed, topicId)) {
      return noOffset(partitionIndex, ErrorCode.NONE);
    }
    return {
      partitionIndex,
      committedOffset: committed.offset,
      committedLeaderEpoch: committed.leaderEpoch,
      metadata: committed.metadata,
      errorCode: ErrorCode.NONE,
    };
  });
}

/**
 * Whether an offset belongs to a topic of the same name that was deleted. Its tombstone may be missing:
 * the broker ended, or the group was loading, between the deletion of the topic and that of its offsets.
 */
function isOfFormerTopic(committed: CommittedOffset, topicId: string | undefined): boolean {
  if (topicId === undefined || committed.topicId === ZERO_UUID) return false;
  return committed.topicId !== topicId;
}

function noOffset(partitionIndex: number, errorCode: number) {
  return {
    partitionIndex,
    committedOffset: -1,
    committedLeaderEpoch: -1,
    metadata: '',
    errorCode,
  };
}

function refused(request: OffsetFetchRequest, apiVersion: number, errorCode: number) {
  if (apiVersion >= errorFromVersion) return { errorCode };
  const topics = (request.topics ?? []).map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((index) => noOffset(index, errorCode)),
  }));
  return { topics };
}
