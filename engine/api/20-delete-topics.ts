/**
 * DeleteTopics (key 20), versions 1–6.
 *
 * Each topic by name, from version 6 on by name or id; answered once the deletion is durable and no
 * client can reach the topic.
 * - Checks and messages are those of Kafka's controller: both or neither of name and id, and
 *   duplicates, are INVALID_REQUEST.
 * - A topic may be named once by name and once by id; whoever comes second finds nothing.
 * Absent: `timeoutMs`, as a deletion that was begun is finished; `delete.topic.enable`, which is
 * always true.
 */
import { zeroTopicId } from '../catalog/topic-id.js';
import { ErrorCode, errorMessage } from '../protocol/kafka/errors.js';
import {
  type DeleteTopicsRequest,
  decodeDeleteTopicsRequest,
  deleteTopicsRequestVersions,
} from '../protocol/kafka/messages/delete-topics-request.js';
import {
  type DeletableTopicResult,
  type DeleteTopicsResponse,
  encodeDeleteTopicsResponse,
} from '../protocol/kafka/messages/delete-topics-response.js';
import { unary } from './api.js';
import { type ApiError, catalogError, noError } from './catalog-error.js';
import type { Services } from './services.js';

interface Asked {
  readonly name: string | null;
  readonly topicId: string;
}

export const deleteTopics = unary<DeleteTopicsRequest, DeleteTopicsResponse>({
  key: deleteTopicsRequestVersions.apiKey,
  name: 'DeleteTopics',
  minVersion: 1,
  maxVersion: 6,
  flexibleFrom: deleteTopicsRequestVersions.flexibleFrom,
  authorization: 'topic:delete',
  decode: decodeDeleteTopicsRequest,
  encode: encodeDeleteTopicsResponse,
  async answer(request, context, services) {
    const asked: readonly Asked[] =
      context.apiVersion >= 6
        ? request.topics
        : request.topicNames.map((name) => ({ name, topicId: zeroTopicId }));
    const unique = new Map<string, { topic: Asked; count: number }>();
    for (const topic of asked) {
      const key = `${topic.topicId}/${topic.name ?? ''}`;
      unique.set(key, { topic, count: (unique.get(key)?.count ?? 0) + 1 });
    }
    const responses = [...unique.values()].map(({ topic, count }) =>
      deleteOne(topic, count, services),
    );
    return { responses: await Promise.all(responses) };
  },
});

async function deleteOne(
  asked: Asked,
  count: number,
  { catalog }: Services,
): Promise<DeletableTopicResult> {
  const { name, topicId } = asked;
  const malformed = malformation(asked, count);
  if (malformed !== null) {
    return { name, topicId, errorCode: ErrorCode.INVALID_REQUEST, errorMessage: malformed };
  }
  const topic = name === null ? catalog.topicById(topicId) : catalog.topic(name);
  if (!topic) {
    const errorCode =
      name === null ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    return { name, topicId, errorCode, errorMessage: errorMessage(errorCode) };
  }
  const outcome: ApiError = await catalog.deleteTopic(topic.name).then(() => noError, catalogError);
  return { name: topic.name, topicId: topic.id, ...outcome };
}

function malformation({ name, topicId }: Asked, count: number): string | null {
  const hasId = topicId !== zeroTopicId;
  if (name === null && !hasId) return 'Neither topic name nor id were specified.';
  if (name !== null && hasId) return 'You may not specify both topic name and topic id.';
  if (count > 1) return name === null ? 'Duplicate topic id.' : 'Duplicate topic name.';
  return null;
}
