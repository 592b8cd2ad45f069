import type { NewTopic } from '../catalog/auto-topic.js';
import { checkBatchLimit } from '../config/batch-limit.js';
import { InvalidConfig } from '../config/config-value.js';
import { parseTopicConfigs } from '../config/topic-configs.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import type { CreatableTopic } from '../protocol/kafka/messages/create-topics-request.js';
import { type ApiError, apiError } from './catalog-error.js';
import { assignmentFault } from './manual-assignment.js';
import type { Services } from './services.js';

/** Stands for "the broker's default" in partition counts and replication factors (KIP-464). */
const byDefault = -1;

/** A refusal of one topic of a CreateTopics request. */
export class TopicRefusal extends Error {
  readonly api: ApiError;
  constructor(errorCode: number, errorMessage: string) {
    super(errorMessage);
    this.name = 'TopicRefusal';
    this.api = apiError(errorCode, errorMessage);
  }
}

/**
 * What a topic of a CreateTopics request asks for, checked in Kafka's order. Throws TopicRefusal
 * with Kafka's message.
 */
export function checkNewTopic(asked: CreatableTopic, services: Services): NewTopic {
  const { name } = asked;
  const { catalog } = services;
  const fault = catalog.nameFault(name);
  if (fault !== null) throw new TopicRefusal(ErrorCode.INVALID_TOPIC_EXCEPTION, fault);
  const collision = catalog.collidingTopic(name);
  if (collision !== undefined) {
    throw new TopicRefusal(
      ErrorCode.INVALID_TOPIC_EXCEPTION,
      `Topic '${name}' collides with existing topic: ${collision}`,
    );
  }
  if (catalog.topic(name)) {
    throw new TopicRefusal(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`);
  }
  const overrides = checkConfigs(asked, services);
  const partitions = checkPartitions(asked, catalog.nodeId, services.settings.numPartitions);
  return { name, partitions, overrides };
}

/** The partitions that a topic of a request would have, before any check. */
export function countPartitions(asked: CreatableTopic, numPartitions: number): number {
  if (asked.assignments.length > 0) return asked.assignments.length;
  return asked.numPartitions === byDefault ? numPartitions : Math.max(asked.numPartitions, 0);
}

function checkConfigs(asked: CreatableTopic, services: Services): Map<string, string> {
  const given: [string, string][] = [];
  for (const { name, value } of asked.configs) {
    if (value === null) {
      const message = `Null value not supported for topic configs: ${name}`;
      throw new TopicRefusal(ErrorCode.INVALID_CONFIG, message);
    }
    given.push([name, value]);
  }
  try {
    const overrides = parseTopicConfigs(given, services.settings);
    checkBatchLimit(new Map(), overrides, services.catalog.maxBatchBytes);
    return overrides;
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    throw new TopicRefusal(ErrorCode.INVALID_CONFIG, error.message);
  }
}

function checkPartitions(asked: CreatableTopic, nodeId: number, numPartitions: number): number {
  const { assignments, replicationFactor } = asked;
  if (assignments.length > 0) {
    checkAssignments(asked, nodeId);
    return assignments.length;
  }
  if (replicationFactor < byDefault || replicationFactor === 0) {
    throw new TopicRefusal(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      'Replication factor must be larger than 0, or -1 to use the default value.',
    );
  }
  if (asked.numPartitions < byDefault || asked.numPartitions === 0) {
    throw new TopicRefusal(
      ErrorCode.INVALID_PARTITIONS,
      'Number of partitions was set to an invalid non-positive value.',
    );
  }
  if (replicationFactor > 1) {
    throw new TopicRefusal(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      `Unable to replicate the partition ${replicationFactor} time(s): The target replication ` +
        `factor of ${replicationFactor} cannot be reached because only 1 broker(s) are registered.`,
    );
  }
  return asked.numPartitions === byDefault ? numPartitions : asked.numPartitions;
}

function checkAssignments(asked: CreatableTopic, nodeId: number): void {
  const { assignments } = asked;
  if (asked.replicationFactor !== byDefault) {
    throw new TopicRefusal(
      ErrorCode.INVALID_REQUEST,
      'A manual partition assignment was specified, but replication factor was not set to -1.',
    );
  }
  if (asked.numPartitions !== byDefault) {
    throw new TopicRefusal(
      ErrorCode.INVALID_REQUEST,
      'A manual partition assignment was specified, but numPartitions was not set to -1.',
    );
  }
  const seen = new Set<number>();
  for (const { partitionIndex, brokerIds } of assignments) {
    if (seen.has(partitionIndex)) {
      const message = `Found multiple manual partition assignments for partition ${partitionIndex}`;
      throw new TopicRefusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message);
    }
    seen.add(partitionIndex);
    const { errorCode, errorMessage } = assignmentFault(brokerIds, nodeId);
    if (errorCode !== ErrorCode.NONE) throw new TopicRefusal(errorCode, errorMessage ?? '');
  }
  for (let index = 0; index < assignments.length; index++) {
    if (seen.has(index)) continue;
    const message = 'partitions should be a consecutive 0-based integer sequence';
    throw new TopicRefusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message);
  }
}
