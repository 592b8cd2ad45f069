import type { LogConfig } from '../log.js';
import type { SegmentSuffix } from './file-name.js';
import type { Segment } from './segment.js';

const maxInt32 = 2 ** 31 - 1;

/**
 * Whether a batch must begin a new segment, by Kafka's rules: size, age, a full index, or an offset that does
 * not fit into 32 bits beside the segment's own; and because its format is another.
 */
export function mustRoll(
  segment: Segment,
  config: LogConfig,
  suffix: SegmentSuffix,
  sizeBytes: number,
  lastOffset: number,
  maxTimestamp: number,
  nowMs: number,
): boolean {
  if (lastOffset - segment.baseOffset > maxInt32) return true;
  if (segment.suffix !== suffix) return true;
  if (segment.sizeBytes === 0) return false;
  const limit = Math.min(config.segmentBytes, maxInt32);
  if (segment.sizeBytes > limit - sizeBytes) return true;
  if (isIndexFull(segment, config)) return true;
  return waitedMs(segment, maxTimestamp, nowMs) > maxAgeMs(segment, config);
}

function isIndexFull(segment: Segment, config: LogConfig): boolean {
  const { offsets, times } = segment;
  const maxOffsets = Math.floor(config.segmentIndexBytes / 8);
  const maxTimes = Math.floor(config.segmentIndexBytes / 12);
  // The last slot of the time index is for the end of the segment.
  return offsets.count >= maxOffsets || times.count >= maxTimes - 1;
}

/** By the records' own clock where they have one, as Kafka: an import of old records does not roll at each append. */
function waitedMs(segment: Segment, maxTimestamp: number, nowMs: number): number {
  if (segment.firstTimestamp >= 0 && maxTimestamp >= 0)
    return maxTimestamp - segment.firstTimestamp;
  return nowMs - segment.createdMs;
}

/** Compacted topics roll early enough for `max.compaction.lag.ms`; jitter keeps partitions from rolling together. */
function maxAgeMs(segment: Segment, config: LogConfig): number {
  const { segmentMs, cleanupCompact, maxCompactionLagMs } = config;
  const ageMs = cleanupCompact ? Math.min(segmentMs, maxCompactionLagMs) : segmentMs;
  const jitterMs = Math.min(config.segmentJitterMs, ageMs);
  if (jitterMs === 0) return ageMs;
  return ageMs - ((segment.createdMs * 2654435761) % jitterMs);
}
