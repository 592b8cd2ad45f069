/**
 * ListOffsets (key 2), versions 1–11.
 *
 * The first offset at or after a time, or one of the named ones: −1 latest (the high watermark;
 * with READ_COMMITTED the last stable offset), −2 earliest, −3 the record with the greatest
 * timestamp (KIP-734, version 7 on), −4 earliest local (KIP-405, version 8 on; the same as earliest
 * here), −5 latest tiered (KIP-1005, version 9 on) and −6 earliest pending upload (KIP-1023,
 * version 11 on), which without tiered storage are not there: offset −1, no error.
 * - Leader epochs are compared (KIP-320). A partition asked for twice is refused with
 *   INVALID_REQUEST, as in Kafka.
 * - Partitions are searched in parallel, each by its owner. `timeoutMs` (version 10) concerns
 *   remote storage only.
 * Absent: offsets for followers; the replica id is not looked at.
 */
import { partitionKey } from '../catalog/checkpoint-file.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import {
  decodeListOffsetsRequest,
  type ListOffsetsRequest,
  listOffsetsRequestVersions,
} from '../protocol/kafka/messages/list-offsets-request.js';
import {
  encodeListOffsetsResponse,
  type ListOffsetsPartitionResponse,
  type ListOffsetsResponse,
} from '../protocol/kafka/messages/list-offsets-response.js';
import type { ListedOffset } from '../route/partition-port.js';
import { unary } from './api.js';
import {
  duplicatePartitions,
  findPartition,
  leaderEpochFault,
  portErrorCode,
} from './partition-lookup.js';
import type { Services } from './services.js';

const readCommitted = 1;
const latest = -1;
const earliest = -2;
const earliestLocal = -4;
/** Named timestamps that only tiered storage gives an offset to. */
const tieredOnly: readonly number[] = [-5, -6];
/** First version of each named timestamp; anything below −6 is none. */
const namedFromVersion: ReadonlyMap<number, number> = new Map([
  [latest, 0],
  [earliest, 0],
  [-3, 7],
  [earliestLocal, 8],
  [-5, 9],
  [-6, 11],
]);

export const listOffsets = unary<ListOffsetsRequest, ListOffsetsResponse>({
  key: listOffsetsRequestVersions.apiKey,
  name: 'ListOffsets',
  minVersion: 1,
  maxVersion: 11,
  flexibleFrom: listOffsetsRequestVersions.flexibleFrom,
  authorization: 'topic:describe',
  decode: decodeListOffsetsRequest,
  encode: encodeListOffsetsResponse,
  async answer(request, context, services) {
    const twice = duplicatePartitions(request.topics);
    const topics = request.topics.map(async ({ name, partitions }) => {
      const refused = new Set<number>();
      const answers = partitions.map(async (asked) => {
        const index = asked.partitionIndex;
        if (!twice.has(partitionKey(name, index))) {
          const { isolationLevel } = request;
          const { apiVersion } = context;
          return toAnswer(index, await listOne(services, name, asked, isolationLevel, apiVersion));
        }
        // Named once, however often it was asked for.
        if (refused.has(index)) return [];
        refused.add(index);
        return toAnswer(index, none(ErrorCode.INVALID_REQUEST));
      });
      return { name, partitions: (await Promise.all(answers)).flat() };
    });
    const answered = await Promise.all(topics);
    return { topics: answered.filter(({ partitions }) => partitions.length > 0) };
  },
});

interface Asked {
  readonly partitionIndex: number;
  readonly currentLeaderEpoch: number;
  readonly timestamp: number;
}

async function listOne(
  services: Services,
  topic: string,
  asked: Asked,
  isolationLevel: number,
  version: number,
): Promise<ListedOffset> {
  const { timestamp } = asked;
  if (timestamp < 0 && version < (namedFromVersion.get(timestamp) ?? Number.POSITIVE_INFINITY)) {
    return none(ErrorCode.UNSUPPORTED_VERSION);
  }
  const { ref, errorCode } = findPartition(services, topic, asked.partitionIndex);
  if (ref === null) return none(errorCode);
  const state = services.partitions.state(ref);
  const fault = leaderEpochFault(asked.currentLeaderEpoch, state.leaderEpoch);
  if (fault !== ErrorCode.NONE) return none(fault);
  if (tieredOnly.includes(timestamp)) return none(ErrorCode.NONE);
  if (timestamp === latest) {
    const { highWatermark, lastStableOffset, leaderEpoch } = state;
    const offset = isolationLevel === readCommitted ? lastStableOffset : highWatermark;
    return { errorCode: ErrorCode.NONE, offset, timestamp: -1, leaderEpoch };
  }
  const wanted = timestamp === earliestLocal ? earliest : timestamp;
  const listed = await services.partitions
    .listOffset(ref, wanted)
    .catch((error: unknown) => none(portErrorCode(error)));
  // Where an open transaction begins, there is nothing yet for who wants committed records.
  const { lastStableOffset, highWatermark } = state;
  const isUndecided = lastStableOffset < highWatermark && listed.offset >= lastStableOffset;
  return isolationLevel === readCommitted && isUndecided ? none(ErrorCode.NONE) : listed;
}

function none(errorCode: number): ListedOffset {
  return { errorCode, offset: -1, timestamp: -1, leaderEpoch: -1 };
}

function toAnswer(partitionIndex: number, listed: ListedOffset): ListOffsetsPartitionResponse {
  const { errorCode, timestamp, offset, leaderEpoch } = listed;
  return { partitionIndex, errorCode, timestamp, offset, leaderEpoch };
}
