/**
 * OffsetForLeaderEpoch (key 23), versions 2–4.
 *
 * Where an epoch ended (KIP-320): for the greatest epoch up to the one asked for, that epoch and
 * its end offset, never beyond the high watermark. Consumers find out with it that a log was cut
 * behind their position. Every opening of a partition starts an epoch.
 * - Unknown epochs, newer ones included, are answered with −1 and no error.
 * Absent: answers for followers; the replica id is not looked at.
 */
import { ErrorCode } from '../protocol/kafka/errors.js';
import {
  decodeOffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderPartition,
  offsetForLeaderEpochRequestVersions,
} from '../protocol/kafka/messages/offset-for-leader-epoch-request.js';
import {
  type EpochEndOffset,
  encodeOffsetForLeaderEpochResponse,
  type OffsetForLeaderEpochResponse,
} from '../protocol/kafka/messages/offset-for-leader-epoch-response.js';
import { unary } from './api.js';
import { oncePer } from './once-per.js';
import { findPartition, leaderEpochFault, portErrorCode } from './partition-lookup.js';
import type { Services } from './services.js';

export const offsetForLeaderEpoch = unary<
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse
>({
  key: offsetForLeaderEpochRequestVersions.apiKey,
  name: 'OffsetForLeaderEpoch',
  minVersion: 2,
  maxVersion: 4,
  flexibleFrom: offsetForLeaderEpochRequestVersions.flexibleFrom,
  authorization: 'topic:describe',
  decode: decodeOffsetForLeaderEpochRequest,
  encode: encodeOffsetForLeaderEpochResponse,
  async answer(request, _context, services) {
    // Every question is a message to a worker.
    const ends = oncePer((topic: string) =>
      oncePer((partition: number) =>
        oncePer((currentLeaderEpoch: number) =>
          oncePer((leaderEpoch: number) =>
            endOf(services, topic, { partition, currentLeaderEpoch, leaderEpoch }),
          ),
        ),
      ),
    );
    const topics = request.topics.map(async ({ topic, partitions }) => {
      const endsOf = ends(topic);
      const asked = partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) =>
        endsOf(partition)(currentLeaderEpoch)(leaderEpoch),
      );
      return { topic, partitions: await Promise.all(asked) };
    });
    return { topics: await Promise.all(topics) };
  },
});

async function endOf(
  services: Services,
  topic: string,
  asked: OffsetForLeaderPartition,
): Promise<EpochEndOffset> {
  const { partition, currentLeaderEpoch, leaderEpoch } = asked;
  const { ref, errorCode } = findPartition(services, topic, partition);
  if (ref === null) return refused(partition, errorCode);
  const state = services.partitions.state(ref);
  const fault = leaderEpochFault(currentLeaderEpoch, state.leaderEpoch);
  if (fault !== ErrorCode.NONE) return refused(partition, fault);
  if (leaderEpoch < 0) return refused(partition, ErrorCode.NONE);
  try {
    const found = await services.partitions.endOffsetForEpoch(ref, leaderEpoch);
    return {
      errorCode: found.errorCode,
      partition,
      leaderEpoch: found.leaderEpoch,
      endOffset: found.offset,
    };
  } catch (error) {
    return refused(partition, portErrorCode(error));
  }
}

function refused(partition: number, errorCode: number): EpochEndOffset {
  return { errorCode, partition, leaderEpoch: -1, endOffset: -1 };
}
