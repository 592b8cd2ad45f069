/**
 * Metadata (key 3), versions 0–13.
 *
 * Brokers, and the topics asked for: all (null; in version 0 the empty list), by name, or by id
 * (version 12 on).
 * - If one topic of a request is asked for by id, those asked for by name are passed over, as in
 *   Kafka.
 * - An unknown name is created where the client allows it (always before version 4) and
 *   `allowAutoTopicCreation` is set. Kafka answers UNKNOWN_TOPIC_OR_PARTITION first and lets the
 *   client ask again; here the answer waits for the topic.
 * - An offline partition has LEADER_NOT_AVAILABLE and no leader; the client asks again.
 * - Leader epochs (KIP-320) come from the table that the partitions' owners publish in.
 * Absent: REBOOTSTRAP_REQUIRED (KIP-1102), which a broker sends only when it wants to be left for
 * good.
 */
import type { Topic } from '../catalog/topic.js';
import { zeroTopicId } from '../catalog/topic-id.js';
import { isInternalTopic } from '../catalog/topic-name.js';
import type { Encodable } from '../protocol/kafka/encodable.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import {
  decodeMetadataRequest,
  type MetadataRequest,
  metadataRequestVersions,
} from '../protocol/kafka/messages/metadata-request.js';
import {
  encodeMetadataResponse,
  type MetadataResponse,
} from '../protocol/kafka/messages/metadata-response.js';
import { type RequestContext, unary } from './api.js';
import {
  allClusterOperations,
  allTopicOperations,
  operationsNotRequested,
} from './authorized-operations.js';
import { catalogError } from './catalog-error.js';
import { describePartition } from './describe-partition.js';
import type { Services } from './services.js';

type TopicAnswer = Encodable<MetadataResponse['topics'][number]>;

/** First version in which the client says whether unknown topics are to be created. */
const creationFlagFromVersion = 4;
/** First version that may ask by id; 10 and 11 carry the field and refuse it. */
const byIdFromVersion = 12;

export const metadata = unary<MetadataRequest, MetadataResponse>({
  key: metadataRequestVersions.apiKey,
  name: 'Metadata',
  minVersion: 0,
  maxVersion: 13,
  flexibleFrom: metadataRequestVersions.flexibleFrom,
  authorization: 'topic:describe',
  decode: decodeMetadataRequest,
  encode: encodeMetadataResponse,
  answer(request, context, services) {
    if (context.apiVersion < byIdFromVersion && asksById(request)) return refuse(request);
    const topics = answerTopics(request, context, services);
    if (topics instanceof Promise)
      return topics.then((done) => respond(request, done, context, services));
    return respond(request, topics, context, services);
  },
});

function asksById({ topics }: MetadataRequest): boolean {
  return topics?.some(({ name, topicId }) => topicId !== zeroTopicId || name === null) ?? false;
}

/** Refuses the whole request; names may not be null before version 12. */
function refuse({ topics }: MetadataRequest): Encodable<MetadataResponse> {
  const refused = topics?.map(({ name, topicId }) => ({
    ...absent(name ?? '', ErrorCode.INVALID_REQUEST, operationsNotRequested),
    topicId,
  }));
  return { brokers: [], clusterId: null, controllerId: -1, topics: refused ?? [] };
}

function respond(
  request: MetadataRequest,
  topics: TopicAnswer[],
  context: RequestContext,
  services: Services,
): Encodable<MetadataResponse> {
  const { nodeId, clusterId } = services.catalog;
  const { host, port } = services.advertised.get(context.listener)!;
  const rack = services.settings.brokerRack || null;
  return {
    brokers: [{ nodeId, host, port, rack }],
    clusterId,
    controllerId: nodeId,
    topics,
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
      ? allClusterOperations
      : operationsNotRequested,
  };
}

function answerTopics(
  request: MetadataRequest,
  context: RequestContext,
  services: Services,
): TopicAnswer[] | Promise<TopicAnswer[]> {
  const { topics } = request;
  const version = context.apiVersion;
  const operations = request.includeTopicAuthorizedOperations
    ? allTopicOperations
    : operationsNotRequested;
  const show = (topic: Topic) => showTopic(topic, operations, services);
  if (topics === null || (version === 0 && topics.length === 0)) {
    return [...services.catalog.topics()].map(show);
  }
  if (asksById(request)) {
    const ids = topics
      .filter((topic) => topic.topicId !== zeroTopicId || topic.name === null)
      .map(({ topicId }) => topicId);
    return [...new Set(ids)].map((topicId) => answerById(topicId, show, services));
  }
  const mayCreate =
    services.settings.allowAutoTopicCreation &&
    (version < creationFlagFromVersion || request.allowAutoTopicCreation);
  const names = [...new Set(topics.map((topic) => topic.name as string))];
  const answers = names.map((name) => {
    const topic = services.catalog.topic(name);
    if (topic) return show(topic);
    if (services.catalog.nameFault(name) !== null) {
      return absent(name, ErrorCode.INVALID_TOPIC_EXCEPTION, operationsNotRequested);
    }
    if (!mayCreate) return absent(name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, operations);
    return createAndShow(name, operations, services);
  });
  const waiting = answers.some((answer) => answer instanceof Promise);
  return waiting ? Promise.all(answers) : (answers as TopicAnswer[]);
}

function answerById(
  topicId: string,
  show: (topic: Topic) => TopicAnswer,
  services: Services,
): TopicAnswer {
  if (topicId === zeroTopicId) {
    return { ...absent(null, ErrorCode.INVALID_REQUEST, operationsNotRequested), topicId };
  }
  const topic = services.catalog.topicById(topicId);
  if (topic) return show(topic);
  return { ...absent(null, ErrorCode.UNKNOWN_TOPIC_ID, operationsNotRequested), topicId };
}

async function createAndShow(
  name: string,
  operations: number,
  services: Services,
): Promise<TopicAnswer> {
  const collision = services.catalog.collidingTopic(name);
  if (collision !== undefined) {
    return absent(name, ErrorCode.INVALID_TOPIC_EXCEPTION, operationsNotRequested);
  }
  try {
    return showTopic(await services.catalog.ensureTopic(name), operations, services);
  } catch (error) {
    // Retriable for the client, unlike most of the codes behind it.
    catalogError(error);
    return absent(name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, operations);
  }
}

function showTopic(
  topic: Topic,
  topicAuthorizedOperations: number,
  services: Services,
): TopicAnswer {
  return {
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.internal,
    partitions: topic.partitions.map((ref) => describePartition(ref, services)),
    topicAuthorizedOperations,
  };
}

function absent(
  name: string | null,
  errorCode: number,
  topicAuthorizedOperations: number,
): TopicAnswer {
  const isInternal = name !== null && isInternalTopic(name);
  return { name, errorCode, isInternal, topicAuthorizedOperations };
}
