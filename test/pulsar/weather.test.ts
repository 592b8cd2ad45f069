/** Single scenes of bad weather, and what Kafka's clients see of them. Kills are in `npm run test:weather`. */
import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import { AccessMode } from '../../engine/protocol/pulsar/commands.js';
import { PulsarProducer } from '../../workers/log/pulsar/producer.js';
import { CuttingProxy } from '../clients/proxy.js';
import { type FoundRecord, packBatch, recordsIn } from '../crash/load/batches.js';
import {
  createTopicsExchange,
  deleteTopicsExchange,
  fetchExchange,
  produceExchange,
} from '../exchanges.js';
import type { RawClient } from '../raw-client.js';
import { runBroker } from '../whole/running-broker.js';
import { adminUrl, lookupOf, serviceUrl } from './peer.js';

t.setTimeout(240_000);

const topicId = '00000000-0000-0000-0000-000000000000';
const timeoutMs = 30_000;
const noProducer = { producerId: -1, producerEpoch: -1, baseSequence: -1 };
/** Longest wait for what comes back by itself. */
const patienceMs = 90_000;

/** A topic of one partition, and a client of a broker that serves it. */
class Scene {
  readonly topic = `t-${randomUUID()}`;
  readonly pulsarTopic = `persistent://public/default/${this.topic}-partition-0`;
  client!: RawClient;
  readonly #format: string;

  private constructor(format: string) {
    this.#format = format;
  }

  static async open(t: Test, { format = 'kafka', backend = serviceUrl } = {}): Promise<Scene> {
    const scene = new Scene(format);
    await scene.serve(t, backend);
    await scene.create();
    return scene;
  }

  /** Begins with a topic that Pulsar has already. */
  static async of(t: Test, prepare: (pulsarTopic: string) => Promise<void>): Promise<Scene> {
    const scene = new Scene('kafka');
    await fetch(`${adminUrl}/admin/v2/${scene.#path}/partitions`, {
      method: 'PUT',
      body: '1',
      headers: { 'content-type': 'application/json' },
    });
    await prepare(scene.pulsarTopic);
    await scene.serve(t, serviceUrl);
    return scene;
  }

