import { InvalidConfig } from './config-value.js';
import type { TopicOverrides } from './topic-configs.js';

/** The config that bounds batches. */
export const batchLimitConfig = 'max.message.bytes';

/**
 * Refuses a new bound above what the storage takes: records of that size would be refused one by one. Throws InvalidConfig.
 * @param before what a topic had, which may be from before the storage took less
 */
export function checkBatchLimit(
  before: TopicOverrides,
  after: TopicOverrides,
  maxBatchBytes: number,
): void {
  const value = after.get(batchLimitConfig);
  if (value === undefined || value === before.get(batchLimitConfig)) return;
  if (Number(value) <= maxBatchBytes) return;
  throw new InvalidConfig(
    `Invalid value ${value} for configuration ${batchLimitConfig}: the brokers of the Pulsar cluster take batches ` +
      `of no more than ${maxBatchBytes} bytes (their maxMessageSize less what an entry has beside them)`,
  );
}

/** What holds of a bound. */
export function shownBatchLimit(name: string, value: string, maxBatchBytes: number): string {
  return name === batchLimitConfig ? String(Math.min(Number(value), maxBatchBytes)) : value;
}
