import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type KafkaHome, prepareKafka, startKafka } from '../../test/peers/kafka.js';
import { reservablePort } from '../../test/peers/ports.js';
import { type Launched, timed } from './launched.js';
import { kafkaTopics, type Target } from './target.js';

/** Each acknowledgement on disk. */
const synced = { 'flush.messages': '1' };

/** A Kafka as its own process, whose files go when it closes. */
interface Kafka {
  readonly pid: number;
  readonly spawnedAtMs: number;
  close(): Promise<void>;
}

async function startKafkaProcess(home: KafkaHome, port: number): Promise<Kafka> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kafka-bench-'));
  const { pid, spawnedAtMs, stop } = await startKafka(home, { port, dataDir });
  return {
    pid,
    spawnedAtMs,
    async close() {
      await stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A real Apache Kafka with its default settings and a heap of 1 GiB, as its own start script has it. */
export async function startKafkaTarget(): Promise<Target> {
  const home = await prepareKafka();
  const port = await reservablePort();
  const { pid, close } = await startKafkaProcess(home, port);
  const target: Target = {
    name: 'kafka',
    pid,
    behind: [],
    stored: null,
    isOnPulsar: false,
    isJvm: true,
    entryFormat: 'kafka',
    ...kafkaTopics('127.0.0.1', port),
    launch: () => launchKafka(home),
    // The same process, which is warm.
    durable: async () => ({
      ...target,
      ...kafkaTopics('127.0.0.1', port, synced),
      close: () => Promise.resolve(),
    }),
    close,
  };
  return target;
}

async function launchKafka(home: KafkaHome): Promise<Launched> {
  const port = await reservablePort();
  const { broker, startMs } = await timed(port, () => startKafkaProcess(home, port));
  const address = { protocol: 'kafka', host: '127.0.0.1', port } as const;
  return { address, pid: broker.pid, startMs, close: broker.close };
}
