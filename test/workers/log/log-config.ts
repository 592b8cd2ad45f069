import type { LogConfig } from '../../../workers/log/log.js';

/** Kafka's defaults, but for what a test says. */
export function logConfig(overrides: Partial<LogConfig> = {}): LogConfig {
  return {
    segmentBytes: 2 ** 30,
    segmentMs: 7 * 86_400_000,
    segmentJitterMs: 0,
    segmentIndexBytes: 10 * 2 ** 20,
    indexIntervalBytes: 4096,
    retentionMs: -1,
    retentionBytes: -1,
    cleanupDelete: true,
    cleanupCompact: false,
    maxMessageBytes: 2 ** 20,
    compressionType: 'producer',
    compressionLevel: null,
    timestampType: 'CreateTime',
    timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
    timestampAfterMaxMs: Number.MAX_SAFE_INTEGER,
    minCompactionLagMs: 0,
    maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
    minCleanableDirtyRatio: 0.5,
    deleteRetentionMs: 86_400_000,
    fileDeleteDelayMs: 60_000,
    entryFormat: 'kafka',
    pulsarWriters: 'exclusive',
    ...overrides,
  };
}
