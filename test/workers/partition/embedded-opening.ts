import type { OpenPartition, WorkerSettings } from '../../../workers/ring/control.js';
import { logConfig } from '../batch/log-config.js';

/** The settings of a worker whose partitions are in a data directory. */
export function embeddedSettings(dataDir: string): WorkerSettings {
  return {
    dataDir,
    storage: 'disk',
    durability: 'fsync',
    validateRecords: 'full',
    backend: { kind: 'embedded' },
    producerIdExpirationMs: 86_400_000,
    maxInflatedBytes: 2 ** 20,
  };
}

/** The opening of the only partition of a topic, as if it were a new one. */
export function openingOf(topic: string, changes: Partial<OpenPartition> = {}): OpenPartition {
  return {
    slot: 0,
    generation: 1,
    topic,
    topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
    partition: 0,
    config: logConfig({}),
    create: true,
    recoveryPoint: 0,
    logStartOffset: 0,
    cleanShutdown: false,
    ...changes,
  };
}
