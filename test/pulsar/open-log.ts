import type { LogConfig, LogNotice } from '../../workers/log/log.js';
import { CacheMemory } from '../../workers/log/pulsar/entry-cache.js';
import type { Lookup } from '../../workers/log/pulsar/lookup.js';
import { openPulsarLog } from '../../workers/log/pulsar/open.js';
import type { PulsarLog } from '../../workers/log/pulsar/pulsar-log.js';
import { SnapshotTopic } from '../../workers/log/pulsar/snapshot-topic.js';
import { threadTools } from '../../workers/log/pulsar/thread-tools.js';
import { ProducerState } from '../../workers/partition/producer-state.js';
import { codecs } from '../workers/log/batches.js';
import { logConfig } from '../workers/log/log-config.js';
import { admin, backend, epochsOf } from './peer.js';

export interface LogOptions {
  readonly config?: Partial<LogConfig>;
  readonly producers?: ProducerState;
  readonly topicId?: string;
  readonly kopCompatible?: boolean;
  readonly report?: (notice: LogNotice) => void;
}

/** A log of a topic that is there, or that Pulsar makes. */
export function openLog(
  lookup: Lookup,
  topic: string,
  {
    config = {},
    producers = newProducers(),
    topicId = 'id',
    report = ignore,
    kopCompatible = true,
  }: LogOptions = {},
): Promise<PulsarLog> {
  const snapshots = new SnapshotTopic(backend.snapshotTopic, lookup, admin);
  return openPulsarLog({
    tools: threadTools(
      {
        lookup,
        admin,
        epochs: epochsOf(lookup),
        memory: new CacheMemory(backend.cacheBytes),
        snapshots,
        kopCompatible,
      },
      codecs,
      2 ** 24,
    ),
    topic,
    topicId,
    config: logConfig(config),
    clock: Date.now,
    visitor: producers,
    takeSnapshot: (endOffset) => producers.takeSnapshot(endOffset),
    report,
    copied: () => undefined,
    knownEndOffset: 0,
    transactions: 'none',
  });
}

export function newProducers(): ProducerState {
  return new ProducerState(2 ** 40, Date.now);
}

function ignore(): void {
  // Tests that want to know what happened say so.
}
