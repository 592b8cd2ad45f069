import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import type { Log } from '../log/log.js';

/** An answer of ListOffsets or OffsetForLeaderEpoch; offset -1: nothing was found. */
export interface ListedOffset {
  errorCode: number;
  offset: number;
  timestamp: number;
  leaderEpoch: number;
}

/** ListOffsets' timestamps that are not times. */
const Special = {
  latest: -1,
  earliest: -2,
  maxTimestamp: -3,
  /** KIP-405; without tiered storage the local log is the whole log. */
  earliestLocal: -4,
  latestTiered: -5,
  /** KIP-1023. */
  earliestPendingUpload: -6,
} as const;

function listed(offset: number, timestamp: number, leaderEpoch: number): ListedOffset {
  return { errorCode: ErrorCode.NONE, offset, timestamp, leaderEpoch };
}

/** Nothing at or beyond `highWatermark` is told. Throws LogFault. */
export async function listOffset(
  log: Log,
  highWatermark: number,
  timestamp: number,
): Promise<ListedOffset> {
  switch (timestamp) {
    case Special.latest:
      return listed(highWatermark, -1, log.leaderEpoch);
    case Special.earliest:
    case Special.earliestLocal:
      return listed(log.logStartOffset, -1, epochAtStart(log));
    case Special.latestTiered:
    case Special.earliestPendingUpload:
      return listed(-1, -1, -1);
    case Special.maxTimestamp: {
      const found = await log.offsetOfMaxTimestamp(highWatermark);
      return listed(found.offset, found.timestamp, found.leaderEpoch);
    }
    default: {
      const found = await log.offsetForTimestamp(timestamp, highWatermark);
      return listed(found.offset, found.timestamp, found.leaderEpoch);
    }
  }
}

/** Where an empty log starts, the next record will have the epoch of now. */
function epochAtStart(log: Log): number {
  const { logStartOffset, logEndOffset, leaderEpoch } = log;
  return logStartOffset === logEndOffset ? leaderEpoch : log.epochAt(logStartOffset);
}

/** KIP-320. `currentLeaderEpoch` -1 is not checked. Throws LogFault. */
export function endOffsetForEpoch(
  log: Log,
  highWatermark: number,
  currentLeaderEpoch: number,
  leaderEpoch: number,
): ListedOffset {
  const refused = { offset: -1, timestamp: -1, leaderEpoch: -1 };
  if (currentLeaderEpoch !== -1 && currentLeaderEpoch < log.leaderEpoch) {
    return { errorCode: ErrorCode.FENCED_LEADER_EPOCH, ...refused };
  }
  if (currentLeaderEpoch > log.leaderEpoch) {
    return { errorCode: ErrorCode.UNKNOWN_LEADER_EPOCH, ...refused };
  }
  const found = log.endOffsetForEpoch(leaderEpoch);
  // A consumer's position is never beyond the high watermark, so that this hides no truncation.
  return listed(Math.min(found.offset, highWatermark), -1, found.leaderEpoch);
}
