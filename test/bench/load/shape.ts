import type { Test } from 'tap';
import type { ProduceShape } from '../../../bench/load/channel.js';
import { kafkaTopics } from '../../../bench/target/target.js';
import { startKopje } from '../../../engine/embedded/start-kopje.js';

/** A small load on a broker in this process, with the topic `load`. */
export async function shapeFor(
  t: Test,
  { partitions = 2, ...changes }: Partial<ProduceShape> = {},
): Promise<ProduceShape> {
  const kopje = await startKopje();
  t.teardown(() => kopje.close());
  const [host = '', port] = kopje.bootstrapServers.split(':');
  const { address, createTopic } = kafkaTopics(host, Number(port));
  return {
    address,
    topic: await createTopic('load', partitions),
    partitions,
    recordBytes: 1_000,
    batchBytes: 16_000,
    compression: 'none',
    acks: -1,
    connections: 2,
    pace: { inFlight: 2 },
    distinctBytes: 2 ** 20,
    entryFormat: 'kafka',
    ...changes,
  };
}
