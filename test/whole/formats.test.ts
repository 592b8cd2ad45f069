/** The entry format of a topic changes while records are written and read: nobody sees it. */
import t from 'tap';
import { incrementalAlterConfigsExchange } from '../exchanges.js';
import type { RawClient } from '../raw-client.js';
import { batchOf, createTopic, fetch, produce, valuesIn } from './records.js';
import { runBroker } from './running-broker.js';

const formats = ['kafka', 'pulsar', 'mixed_kafka'] as const;
/** Every change from each format to each other one. */
const changes = ['pulsar', 'kafka', 'mixed_kafka', 'pulsar', 'mixed_kafka', 'kafka'] as const;
const roundsPerFormat = 10;
const topicResource = 2;

async function setFormat(client: RawClient, topic: string, format: string): Promise<void> {
  const configs = [{ name: 'entry.format', configOperation: 0, value: format }];
  const resources = [{ resourceType: topicResource, resourceName: topic, configs }];
  const answer = await client.ask(incrementalAlterConfigsExchange, { resources }, 1);
  if (answer.responses[0]?.errorCode !== 0) throw new Error('IncrementalAlterConfigs');
}

/** Reads until `count` values are there, as a consumer that is always at the end. */
async function consume(client: RawClient, topic: string, count: number): Promise<string[]> {
  const values: string[] = [];
  for (let fetchOffset = 0; values.length < count; ) {
    const answer = await fetch(client, topic, [{ partition: 0, fetchOffset }], {
      maxWaitMs: 10_000,
    });
    const partition = answer.responses[0]?.partitions[0];
    if (partition?.errorCode !== 0) throw new Error(`Fetch: ${partition?.errorCode}`);
    const read = valuesIn(partition.records);
    values.push(...read.values);
    fetchOffset = Math.max(fetchOffset, read.nextOffset);
  }
  return values;
}

for (const durability of ['fsync', 'os'] as const) {
  t.test(`changes under load, durability=${durability}`, async (t) => {
    const { connect } = await runBroker(t, { durability, dataDir: t.testdir({}) });
    const [writer, reader, admin] = [await connect(), await connect(), await connect()];
    await createTopic(writer, 'f', 1);
    const sent: string[] = [];
    const total = (changes.length + 1) * roundsPerFormat * 2;
    const consumed = consume(reader, 'f', total);
    for (const format of ['kafka', ...changes]) {
      await setFormat(admin, 'f', format);
      for (let round = 0; round < roundsPerFormat; round++) {
        const values = [`${format} ${sent.length}`, `${format} ${sent.length + 1}`];
        sent.push(...values);
        const { errorCode, baseOffset } = await produce(writer, 'f', 0, batchOf(...values));
        t.strictSame([errorCode, baseOffset], [0, sent.length - 2]);
      }
    }
    t.strictSame(await consumed, sent, 'by a reader at the end');
    t.strictSame(await consume(await connect(), 'f', total), sent, 'by one that comes later');
  });
}

t.test('a format that does not exist is refused', async (t) => {
  const { connect } = await runBroker(t);
  const client = await connect();
  await createTopic(client, 'f', 1);
  for (const format of formats) await t.resolves(setFormat(client, 'f', format), format);
  await t.rejects(setFormat(client, 'f', 'json'));
});
