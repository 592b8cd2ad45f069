/** What the runner itself asks of the broker, through kafkajs: topics, offsets, a background load. */

import { type Admin, Kafka, logLevel, type Producer } from 'kafkajs';
import { until } from './scenarios/scenario.js';

/** A connection of the runner to the broker under test. */
export class Runner {
  readonly bootstrap: string;
  readonly admin: Admin;
  readonly #kafka: Kafka;

  constructor(bootstrap: string) {
    this.bootstrap = bootstrap;
    this.#kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING });
    this.admin = this.#kafka.admin();
  }

  async connect(): Promise<void> {
    await this.admin.connect();
  }

  async close(): Promise<void> {
    await this.admin.disconnect();
  }

  /** With the broker's entry format, unless another one is given. */
  async createTopic(topic: string, numPartitions: number, entryFormat?: string): Promise<void> {
    const configEntries =
      entryFormat === undefined ? [] : [{ name: 'entry.format', value: entryFormat }];
    const topics = [{ topic, numPartitions, replicationFactor: 1, configEntries }];
    await this.admin.createTopics({ topics, waitForLeaders: false });
    // Kafka's brokers learn of a topic some time after its creation was answered.
    const known = () => this.admin.fetchTopicOffsets(topic).catch(() => undefined);
    await until(
      async () => (await known()) !== undefined,
      () => `${topic} has leaders`,
      15_000,
    );
  }

  /** Each partition's end offset, by partition number. */
  async endOffsets(topic: string): Promise<number[]> {
    const ends: number[] = [];
    for (const { partition, high } of await this.admin.fetchTopicOffsets(topic)) {
      ends[partition] = Number(high);
    }
    return ends;
  }

  /** Each partition's committed offset, -1 where there is none. */
  async committed(groupId: string, topic: string): Promise<number[]> {
    const offsets: number[] = [];
    for (const found of await this.admin.fetchOffsets({ groupId, topics: [topic] })) {
      for (const { partition, offset } of found.partitions) offsets[partition] = Number(offset);
    }
    return offsets;
  }

  /** Starts a light, steady load over all partitions. */
  async startLoad(topic: string, partitions: number): Promise<Load> {
    const producer = this.#kafka.producer();
    await producer.connect();
    return new Load(producer, topic, partitions);
  }
}

const roundIntervalMs = 50;
const recordsPerRound = 5;

/** Sends some records to each partition, round after round, until it is stopped. */
export class Load {
  readonly #running: Promise<void>;
  readonly #producer: Producer;
  #stopping = false;

  constructor(producer: Producer, topic: string, partitions: number) {
    this.#producer = producer;
    this.#running = this.#run(topic, partitions);
    this.#running.catch(() => {}); // reported by stop()
  }

  async #run(topic: string, partitions: number): Promise<void> {
    const messages = Array.from({ length: partitions * recordsPerRound }, (_, n) => ({
      partition: n % partitions,
      value: `record ${n}`,
    }));
    while (!this.#stopping) {
      await this.#producer.send({ topic, messages, acks: -1 });
      await new Promise((resolve) => setTimeout(resolve, roundIntervalMs));
    }
  }

  /** Ends the load; throws what made it fail, if something did. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running.finally(() => this.#producer.disconnect());
  }
}
