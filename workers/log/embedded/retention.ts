import type { LogConfig } from '../log.js';
import type { Segments } from './segments.js';

/**
 * How many of the oldest segments have expired by time or size, by Kafka's rules; all of them, the active one
 * included, if even its newest record is too old. None that reaches beyond `endOffset` counts.
 */
export function expiredSegments(
  segments: Segments,
  config: LogConfig,
  nowMs: number,
  endOffset: number,
): number {
  if (!config.cleanupDelete) return 0;
  const { all } = segments;
  const limitMs = config.retentionMs < 0 ? -1 : config.retentionMs;
  let excessBytes = config.retentionBytes < 0 ? -1 : segments.sizeBytes - config.retentionBytes;
  let count = 0;
  for (const segment of all) {
    if (segments.endOffset(count) > endOffset) break;
    if (segment === segments.active && segment.sizeBytes === 0) break;
    const isOld = limitMs >= 0 && nowMs - segment.largestTimestamp() > limitMs;
    const isSurplus = excessBytes >= segment.sizeBytes;
    if (!isOld && !isSurplus) break;
    excessBytes -= segment.sizeBytes;
    count++;
  }
  return count;
}
