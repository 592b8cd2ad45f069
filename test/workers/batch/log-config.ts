import type { LogConfig } from '../../../workers/log/log.js';

/** Kafka's defaults, with what a test wants otherwise. */
export function logConfig(changes: Partial<LogConfig> = {}): LogConfig {
  return {
    segmentBytes: 2 ** 30,
    segmentMs: 7 * 86_400_000,
    segmentJitterMs: 0,
    segmentIndexBytes: 10 * 2 ** 20,
    indexIntervalBytes: 4096,
    retentionMs: 7 * 86_400_000,
    retentionBytes: -1,
    cleanupDelete: true,
    cleanupCompact: false,
    maxMessageBytes: 1_048_588,
    compressionType: 'producer',
    compressionLevel: null,
    timestampType: 'CreateTime',
    timestampBeforeMaxMs: 2 ** 63,
    timestampAfterMaxMs: 3_600_000,
    minCompactionLagMs: 0,
    maxCompactionLagMs: 2 ** 63,
    minCleanableDirtyRatio: 0.5,
    deleteRetentionMs: 86_400_000,
    fileDeleteDelayMs: 60_000,
    entryFormat: 'kafka',
    pulsarWriters: 'exclusive',
    ...changes,
  };
}