  get #path(): string {
    return `persistent/public/default/${this.topic}`;
  }

  async serve(t: Test, backend: string): Promise<void> {
    const { connect } = await runBroker(t, {
      backend,
      pulsarAdminUrl: adminUrl,
      kafkaMetadataNamespace: `kopje-${randomUUID()}`,
      offsetsTopicNumPartitions: 1,
      workers: 1,
    });
    this.client = await connect();
  }

  async create(): Promise<void> {
    const configs = [{ name: 'entry.format', value: this.#format }];
    const topics = [{ name: this.topic, numPartitions: 1, replicationFactor: 1, configs }];
    const answer = await this.client.ask(createTopicsExchange, { topics, timeoutMs }, 5);
    if (answer.topics[0]?.errorCode !== 0) throw new Error(answer.topics[0]?.errorMessage ?? '');
  }

  async remove(): Promise<void> {
    const request = { topicNames: [this.topic], timeoutMs };
    await this.client.ask(deleteTopicsExchange, request, 5);
  }

  /** What a producer is told; the offset of the record, or minus the error. */
  async produce(value: string): Promise<number> {
    const records = packBatch([value], noProducer, 0);
    const topicData = [{ name: this.topic, partitionData: [{ index: 0, records }] }];
    const request = { acks: -1, timeoutMs: 10_000, topicData };
    const { responses } = await this.client.ask(produceExchange, request, 9);
    const { errorCode = -1, baseOffset = -1 } = responses[0]?.partitionResponses[0] ?? {};
    return errorCode === 0 ? baseOffset : -errorCode;
  }

  /** Produces until it is acknowledged; the errors on the way. */
  async produceAtLast(value: string): Promise<{ offset: number; errors: number[] }> {
    const errors: number[] = [];
    const deadlineMs = performance.now() + patienceMs;
    while (performance.now() < deadlineMs) {
      const told = await this.produce(value);
      if (told >= 0) return { offset: told, errors: [...new Set(errors)] };
      errors.push(-told);
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(
      `${value} was not acknowledged within ${patienceMs} ms: ${[...new Set(errors)]}`,
    );
  }

  /** All that a consumer reads from the beginning, up to the high watermark. */
  async readAll(): Promise<FoundRecord[]> {
    const records: FoundRecord[] = [];
    for (let offset = 0; ; ) {
      const found = await this.fetch(offset);
      if (found.errorCode !== 0) throw new Error(`fetch at ${offset}: ${found.errorCode}`);
      const { records: some, nextOffset } = recordsIn(found.records);
      records.push(...some.filter((record) => record.offset >= offset));
      offset = Math.max(offset, nextOffset);
      if (offset >= found.highWatermark) return records;
    }
  }

  async fetch(fetchOffset: number) {
    const place = { partition: 0, fetchOffset, partitionMaxBytes: 4_000_000, topicId };
    const unused = { currentLeaderEpoch: -1, lastFetchedEpoch: -1, logStartOffset: -1 };
    const topics = [{ topic: this.topic, topicId, partitions: [{ ...place, ...unused }] }];
    const limits = { maxWaitMs: 500, minBytes: 1, maxBytes: 8_000_000, sessionId: 0 };
    const request = { replicaId: -1, ...limits, sessionEpoch: -1, topics };
    const { responses } = await this.client.ask(fetchExchange, request, 12);
    const found = responses[0]?.partitions[0];
    const records = (found?.records ?? new Uint8Array(0)) as Uint8Array;
    const { errorCode = -1, highWatermark = -1 } = found ?? {};
    return { errorCode, highWatermark, records };
  }

  async admin(method: string, path: string): Promise<void> {
    const url = `${adminUrl}/admin/v2/${this.#path}-partition-0/${path}`;
    const { status } = await fetch(url, { method });
    if (status >= 300) throw new Error(`${method} ${url}: ${status}`);
  }
}

const retriable = new Set<number>([
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.REQUEST_TIMED_OUT,
]);

/** Sends entries as they are, as a producer of somebody else's, with the numbers of messages that it says they have. */
async function sendRaw(
  t: Test,
  topic: string,
  accessMode: AccessMode,
  entries: readonly { messageCount: number; metadata: Buffer; payload: Buffer }[],
): Promise<void> {
  const connection = await lookupOf(t).connectionFor(topic, 'write');
  let left = entries.length;
  await new Promise<void>((resolve, reject) => {
    const events = {
      acknowledged: () => {
        if (--left === 0) resolve();
      },
      ended: reject,
    };
    PulsarProducer.open(connection, { topic, accessMode, topicEpoch: null }, events).then(
      (producer) => {
        for (const { payload, ...entry } of entries) {
          const payloadBytes = payload.length;
          producer.send({ ...entry, payload: [payload], payloadBytes, checksum: null });
        }
        if (left === 0) resolve();
      },
      reject,
    );
  });
  connection.close();
}

/** Metadata of one message: no producer's name, sequence 0, publishing time 1. */
const plainMetadata = Buffer.from([0x0a, 0, 0x10, 0, 0x18, 1]);
/** The same with the property that says Kafka's batches follow. */
const kafkaMetadata = Buffer.concat([
  plainMetadata,
  Buffer.from([0x22, 0x15, 0x0a, 0x0c]),
  Buffer.from('entry.format'),
  Buffer.from([0x12, 0x05]),
  Buffer.from('kafka'),
  Buffer.from([0x58, 0x02]),
]);

t.test('connections to Pulsar that are cut, again and again', async (t) => {
  const proxy = await CuttingProxy.start(Number(new URL(serviceUrl).port));
  t.teardown(() => proxy.close());
  const scene = await Scene.open(t, { backend: `pulsar://127.0.0.1:${proxy.port}` });
  const acknowledged = new Map<number, string>();
  for (let number = 0; number < 100; number++) {
    const value = `v${number}`;
    if (number % 10 === 5) setTimeout(() => proxy.cut(), number % 7);
    const { offset, errors } = await scene.produceAtLast(value);
    acknowledged.set(offset, value);
    t.ok(
      errors.every((error) => retriable.has(error)),
      `${errors}`,
    );
  }
  t.ok(proxy.cuts > 10);
  const stored = new Map((await scene.readAll()).map(({ offset, value }) => [offset, value]));
  for (const [offset, value] of acknowledged) t.equal(stored.get(offset), value);
});

t.test('another owner takes the topic', async (t) => {
  const scene = await Scene.open(t);
  t.equal(await scene.produce('first'), 0);
  const { pulsarTopic } = scene;
  await sendRaw(t, pulsarTopic, AccessMode.exclusiveWithFencing, [
    { messageCount: 1, metadata: plainMetadata, payload: Buffer.from('of another') },
  ]);
  const { offset, errors } = await scene.produceAtLast('second');
  t.ok(
    errors.every((error) => retriable.has(error)),
    `${errors}`,
  );
  t.ok(errors.includes(ErrorCode.NOT_LEADER_OR_FOLLOWER), 'clients look for the other one');
  const records = await scene.readAll();
  t.strictSame(
    records.map(({ value }) => value),
    ['first', 'of another', 'second'],
  );
  t.equal(records.at(-1)?.offset, offset);
});

t.test('a topic that is moved between brokers', async (t) => {
  const scene = await Scene.open(t);
  const offsets: number[] = [];
  for (let number = 0; number < 30; number++) {
    if (number % 10 === 5) void scene.admin('PUT', 'unload');
    const { offset, errors } = await scene.produceAtLast(`v${number}`);
    offsets.push(offset);
    t.ok(
      errors.every((error) => retriable.has(error)),
      `${errors}`,
    );
  }
  const stored = new Map((await scene.readAll()).map(({ offset, value }) => [offset, value]));
  for (const [number, offset] of offsets.entries()) t.equal(stored.get(offset), `v${number}`);
});

t.test('a topic that is deleted under its readers', async (t) => {
  const scene = await Scene.open(t);
  t.equal(await scene.produce('first'), 0);
  const reading = scene.fetch(1);
  const url = `${adminUrl}/admin/v2/persistent/public/default/${scene.topic}/partitions?force=true`;
  t.equal((await fetch(url, { method: 'DELETE' })).status, 204);
  const told = new Set([0, ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
  t.ok(told.has((await reading).errorCode));
  const deadlineMs = performance.now() + patienceMs;
  let last = 0;
  while (last !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION && performance.now() < deadlineMs) {
    last = (await scene.fetch(1)).errorCode;
    if (!told.has(last)) t.fail(`error ${last}`);
  }
  t.equal(last, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  t.equal(await scene.produce('second'), -ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  await scene.create();
  t.equal(await scene.produce('anew'), 0, 'one that is made anew begins anew');
});

t.test('damaged entries are passed', async (t) => {
  const scene = await Scene.of(t, (topic) =>
    sendRaw(t, topic, AccessMode.shared, [
      { messageCount: 1, metadata: plainMetadata, payload: Buffer.from('before') },
      { messageCount: 2, metadata: kafkaMetadata, payload: Buffer.from('no batch at all') },
      { messageCount: 1, metadata: plainMetadata, payload: Buffer.from('behind') },
    ]),
  );
  const { offset } = await scene.produceAtLast('ours');
  t.strictSame(
    (await scene.readAll()).map(({ offset: at, value }) => [at, value]),
    [
      [0, 'before'],
      [3, 'behind'],
      [offset, 'ours'],
    ],
  );
});

t.test('entries without an index', async (t) => {
  const scene = await Scene.of(t, (topic) =>
    sendRaw(t, topic, AccessMode.shared, [
      { messageCount: 1, metadata: plainMetadata, payload: Buffer.from('before') },
      { messageCount: 0, metadata: plainMetadata, payload: Buffer.from('uncounted') },
      { messageCount: 1, metadata: plainMetadata, payload: Buffer.from('behind') },
      { messageCount: 0, metadata: plainMetadata, payload: Buffer.from('uncounted, too') },
    ]),
  );
  const { offset } = await scene.produceAtLast('ours');
  t.strictSame(
    (await scene.readAll()).map(({ offset: at, value }) => [at, value]),
    [
      [0, 'before'],
      [1, 'behind'],
      [offset, 'ours'],
    ],
  );
});
