/** One topic, and a Kopje that serves it in front of the tests' Pulsar: what Kafka's clients are told of it. */
import { randomUUID } from 'node:crypto';
import type { Test } from 'tap';
import type { KopjeOptions } from '../../engine/embedded/options.js';
import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import { type FoundRecord, packBatch, recordsIn } from '../crash/load/batches.js';
import { createTopicsExchange, fetchExchange, produceExchange } from '../exchanges.js';
import type { RawClient } from '../raw-client.js';
import { runBroker } from '../whole/running-broker.js';
import { adminUrl, serviceUrl } from './peer.js';

const topicId = '00000000-0000-0000-0000-000000000000';
const timeoutMs = 30_000;
const noProducer = { producerId: -1, producerEpoch: -1, baseSequence: -1 };
/** Longest wait for what comes back by itself. */
export const patienceMs = 90_000;

/** What a client tries again. */
export const retriable = new Set<number>([
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.REQUEST_TIMED_OUT,
]);

interface SceneOptions {
  readonly format?: string;
  /** Who writes to the topic; as its format says unless given. */
  readonly writers?: 'exclusive' | 'shared';
  /** TENANT/NAMESPACE of the topic. */
  readonly place?: string;
  readonly settings?: KopjeOptions;
}

/** A topic of one partition, and a client of a broker that serves it. */
export class Scene {
  readonly topic = `t-${randomUUID()}`;
  readonly pulsarTopic: string;
  client!: RawClient;
  readonly #path: string;
  readonly #options: SceneOptions;

  private constructor(options: SceneOptions) {
    this.#options = options;
    this.#path = `persistent/${options.place ?? 'public/default'}/${this.topic}`;
    this.pulsarTopic = `${this.#path.replace('/', '://')}-partition-0`;
  }

  static async open(t: Test, options: SceneOptions = {}): Promise<Scene> {
    const scene = new Scene(options);
    await scene.#serve(t);
    await scene.create();
    return scene;
  }

  /** Another topic, of the same broker. */
  async beside(options: SceneOptions): Promise<Scene> {
    const scene = new Scene(options);
    scene.client = this.client;
    await scene.create();
    return scene;
  }

  /** Begins with a topic that Pulsar has already. */
  static async of(t: Test, prepare: (pulsarTopic: string) => Promise<void>): Promise<Scene> {
    const scene = new Scene({});
    await fetch(`${adminUrl}/admin/v2/${scene.#path}/partitions`, {
      method: 'PUT',
      body: '1',
      headers: { 'content-type': 'application/json' },
    });
    await prepare(scene.pulsarTopic);
    await scene.#serve(t);
    return scene;
  }

  async create(): Promise<void> {
    const { format = 'kafka', writers } = this.#options;
    const configs = [{ name: 'entry.format', value: format }];
    if (writers !== undefined) configs.push({ name: 'pulsar.writers', value: writers });
    const topics = [{ name: this.topic, numPartitions: 1, replicationFactor: 1, configs }];
    const answer = await this.client.ask(createTopicsExchange, { topics, timeoutMs }, 5);
    if (answer.topics[0]?.errorCode !== 0) throw new Error(answer.topics[0]?.errorMessage ?? '');
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

  async #serve(t: Test): Promise<void> {
    const { connect } = await runBroker(t, {
      backend: serviceUrl,
      pulsarAdminUrl: adminUrl,
      kafkaMetadataNamespace: `kopje-${randomUUID()}`,
      offsetsTopicNumPartitions: 1,
      workers: 1,
      ...this.#options.settings,
    });
    this.client = await connect();
  }
}
