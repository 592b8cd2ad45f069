/**
 * DeleteRecords (key 21), versions 0–2.
 *
 * Moves the log start of partitions up to an offset (−1: the high watermark). Answered once the new
 * log start is in its checkpoint on disk: a restart does not bring records back.
 * - A topic that is only compacted refuses with POLICY_VIOLATION; Kafka's internal topics with
 *   INVALID_TOPIC_EXCEPTION.
 * - An offset beyond the high watermark, or below −1, is OFFSET_OUT_OF_RANGE; one below the log
 *   start changes nothing.
 * Absent: `timeoutMs`, because there are no followers to wait for.
 */
import type { Topic } from '../catalog/topic.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import {
  type DeleteRecordsPartition,
  type DeleteRecordsRequest,
  decodeDeleteRecordsRequest,
  deleteRecordsRequestVersions,
} from '../protocol/kafka/messages/delete-records-request.js';
import {
  type DeleteRecordsPartitionResult,
  type DeleteRecordsResponse,
  encodeDeleteRecordsResponse,
} from '../protocol/kafka/messages/delete-records-response.js';
import { unary } from './api.js';
import { findPartition, portErrorCode } from './partition-lookup.js';
import type { Services } from './services.js';

/** Stands for the high watermark. */
const highWatermark = -1;

export const deleteRecords = unary<DeleteRecordsRequest, DeleteRecordsResponse>({
  key: deleteRecordsRequestVersions.apiKey,
  name: 'DeleteRecords',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: deleteRecordsRequestVersions.flexibleFrom,
  authorization: 'topic:delete',
  decode: decodeDeleteRecordsRequest,
  encode: encodeDeleteRecordsResponse,
  async answer(request, _context, services) {
    const topics = await Promise.all(
      request.topics.map(async ({ name, partitions }) => ({
        name,
        partitions: await Promise.all(
          partitions.map((asked) => deleteBelow(services, name, asked)),
        ),
      })),
    );
    try {
      await services.catalog.checkpoints.writeLogStarts();
    } catch (error) {
      services.log.error({ err: error }, 'cannot write the log start checkpoint');
      return { topics: topics.map(asStorageError) };
    }
    return { topics };
  },
});

interface TopicResult {
  readonly name: string;
  readonly partitions: readonly DeleteRecordsPartitionResult[];
}

/** What was deleted may come back after a crash, so nothing may be acknowledged. */
function asStorageError({ name, partitions }: TopicResult): TopicResult {
  const results = partitions.map((result) =>
    result.errorCode === ErrorCode.NONE
      ? refused(result.partitionIndex, ErrorCode.KAFKA_STORAGE_ERROR)
      : result,
  );
  return { name, partitions: results };
}

async function deleteBelow(
  services: Services,
  name: string,
  { partitionIndex, offset }: DeleteRecordsPartition,
): Promise<DeleteRecordsPartitionResult> {
  const topic = services.catalog.topic(name);
  const fault = topic ? policyFault(topic) : ErrorCode.NONE;
  if (fault !== ErrorCode.NONE) return refused(partitionIndex, fault);
  const { ref, errorCode } = findPartition(services, name, partitionIndex);
  if (ref === null) return refused(partitionIndex, errorCode);
  if (offset < highWatermark) return refused(partitionIndex, ErrorCode.OFFSET_OUT_OF_RANGE);
  try {
    const trimmed = await services.partitions.trim(ref, offset);
    if (trimmed.errorCode !== ErrorCode.NONE) return refused(partitionIndex, trimmed.errorCode);
    return { partitionIndex, lowWatermark: trimmed.logStartOffset, errorCode: ErrorCode.NONE };
  } catch (error) {
    return refused(partitionIndex, portErrorCode(error));
  }
}

function policyFault({ internal, config }: Topic): number {
  if (internal) return ErrorCode.INVALID_TOPIC_EXCEPTION;
  return config.cleanupDelete ? ErrorCode.NONE : ErrorCode.POLICY_VIOLATION;
}

function refused(partitionIndex: number, errorCode: number): DeleteRecordsPartitionResult {
  return { partitionIndex, lowWatermark: -1, errorCode };
}
