/**
 * DescribeProducers (key 61), version 0.
 *
 * The producers that a partition remembers (KIP-664). Without transactions none has one open, so
 * `currentTxnStartOffset` is −1.
 * Absent: nothing.
 */
import type { Encodable } from '../protocol/kafka/encodable.js';
import { ErrorCode, errorMessage } from '../protocol/kafka/errors.js';
import {
  type DescribeProducersRequest,
  decodeDescribeProducersRequest,
  describeProducersRequestVersions,
} from '../protocol/kafka/messages/describe-producers-request.js';
import {
  type DescribeProducersResponse,
  encodeDescribeProducersResponse,
  type PartitionResponse,
} from '../protocol/kafka/messages/describe-producers-response.js';
import { unary } from './api.js';
import { apiError } from './catalog-error.js';
import { oncePer } from './once-per.js';
import { findPartition, portErrorCode } from './partition-lookup.js';
import type { Services } from './services.js';

export const describeProducers = unary<DescribeProducersRequest, DescribeProducersResponse>({
  key: describeProducersRequestVersions.apiKey,
  name: 'DescribeProducers',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: describeProducersRequestVersions.flexibleFrom,
  authorization: 'topic:read',
  decode: decodeDescribeProducersRequest,
  encode: encodeDescribeProducersResponse,
  async answer(request, _context, services) {
    const ofTopic = oncePer((name: string) =>
      oncePer((index: number) => producersOf(services, name, index)),
    );
    const topics = request.topics.map(async ({ name, partitionIndexes }) => ({
      name,
      partitions: await Promise.all(partitionIndexes.map(ofTopic(name))),
    }));
    return { topics: await Promise.all(topics) };
  },
});

async function producersOf(
  services: Services,
  topic: string,
  partitionIndex: number,
): Promise<Encodable<PartitionResponse>> {
  const fault = services.catalog.nameFault(topic);
  if (fault !== null) {
    return { partitionIndex, ...apiError(ErrorCode.INVALID_TOPIC_EXCEPTION, fault) };
  }
  const { ref, errorCode } = findPartition(services, topic, partitionIndex);
  if (ref === null) return { partitionIndex, errorCode, errorMessage: errorMessage(errorCode) };
  try {
    return { partitionIndex, activeProducers: await services.partitions.producers(ref) };
  } catch (error) {
    const failure = portErrorCode(error);
    return { partitionIndex, errorCode: failure, errorMessage: errorMessage(failure) };
  }
}
