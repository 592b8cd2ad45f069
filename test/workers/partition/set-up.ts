import type { LogConfig } from '../../../workers/log/log.js';
import { Partition, type PartitionPorts } from '../../../workers/partition/partition.js';
import { ProducerState } from '../../../workers/partition/producer-state.js';
import { AppendRequest } from '../../../workers/partition/request.js';
import { type BatchShape, buildBatch, codecs, defaultTimestamp } from '../batch/build-batch.js';
import { logConfig } from '../batch/log-config.js';
import { MemoryLog } from './memory-log.js';

export interface Answer {
  token: number;
  errorCode: number;
  baseOffset: number;
  appendTimeMs: number;
}

/** A partition over a log in memory, and what it told the thread, in order. */
export function setUp(
  durability: 'fsync' | 'os' = 'fsync',
  changes: Partial<LogConfig> = {},
  prepare: (log: MemoryLog) => void = () => {},
) {
  const log = new MemoryLog();
  prepare(log);
  const events: string[] = [];
  const answers: Answer[] = [];
  const published: number[] = [];
  const starts: number[] = [];
  const copies: string[] = [];
  let now = defaultTimestamp;
  const ports: PartitionPorts = {
    complete(request) {
      events.push(`complete ${request.token}`);
      const { token, errorCode, baseOffset, appendTimeMs } = request;
      answers.push({ token, errorCode, baseOffset, appendTimeMs });
    },
    publish(state) {
      events.push(`publish ${state.highWatermark}`);
      published.push(state.highWatermark);
      starts.push(state.logStartOffset);
    },
    report: (level, message) => events.push(`${level}: ${message}`),
    offline: () => events.push('offline'),
    arrived: () => events.push('arrived'),
    compact: () => events.push('compact'),
    copied: (site) => copies.push(site),
    now: () => now,
  };
  const producers = new ProducerState(86_400_000, () => now);
  const settings = { durability, validateRecords: 'full', maxInflatedBytes: 2 ** 24 } as const;
  const name = { topic: 'topic', partition: 0 };
  const config = logConfig(changes);
  const partition = new Partition(name, log, producers, codecs, settings, config, ports);
  events.length = 0;
  let lastToken = 0;
  function send(shape: BatchShape = {}, acks = -1): AppendRequest {
    const bytes = buildBatch(shape);
    const slab = new Uint8Array(new SharedArrayBuffer(bytes.length + 64));
    slab.set(bytes, 32);
    const request = new AppendRequest(++lastToken, slab, 32, 32 + bytes.length);
    request.acks = acks;
    partition.enqueue(request);
    return request;
  }
  const advanceClock = (ms: number) => {
    now += ms;
    return now;
  };
  return { log, partition, events, answers, published, starts, copies, send, advanceClock };
}
