/**
 * CreateTopics (key 19), versions 2–7.
 *
 * Each topic is made or refused on its own; the answer waits until those made are durable and their
 * partitions open.
 * - Checks, their order and their messages are those of Kafka's KRaft controller: duplicates in the
 *   request first, then the name, a name that differs from another only in `.` and `_`, the
 *   configs, the partitions. One request makes at most 10 000 partitions.
 * - `validateOnly` stops before anything is made. Version 5 on returns the configs (KIP-525),
 *   version 7 the topic id.
 * - There is one replica, on this broker: replication factors other than 1 and −1, and assignments
 *   to others, are refused.
 * Absent: `timeoutMs`; a creation that was begun is finished and answered.
 * THROTTLING_QUOTA_EXCEEDED (KIP-599) waits for quotas.
 */
import { clusterMetadataTopic } from '../catalog/partition-directories.js';
import type { Topic } from '../catalog/topic.js';
import { randomTopicId } from '../catalog/topic-id.js';
import { describeTopicConfigs } from '../config/described-config.js';
import type { Encodable } from '../protocol/kafka/encodable.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import {
  type CreatableTopic,
  type CreateTopicsRequest,
  createTopicsRequestVersions,
  decodeCreateTopicsRequest,
} from '../protocol/kafka/messages/create-topics-request.js';
import {
  type CreatableTopicResult,
  type CreateTopicsResponse,
  encodeCreateTopicsResponse,
} from '../protocol/kafka/messages/create-topics-response.js';
import { unary } from './api.js';
import { type ApiError, catalogError, noError } from './catalog-error.js';
import { checkNewTopic, countPartitions, TopicRefusal } from './new-topic.js';
import type { Services } from './services.js';

/** Kafka's bound of one request. */
const partitionsPerRequestMax = 10_000;

export const createTopics = unary<CreateTopicsRequest, CreateTopicsResponse>({
  key: createTopicsRequestVersions.apiKey,
  name: 'CreateTopics',
  minVersion: 2,
  maxVersion: 7,
  flexibleFrom: createTopicsRequestVersions.flexibleFrom,
  authorization: 'topic:create',
  decode: decodeCreateTopicsRequest,
  encode: encodeCreateTopicsResponse,
  async answer(request, _context, services) {
    const byName = new Map<string, CreatableTopic | null>();
    for (const topic of request.topics) {
      byName.set(topic.name, byName.has(topic.name) ? null : topic);
    }
    const excess = isExcessive(byName.values(), services.settings.numPartitions);
    const topics = [...byName].map(([name, topic]) => {
      const refusal = topic === null ? duplicate : excess;
      if (topic === null || refusal !== null) return refused(name, refusal ?? duplicate);
      return createOne(topic, request.validateOnly, services);
    });
    return { topics: await Promise.all(topics) };
  },
});

const duplicate: ApiError = {
  errorCode: ErrorCode.INVALID_REQUEST,
  errorMessage: 'Duplicate topic name.',
};

function isExcessive(
  topics: Iterable<CreatableTopic | null>,
  numPartitions: number,
): ApiError | null {
  let partitions = 0;
  for (const topic of topics) if (topic) partitions += countPartitions(topic, numPartitions);
  if (partitions <= partitionsPerRequestMax) return null;
  return {
    errorCode: ErrorCode.POLICY_VIOLATION,
    errorMessage: 'Excessively large number of partitions per request.',
  };
}

async function createOne(
  asked: CreatableTopic,
  validateOnly: boolean,
  services: Services,
): Promise<Encodable<CreatableTopicResult>> {
  const { name } = asked;
  if (name === clusterMetadataTopic) {
    const errorMessage = `Creation of internal topic ${name} is prohibited.`;
    return refused(name, { errorCode: ErrorCode.INVALID_REQUEST, errorMessage });
  }
  try {
    const spec = checkNewTopic(asked, services);
    if (!validateOnly) return made(await services.catalog.createTopic(spec), asked, services);
    // Kafka, too, shows an id that the topic will not get.
    const partitions = { length: spec.partitions };
    const policy = services.catalog.policyOf(name);
    const shown = { name, id: randomTopicId(), partitions, overrides: spec.overrides, policy };
    return made(shown, asked, services);
  } catch (error) {
    return refused(name, error instanceof TopicRefusal ? error.api : catalogError(error));
  }
}

function made(
  topic: Pick<Topic, 'name' | 'id' | 'overrides' | 'policy'> & {
    readonly partitions: { length: number };
  },
  asked: CreatableTopic,
  { catalog, settings }: Services,
): Encodable<CreatableTopicResult> {
  // As they were written; DescribeConfigs tells how they were understood.
  const written = new Map(asked.configs.map(({ name, value }) => [name, value]));
  const configs = describeTopicConfigs(topic, settings, catalog.maxBatchBytes).map((config) => ({
    name: config.name,
    value: written.get(config.name) ?? config.value,
    readOnly: config.isReadOnly,
    configSource: config.source,
    isSensitive: false,
  }));
  return {
    name: topic.name,
    topicId: topic.id,
    ...noError,
    numPartitions: topic.partitions.length,
    replicationFactor: 1,
    configs,
  };
}

function refused(name: string, error: ApiError): Encodable<CreatableTopicResult> {
  return { name, ...error, numPartitions: -1, replicationFactor: -1, configs: [] };
}
