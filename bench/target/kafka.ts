import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../test/clients/broker.js';
import { prepareKafka, startKafka } from '../../test/peers/kafka.js';
import { kafkaTopics, type Target } from './target.js';

/** A real Apache Kafka with its default settings and a heap of 1 GiB, as its own start script has it. */
export async function startKafkaTarget(): Promise<Target> {
  const home = await prepareKafka();
  const dataDir = await mkdtemp(join(tmpdir(), 'kafka-bench-'));
  const port = await freePort();
  const broker = await startKafka(home, { port, dataDir });
  return {
    name: 'kafka',
    pid: broker.pid,
    behind: [],
    entryFormat: 'kafka',
    ...kafkaTopics('127.0.0.1', port),
    async close() {
      await broker.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
