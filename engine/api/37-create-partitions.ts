/**
 * CreatePartitions (key 37), versions 0–3.
 *
 * Grows topics; each on its own, answered once the new partitions are durable and open. Checks and
 * messages are those of Kafka's controller. `validateOnly` stops before anything is made.
 * Absent: `timeoutMs`, as in CreateTopics; THROTTLING_QUOTA_EXCEEDED (KIP-599) waits for quotas.
 */
import { ErrorCode } from '../protocol/kafka/errors.js';
import {
  type CreatePartitionsRequest,
  type CreatePartitionsTopic,
  createPartitionsRequestVersions,
  decodeCreatePartitionsRequest,
} from '../protocol/kafka/messages/create-partitions-request.js';
import {
  type CreatePartitionsResponse,
  type CreatePartitionsTopicResult,
  encodeCreatePartitionsResponse,
} from '../protocol/kafka/messages/create-partitions-response.js';
import { unary } from './api.js';
import { type ApiError, catalogError, noError } from './catalog-error.js';
import { assignmentFault } from './manual-assignment.js';
import type { Services } from './services.js';

/** Kafka's bound of one request. */
const partitionsPerRequestMax = 10_000;

export const createPartitions = unary<CreatePartitionsRequest, CreatePartitionsResponse>({
  key: createPartitionsRequestVersions.apiKey,
  name: 'CreatePartitions',
  minVersion: 0,
  maxVersion: 3,
  flexibleFrom: createPartitionsRequestVersions.flexibleFrom,
  authorization: 'topic:alter',
  decode: decodeCreatePartitionsRequest,
  encode: encodeCreatePartitionsResponse,
  async answer(request, _context, services) {
    const byName = new Map<string, CreatePartitionsTopic | null>();
    for (const topic of request.topics) {
      byName.set(topic.name, byName.has(topic.name) ? null : topic);
    }
    const results = [...byName].map(async ([name, topic]): Promise<CreatePartitionsTopicResult> => {
      if (topic === null) return { name, ...invalidRequest('Duplicate topic name.') };
      return { name, ...(await growOne(topic, request.validateOnly, services)) };
    });
    return { results: await Promise.all(results) };
  },
});

async function growOne(
  asked: CreatePartitionsTopic,
  validateOnly: boolean,
  services: Services,
): Promise<ApiError> {
  const topic = services.catalog.topic(asked.name);
  if (!topic) return { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: null };
  const fault = growthFault(asked, topic.partitions.length, services.catalog.nodeId);
  if (fault.errorCode !== ErrorCode.NONE || validateOnly) return fault;
  return services.catalog
    .createPartitions(asked.name, asked.count)
    .then(() => noError, catalogError);
}

function growthFault(asked: CreatePartitionsTopic, existing: number, nodeId: number): ApiError {
  const { name, count, assignments } = asked;
  if (count === existing) return invalidPartitions(`Topic already has ${existing} partition(s).`);
  if (count < existing) {
    return invalidPartitions(
      `The topic ${name} currently has ${existing} partition(s); ${count} would not be an increase.`,
    );
  }
  const additional = count - existing;
  if (additional > partitionsPerRequestMax) {
    return invalidPartitions('Excessively large number of partitions per request.');
  }
  if (assignments === null) return noError;
  if (assignments.length !== additional) {
    return {
      errorCode: ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      errorMessage:
        `Attempted to add ${additional} additional partition(s), ` +
        `but only ${assignments.length} assignment(s) were specified.`,
    };
  }
  for (const { brokerIds } of assignments) {
    const fault = assignmentFault(brokerIds, nodeId);
    if (fault.errorCode !== ErrorCode.NONE) return fault;
  }
  return noError;
}

function invalidPartitions(errorMessage: string): ApiError {
  return { errorCode: ErrorCode.INVALID_PARTITIONS, errorMessage };
}

function invalidRequest(errorMessage: string): ApiError {
  return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage };
}
