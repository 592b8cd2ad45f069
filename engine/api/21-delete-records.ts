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
import { oncePer } from './once-per.js';
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
    // A topic without partitions is left out.
    const asked = request.topics.filter(({ partitions }) => partitions.length > 0);
    // Every deletion is a message to a worker.
    const deletions = oncePer((name: string) =>
      oncePer((partitionIndex: number) =>
        oncePer((offset: number) => deleteBelow(services, name, { partitionIndex, offset })),
      ),
    );
    const topics = await Promise.all(
      asked.map(async ({ name, partitions }) => {
        const deletionsOf = deletions(name);
        const results = partitions.map(({ partitionIndex, offset }) =>
          deletionsOf(partitionIndex)(offset),
        );
        return { name, partitions: await Promise.all(results) };
      }),
    );
    try {
      await services.catalog.logStarts.writeLogStarts();
    } catch (error) {
      services.log.error({ err: error }, 'cannot write the log start checkpoint');
      return { topics: topics.map(asStorageError) };
    }
    return { topics: topics.map((topic) => asWritten(services, topic)) };
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

/** A partition that went out of service meanwhile kept its old log start in the checkpoint. */
function asWritten(services: Services, { name, partitions }: TopicResult): TopicResult {
  const { logStarts } = services.catalog;
  const results = partitions.map((result) => {
    const { partitionIndex, errorCode, lowWatermark } = result;
    if (errorCode !== ErrorCode.NONE) return result;
    const isWritten = logStarts.logStart(name, partitionIndex) >= lowWatermark;
    return isWritten ? result : refused(partitionIndex, ErrorCode.NOT_LEADER_OR_FOLLOWER);
  });
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
