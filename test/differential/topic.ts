/** Topics that scenarios work on. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  createTopicsExchange,
  initProducerIdExchange,
  listOffsetsExchange,
  metadataExchange,
  produceExchange,
} from '../exchanges.js';
import type { Peer } from './peer.js';

export interface Topic {
  readonly name: string;
  readonly topicId: string;
}

export const unknownTopicId = 'dW5rbm93bnRvcGljaWQxMg';

interface Shape {
  readonly partitions?: number;
  readonly configs?: { readonly [name: string]: string };
}

/** What is wanted of a partition; what is left out is as in an ordinary fetch from the start. */
export interface FetchWish {
  readonly partition?: number;
  readonly fetchOffset?: number;
  readonly partitionMaxBytes?: number;
  readonly currentLeaderEpoch?: number;
  readonly lastFetchedEpoch?: number;
  readonly logStartOffset?: number;
}

const attempts = 100;
const attemptGapMs = 50;

/** Creates a topic and waits until its partitions have leaders (Kafka answers before they do). */
export async function makeTopic(peer: Peer, suffix: string, shape: Shape = {}): Promise<Topic> {
  const name = `${peer.prefix}-${suffix}`;
  const numPartitions = shape.partitions ?? 1;
  // Batches bear old timestamps: retention must not take them while a scenario runs.
  const settings = { 'retention.ms': '-1', ...shape.configs };
  const configs = Object.entries(settings).map(([key, value]) => ({ name: key, value }));
  await peer.probe(
    createTopicsExchange,
    { topics: [{ name, numPartitions, replicationFactor: 1, configs }], timeoutMs: 10_000 },
    5,
  );
  for (let attempt = 0; attempt < attempts; attempt++) {
    const metadata = await peer.probe(metadataExchange, { topics: [{ name }] }, 12);
    const topic = metadata.topics[0];
    const led = topic?.partitions.filter((one) => one.errorCode === 0 && one.leaderId >= 0);
    if (topic?.errorCode === 0 && led?.length === numPartitions) {
      if (await isServed(peer, name, numPartitions)) {
        const { topicId } = topic;
        peer.note(`${suffix} is there`, { topicId });
        return { name, topicId };
      }
    }
    await delay(attemptGapMs);
  }
  throw new Error(`${name} got no leaders`);
}

/** True once the leaders themselves know that they lead, which in Kafka comes after the metadata. */
export async function isServed(peer: Peer, name: string, count: number): Promise<boolean> {
  const partitions = Array.from({ length: count }, (_, partitionIndex) => ({
    partitionIndex,
    timestamp: -1,
  }));
  const request = { replicaId: -1, topics: [{ name, partitions }] };
  const { topics } = await peer.probe(listOffsetsExchange, request, 5);
  return topics.every((topic) => topic.partitions.every((one) => one.errorCode === 0));
}

/** A Produce request of some partitions of one topic. */
export function produceOf(
  topic: Topic,
  partitions: readonly { readonly index?: number; readonly records: Uint8Array | null }[],
  acks = -1,
  transactionalId: string | null = null,
) {
  const partitionData = partitions.map(({ index = 0, records }) => ({ index, records }));
  return { transactionalId, acks, timeoutMs: 5000, topicData: [{ ...topic, partitionData }] };
}

/** A Fetch request of some partitions of one topic, by a client without a session. */
export function fetchOf(topic: Topic, partitions: readonly FetchWish[]) {
  const wanted = partitions.map((wish) => ({
    partition: 0,
    fetchOffset: 0,
    partitionMaxBytes: 1_000_000,
    currentLeaderEpoch: -1,
    ...wish,
  }));
  return {
    replicaId: -1,
    maxWaitMs: 100,
    minBytes: 0,
    maxBytes: 10_000_000,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [{ topic: topic.name, topicId: topic.topicId, partitions: wanted }],
  };
}

/** Appends batches to a partition, one request each. */
export async function fill(
  peer: Peer,
  topic: Topic,
  batches: readonly Uint8Array[],
  index = 0,
): Promise<void> {
  for (const records of batches) {
    const answer = await peer.probe(
      produceExchange,
      produceOf(topic, [{ index, records }]),
      peer.latest(produceExchange),
    );
    const code = answer.responses[0]?.partitionResponses[0]?.errorCode;
    if (code !== 0) throw new Error(`${topic.name}-${index} refused a batch with error ${code}`);
  }
}

/** A new producer id; Kafka has none for a moment when it is first asked. */
export async function newProducerId(peer: Peer): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const answer = await peer.probe(initProducerIdExchange, { transactionalId: null }, 4);
    if (answer.errorCode === 0) return answer.producerId;
    await delay(attemptGapMs);
  }
  throw new Error('no producer id');
}
