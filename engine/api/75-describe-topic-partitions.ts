/**
 * DescribeTopicPartitions (key 75), version 0.
 *
 * Topics in order of their names, page by page (KIP-966): at most `responsePartitionLimit`
 * partitions, bounded by `maxRequestPartitionSizeLimit`, and a cursor to where the next page
 * begins. No topics asked for: all.
 * - A cursor to a topic that is not asked for, or to a negative partition, is INVALID_REQUEST.
 * Absent: eligible leader replicas, of which a single replica has none.
 */
import type { Topic } from '../catalog/topic.js';
import { isInternalTopic } from '../catalog/topic-name.js';
import type { Encodable } from '../protocol/kafka/encodable.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import {
  type Cursor,
  type DescribeTopicPartitionsRequest,
  decodeDescribeTopicPartitionsRequest,
  describeTopicPartitionsRequestVersions,
} from '../protocol/kafka/messages/describe-topic-partitions-request.js';
import {
  type DescribeTopicPartitionsResponse,
  type DescribeTopicPartitionsResponseTopic,
  encodeDescribeTopicPartitionsResponse,
} from '../protocol/kafka/messages/describe-topic-partitions-response.js';
import { unary } from './api.js';
import { allTopicOperations } from './authorized-operations.js';
import { describePartition } from './describe-partition.js';
import type { Services } from './services.js';

type TopicAnswer = Encodable<DescribeTopicPartitionsResponseTopic>;

export const describeTopicPartitions = unary<
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse
>({
  key: describeTopicPartitionsRequestVersions.apiKey,
  name: 'DescribeTopicPartitions',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: describeTopicPartitionsRequestVersions.flexibleFrom,
  authorization: 'topic:describe',
  decode: decodeDescribeTopicPartitionsRequest,
  encode: encodeDescribeTopicPartitionsResponse,
  answer(request, _context, services) {
    const { cursor } = request;
    const asked = [...new Set(request.topics.map(({ name }) => name))];
    if (cursor !== null && isMisplaced(cursor, asked)) {
      const errorCode = ErrorCode.INVALID_REQUEST;
      return { topics: asked.map((name) => ({ name, errorCode })), nextCursor: null };
    }
    const names =
      asked.length > 0 ? asked : [...services.catalog.topics()].map((topic) => topic.name);
    const { maxRequestPartitionSizeLimit } = services.settings;
    const limit = Math.min(
      Math.max(request.responsePartitionLimit, 1),
      maxRequestPartitionSizeLimit,
    );
    return page(names.sort(), cursor, limit, services);
  },
});

/** Whether a cursor cannot come from an answer to the same request. */
function isMisplaced(cursor: Cursor, asked: readonly string[]): boolean {
  if (cursor.partitionIndex < 0) return true;
  return asked.length > 0 && !asked.includes(cursor.topicName);
}

function page(
  names: readonly string[],
  cursor: Cursor | null,
  limit: number,
  services: Services,
): Encodable<DescribeTopicPartitionsResponse> {
  const topics: TopicAnswer[] = [];
  let room = limit;
  for (const name of names) {
    if (cursor !== null && name < cursor.topicName) continue;
    if (room === 0) return { topics, nextCursor: { topicName: name, partitionIndex: 0 } };
    const topic = services.catalog.topic(name);
    if (!topic) {
      topics.push(absent(name, services));
      continue;
    }
    const start = cursor?.topicName === name ? cursor.partitionIndex : 0;
    const end = Math.min(topic.partitions.length, start + room);
    topics.push(show(topic, start, end, services));
    room -= Math.max(end - start, 0);
    if (end < topic.partitions.length) {
      return { topics, nextCursor: { topicName: name, partitionIndex: end } };
    }
  }
  return { topics, nextCursor: null };
}

function show(topic: Topic, start: number, end: number, services: Services): TopicAnswer {
  const partitions = topic.partitions.slice(start, end).map((ref) => ({
    ...describePartition(ref, services),
    eligibleLeaderReplicas: [],
    lastKnownElr: [],
  }));
  return {
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.internal,
    partitions,
    topicAuthorizedOperations: allTopicOperations,
  };
}

function absent(name: string, { catalog }: Services): TopicAnswer {
  const isInvalid = catalog.nameFault(name) !== null;
  return {
    name,
    errorCode: isInvalid ? ErrorCode.INVALID_TOPIC_EXCEPTION : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    isInternal: isInternalTopic(name),
    topicAuthorizedOperations: allTopicOperations,
  };
}
