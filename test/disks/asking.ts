/** What the tests ask of a broker, each answered with its error code. */
import { RecordBatchBuilder } from '../../engine/protocol/kafka/record-batch-builder.js';
import {
  createTopicsExchange,
  deleteRecordsExchange,
  findCoordinatorExchange,
  incrementalAlterConfigsExchange,
  initProducerIdExchange,
  metadataExchange,
  offsetCommitExchange,
  offsetFetchExchange,
} from '../exchanges.js';
import type { RawClient } from '../raw-client.js';
import { fetch, produce, valuesIn } from '../whole/records.js';

const topicResource = 2;
const setOperation = 0;
const producerIdsInBlock = 1_000;
/** A coordinator reads its log again a second after an append failed. */
const takenWithinMs = 15_000;
const askAgainMs = 100;

/** Asks again while the answer is one of `refusals`, as clients do; resolves with the last error code. */
export async function untilTaken(
  act: () => Promise<number>,
  refusals: readonly number[],
): Promise<number> {
  const giveUpMs = performance.now() + takenWithinMs;
  for (;;) {
    const errorCode = await act();
    if (!refusals.includes(errorCode) || performance.now() > giveUpMs) return errorCode;
    // There is no event: a client learns by asking again.
    await new Promise((resolve) => setTimeout(resolve, askAgainMs));
  }
}

export async function createTopic(
  client: RawClient,
  name: string,
  numPartitions: number,
  configs: Readonly<Record<string, string>> = {},
): Promise<number> {
  const given = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
  const topics = [{ name, numPartitions, replicationFactor: 1, configs: given }];
  const answer = await client.ask(createTopicsExchange, { topics, timeoutMs: 5_000 }, 5);
  return answer.topics[0]?.errorCode ?? -1;
}

export async function setConfig(
  client: RawClient,
  topic: string,
  name: string,
  value: string,
): Promise<number> {
  const configs = [{ name, configOperation: setOperation, value }];
  const resources = [{ resourceType: topicResource, resourceName: topic, configs }];
  const request = { resources, validateOnly: false };
  const answer = await client.ask(incrementalAlterConfigsExchange, request, 1);
  return answer.responses[0]?.errorCode ?? -1;
}

/** A new producer's id, or the error. */
export async function newProducerId(client: RawClient): Promise<{ id: number; errorCode: number }> {
  const request = { transactionalId: null, transactionTimeoutMs: 1_000 };
  const { errorCode, producerId } = await client.ask(initProducerIdExchange, request, 2);
  return { id: producerId, errorCode };
}

/** Takes so many producer ids that the next block of them has to be stored; the first error, or 0. */
export async function takeProducerIds(client: RawClient): Promise<number> {
  const taken = Array.from({ length: producerIdsInBlock + 1 }, () => newProducerId(client));
  return (await Promise.all(taken)).find(({ errorCode }) => errorCode !== 0)?.errorCode ?? 0;
}

export async function findCoordinator(client: RawClient, group: string): Promise<number> {
  const request = { key: group, keyType: 0, coordinatorKeys: [] };
  return (await client.ask(findCoordinatorExchange, request, 2)).errorCode;
}

export async function commitOffset(
  client: RawClient,
  groupId: string,
  topic: string,
  committedOffset: number,
): Promise<number> {
  const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: 'm' }];
  const request = {
    groupId,
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [{ name: topic, partitions }],
  };
  const answer = await client.ask(offsetCommitExchange, request, 7);
  return answer.topics[0]?.partitions[0]?.errorCode ?? -1;
}

/** The group's offset of partition 0, -1 if it has none; throws with the error code. */
export async function committedOffset(
  client: RawClient,
  groupId: string,
  topic: string,
): Promise<number> {
  const request = { groupId, topics: [{ name: topic, partitionIndexes: [0] }] };
  const answer = await client.ask(offsetFetchExchange, request, 7);
  const partition = answer.topics[0]?.partitions[0];
  const errorCode = answer.errorCode || (partition?.errorCode ?? -1);
  if (errorCode !== 0) throw new Error(`OffsetFetch: ${errorCode}`);
  return partition?.committedOffset ?? -1;
}

export async function deleteRecords(
  client: RawClient,
  topic: string,
  partition: number,
  offset: number,
): Promise<number> {
  const partitions = [{ partitionIndex: partition, offset }];
  const request = { topics: [{ name: topic, partitions }], timeoutMs: 5_000 };
  const answer = await client.ask(deleteRecordsExchange, request, 1);
  return answer.topics[0]?.partitions[0]?.errorCode ?? -1;
}

/** Every topic's error code in the metadata of all topics, by name. */
export async function topicNames(client: RawClient): Promise<string[]> {
  const answer = await client.ask(metadataExchange, { topics: null }, 8);
  return answer.topics.map(({ name }) => name ?? '').sort();
}

/** Error code of a partition in the metadata. */
export async function metadataError(
  client: RawClient,
  topic: string,
  partition: number,
): Promise<number> {
  const answer = await client.ask(metadataExchange, { topics: [{ name: topic }] }, 8);
  const found = answer.topics[0]?.partitions.find(
    ({ partitionIndex }) => partitionIndex === partition,
  );
  return found?.errorCode ?? -1;
}

/** One record of an idempotent producer. */
export async function produceOnce(
  client: RawClient,
  place: { readonly topic: string; readonly partition: number },
  producer: { readonly producerId: number; readonly baseSequence: number },
  value: string,
  key: string | null = null,
): Promise<number> {
  const builder = new RecordBatchBuilder({ ...producer, producerEpoch: 0 });
  builder.append(Date.now(), key === null ? null : Buffer.from(key), Buffer.from(value));
  const { topic, partition } = place;
  return (await produce(client, topic, partition, builder.finish())).errorCode;
}

export interface Read {
  readonly errorCode: number;
  readonly values: readonly string[];
}

/** All that a partition gives its readers, from `fromOffset` on; ends at the first error. */
export async function readAll(
  client: RawClient,
  topic: string,
  partition: number,
  fromOffset = 0,
): Promise<Read> {
  const all: string[] = [];
  for (let fetchOffset = fromOffset; ; ) {
    const { responses } = await fetch(client, topic, [{ partition, fetchOffset }]);
    const answer = responses[0]?.partitions[0];
    const errorCode = answer?.errorCode ?? -1;
    if (errorCode !== 0) return { errorCode, values: all };
    const { values, nextOffset } = valuesIn(answer?.records);
    if (nextOffset === -1) return { errorCode, values: all };
    all.push(...values);
    fetchOffset = nextOffset;
  }
}
