/** Record batches with text values, and the values that a fetch brought. */
import { lastOffset } from '../../engine/protocol/kafka/record-batch.js';
import { RecordBatchBuilder } from '../../engine/protocol/kafka/record-batch-builder.js';
import { RecordCursor } from '../../engine/protocol/kafka/record-cursor.js';
import { createTopicsExchange, fetchExchange, produceExchange } from '../exchanges.js';
import type { RawClient } from '../raw-client.js';

/** One batch with a record for each value. */
export function batchOf(...values: string[]): Uint8Array {
  const builder = new RecordBatchBuilder();
  for (const value of values) builder.append(Date.now(), null, Buffer.from(value));
  return builder.finish();
}

export async function createTopic(
  client: RawClient,
  name: string,
  numPartitions: number,
): Promise<void> {
  const topics = [{ name, numPartitions, replicationFactor: 1 }];
  const { topics: made } = await client.ask(createTopicsExchange, { topics, timeoutMs: 5_000 }, 5);
  if (made[0]?.errorCode !== 0) throw new Error(`CreateTopics: ${made[0]?.errorCode}`);
}

/** Produces one batch with acks=all; returns the answer for the partition. */
export async function produce(
  client: RawClient,
  topic: string,
  partition: number,
  records: Uint8Array,
) {
  const topicData = [{ name: topic, partitionData: [{ index: partition, records }] }];
  const response = await client.ask(produceExchange, { acks: -1, timeoutMs: 5_000, topicData }, 9);
  const answer = response.responses[0]?.partitionResponses[0];
  if (answer === undefined) throw new Error('Produce answered nothing');
  return answer;
}

/** What to fetch of a partition; the rest of the request has Kafka's usual values. */
export interface FetchPlace {
  partition: number;
  fetchOffset: number;
  partitionMaxBytes?: number;
}

export interface FetchOptions {
  maxWaitMs?: number;
  minBytes?: number;
  maxBytes?: number;
  sessionId?: number;
  sessionEpoch?: number;
}

/** A Fetch v12 of one topic. */
export function fetch(
  client: RawClient,
  topic: string,
  places: readonly FetchPlace[],
  options: FetchOptions = {},
) {
  const { maxWaitMs = 0, minBytes = 1, maxBytes = 50_000_000 } = options;
  const { sessionId = 0, sessionEpoch = -1 } = options;
  const partitions = places.map(({ partition, fetchOffset, partitionMaxBytes = 1_000_000 }) => ({
    partition,
    fetchOffset,
    partitionMaxBytes,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
  }));
  const topics = partitions.length === 0 ? [] : [{ topic, partitions }];
  const request = { replicaId: -1, maxWaitMs, minBytes, maxBytes, sessionId, sessionEpoch, topics };
  return client.ask(fetchExchange, request, 12);
}

/** Values of the records in a record set, and the offset after them. */
export function valuesIn(records: unknown): { values: string[]; nextOffset: number } {
  const view = Buffer.from((records ?? new Uint8Array(0)) as Uint8Array);
  const values: string[] = [];
  let nextOffset = -1;
  for (let at = 0; at < view.length; ) {
    const cursor = new RecordCursor().openBatch(view, at);
    while (cursor.next()) values.push(view.toString('utf8', cursor.valueStart, cursor.valueEnd));
    nextOffset = lastOffset(view, at) + 1;
    at += 12 + view.readInt32BE(at + 8);
  }
  return { values, nextOffset };
}
