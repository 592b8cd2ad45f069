/** A whole broker in front of a real Pulsar, as Kafka's clients see it. */
import { randomUUID } from 'node:crypto';
import { type Admin, type Consumer, Kafka, logLevel } from 'kafkajs';
import t, { type Test } from 'tap';
import { runBroker } from '../whole/running-broker.js';
import { adminUrl, serviceUrl } from './peer.js';

// A broker that was just started takes seconds for its first topics and policies.
t.setTimeout(180_000);

/** Of its own, so that no other test's group or topic is in the way. */
const metadata = { kafkaMetadataNamespace: `kopje-${randomUUID()}` };

function start(t: Test, options: object = {}) {
  const pulsar = { backend: serviceUrl, pulsarAdminUrl: adminUrl, offsetsTopicNumPartitions: 3 };
  return runBroker(t, { ...pulsar, ...metadata, groupInitialRebalanceDelayMs: 0, ...options });
}

function clientOf(port: number): Kafka {
  return new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING });
}

/** Values of the next messages of a topic, in their partitions' order. */
async function consume(consumer: Consumer, topic: string, count: number): Promise<string[]> {
  const values: string[] = [];
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        autoCommit: false,
        async eachMessage({ topic, partition, message }) {
          values.push(String(message.value));
          const offset = String(Number(message.offset) + 1);
          await consumer.commitOffsets([{ topic, partition, offset }]);
          if (values.length === count) resolve();
        },
      })
      .catch(reject);
  });
  return values;
}

/** This client's admin does not ask again while a coordinator still reads its groups. */
async function loaded<Result>(ask: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if ((error as { type?: string }).type !== 'GROUP_LOAD_IN_PROGRESS') throw error;
    }
  }
}

/** ConfigResource.Type of Kafka. */
const topicResource = 2;

/** Standalones take 5 MiB, from which an entry takes some for itself. */
async function checkBatchLimit(t: Test, admin: Admin, topic: string): Promise<void> {
  const name = 'max.message.bytes';
  const resource = { type: topicResource, name: topic };
  const alter = (value: number) =>
    admin.alterConfigs({
      validateOnly: false,
      resources: [{ ...resource, configEntries: [{ name, value: String(value) }] }],
    });
  await t.rejects(alter(5 * 2 ** 20), { message: /Configuration is invalid/ });
  await alter(5 * 2 ** 20 - 1_000);
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ ...resource, configNames: [name] }],
  });
  t.equal(resources[0]?.configEntries[0]?.configValue, String(5 * 2 ** 20 - 1_000));
}

t.test('kafkajs produces and consumes, and all of it outlives the broker', async (t) => {
  const topic = `t-${randomUUID()}`;
  const groupId = `g-${randomUUID()}`;
  const sent = Array.from({ length: 20 }, (_, at) => ({ key: `k${at}`, value: `v${at}` }));
  const values = sent.map(({ value }) => value).sort();

  await t.test('a first broker', async (t) => {
    const kafka = clientOf((await start(t)).port);
    const admin = kafka.admin();
    const producer = kafka.producer({ idempotent: true });
    const consumer = kafka.consumer({ groupId });
    t.teardown(() => Promise.all([admin, producer, consumer].map((end) => end.disconnect())));
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] });
    await producer.connect();
    await producer.send({ topic, messages: sent });
    await checkBatchLimit(t, admin, topic);
    t.strictSame((await consume(consumer, topic, sent.length)).sort(), values);
  });

  await t.test('a second one, with nothing but the cluster in common', async (t) => {
    const kafka = clientOf((await start(t)).port);
    const admin = kafka.admin();
    const producer = kafka.producer();
    const consumer = kafka.consumer({ groupId });
    t.teardown(() => Promise.all([admin, producer, consumer].map((end) => end.disconnect())));
    await admin.connect();
    const [committed] = await loaded(() => admin.fetchOffsets({ groupId, topics: [topic] }));
    const offsets = committed?.partitions.map(({ offset }) => Number(offset)) ?? [];
    t.equal(
      offsets.reduce((sum, offset) => sum + offset, 0),
      sent.length,
    );
    const ends = await admin.fetchTopicOffsets(topic);
    // A new owner begins with an entry of its own, which no client is shown.
    t.ok(ends.reduce((sum, { high }) => sum + Number(high), 0) >= sent.length);
    await producer.connect();
    await producer.send({ topic, messages: [{ value: 'last' }] });
    t.strictSame(await consume(consumer, topic, 1), ['last'], 'it goes on where the group was');
    await admin.deleteTopics({ topics: [topic] });
    t.notOk((await admin.listTopics()).includes(topic));
  });
});

t.test('a namespace that does not exist stops the start', async (t) => {
  await t.rejects(start(t, { kafkaNamespace: 'no-such-namespace' }), {
    name: 'PulsarRefused',
    message: /public\/no-such-namespace: .*404.*Namespace does not exist/,
  });
});
