import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from '../load/channel.js';
import { recordsOf } from '../load/kafka/end-offsets.js';
import { RawConnection } from '../load/kafka/raw-connection.js';
import { createTopicRequest, deleteTopicRequest } from '../load/kafka/requests.js';
import type { Launched } from './launched.js';

const createTimeoutMs = 60_000;
const createPollMs = 50;

/** What is measured. */
export interface Target {
  readonly name: string;
  readonly address: Address;
  /** Of the process whose CPU time and memory count; null where nobody knows. */
  readonly pid: number | null;
  /** Processes that work for that one, whose CPU time counts where all together does. */
  readonly behind: readonly number[];
  /** Its records are in a Pulsar. */
  readonly isOnPulsar: boolean;
  /** It is slow until its code was compiled. */
  readonly isJvm: boolean;
  /** How a raw producer of Pulsar's stores what it is given. */
  readonly entryFormat: 'kafka' | 'pulsar';
  /** The name as the load uses it. */
  createTopic(topic: string, partitions: number): Promise<string>;
  deleteTopic(topic: string): Promise<void>;
  /** Starts another one like it; null where nobody can. */
  readonly launch: (() => Promise<Launched>) | null;
  /** The same, or another one like it, that syncs before it acknowledges; it is closed after use. Null where nobody can. */
  readonly durable: (() => Promise<Target>) | null;
  /** What a topic of so many partitions has in Pulsar; null where its records are elsewhere. */
  readonly stored: ((topic: string, partitions: number) => Promise<Stored>) | null;
  close(): Promise<void>;
}

/** Pulsar's entries of a topic. */
export interface Stored {
  readonly entries: number;
  readonly sizeBytes: number;
}

/** Kafka answers that a topic was made before it leads all of its partitions. */
async function untilServed(
  connection: RawConnection,
  topic: string,
  partitions: number,
): Promise<void> {
  const deadlineMs = performance.now() + createTimeoutMs;
  for (;;) {
    try {
      await recordsOf(connection, topic, partitions);
      return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await sleep(createPollMs);
    }
  }
}

/** Topics of a broker that speaks Kafka's protocol. */
export function kafkaTopics(
  host: string,
  port: number,
  configs: Readonly<Record<string, string>> = {},
): Pick<Target, 'address' | 'createTopic' | 'deleteTopic'> {
  const ask = async (request: Buffer): Promise<Buffer> => {
    const connection = await RawConnection.open(host, port);
    return connection.ask(request).finally(() => connection.close());
  };
  return {
    address: { protocol: 'kafka', host, port },
    async createTopic(topic, partitions) {
      const connection = await RawConnection.open(host, port);
      await connection.ask(createTopicRequest(topic, partitions, configs));
      await untilServed(connection, topic, partitions).finally(() => connection.close());
      return topic;
    },
    async deleteTopic(topic) {
      await ask(deleteTopicRequest(topic));
    },
  };
}
