import type { Test } from 'tap';
import type { LogConfig, LogNotice, ReplayVisitor } from '../../../../workers/log/log.js';
import { Lookup } from '../../../../workers/log/pulsar/lookup.js';
import { openPulsarLog } from '../../../../workers/log/pulsar/open.js';
import type { PulsarLog } from '../../../../workers/log/pulsar/pulsar-log.js';
import { threadTools } from '../../../../workers/log/pulsar/thread-tools.js';
import { codecs } from '../batches.js';
import { logConfig } from '../log-config.js';
import type { FakeTopic } from './fake-topic.js';
import { connectionsOf } from './setup.js';

export interface FakeLogOptions {
  config?: Partial<LogConfig>;
  visitor?: ReplayVisitor;
  report?: (notice: LogNotice) => void;
  clock?: () => number;
}

const nobody: ReplayVisitor = { snapshot() {}, batch() {} };

/** A log over a fake topic, with connections of its own that end with the test. */
export function openFakeLog(
  t: Test,
  topic: FakeTopic,
  { config = {}, visitor = nobody, report = () => {}, clock = Date.now }: FakeLogOptions = {},
): Promise<PulsarLog> {
  const lookup = new Lookup(connectionsOf(t), [topic.broker.address]);
  return openPulsarLog({
    tools: threadTools({ lookup, admin: topic }, codecs, 2 ** 24),
    topic: topic.name,
    config: logConfig(config),
    clock,
    visitor,
    report,
  });
}
