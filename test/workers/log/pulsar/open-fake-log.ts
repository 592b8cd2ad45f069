import type { Test } from 'tap';
import type { CountCopy } from '../../../../workers/batch/rebuild.js';
import type { LogConfig, LogNotice } from '../../../../workers/log/log.js';
import { CacheMemory } from '../../../../workers/log/pulsar/entry-cache.js';
import { Lookup } from '../../../../workers/log/pulsar/lookup.js';
import { openPulsarLog } from '../../../../workers/log/pulsar/open.js';
import type { PulsarLog } from '../../../../workers/log/pulsar/pulsar-log.js';
import { threadTools } from '../../../../workers/log/pulsar/thread-tools.js';
import { ProducerState } from '../../../../workers/partition/producer-state.js';
import type { PulsarOrigin } from '../../../../workers/ring/control.js';
import { codecs } from '../batches.js';
import { logConfig } from '../log-config.js';
import type { FakeTopic } from './fake-topic.js';
import { connectionsOf } from './setup.js';

export interface FakeLogOptions {
  config?: Partial<LogConfig>;
  producers?: ProducerState;
  report?: (notice: LogNotice) => void;
  clock?: () => number;
  memory?: CacheMemory;
  kopCompatible?: boolean;
  copied?: CountCopy;
  knownEndOffset?: number;
  transactions?: PulsarOrigin['transactions'];
  lookup?: Lookup;
}

/** A log over a fake topic, with connections of its own that end with the test. */
export function openFakeLog(
  t: Test,
  topic: FakeTopic,
  {
    config = {},
    memory = new CacheMemory(64 * 2 ** 20),
    kopCompatible = true,
    producers = new ProducerState(2 ** 40, Date.now),
    lookup = new Lookup(connectionsOf(t), [topic.broker.address]),
    ...options
  }: FakeLogOptions = {},
): Promise<PulsarLog> {
  const { epochs, snapshots } = topic;
  const shared = { lookup, admin: topic, epochs, memory, snapshots, kopCompatible };
  const tools = threadTools(shared, codecs, 2 ** 24);
  return openPulsarLog({
    tools,
    topic: topic.name,
    topicId: topic.id,
    config: logConfig(config),
    clock: Date.now,
    visitor: producers,
    takeSnapshot: (endOffset) => producers.takeSnapshot(endOffset),
    report: () => {},
    copied: () => {},
    knownEndOffset: 0,
    transactions: 'none',
    ...options,
  });
}
