/** What a Kafka client is told of groups. */
import {
  describeGroupsExchange,
  listGroupsExchange,
  offsetCommitExchange,
  offsetFetchExchange,
} from '../exchanges.js';
import type { RawClient } from '../raw-client.js';

const offsetFetchVersion = 5;
const offsetCommitVersion = 6;
const describeGroupsVersion = 3;
const listGroupsVersion = 3;
const loading = 14;
const unavailable = 15;
const notCoordinator = 16;
const tries = 1_800;
const retryMs = 100;

export interface CommittedOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

/** Asks again while groups load, as every client does. */
async function onceLoaded<Answer extends { errorCode: number }>(
  ask: () => Promise<Answer>,
): Promise<Answer> {
  for (let left = tries; ; left--) {
    const answer = await ask();
    if (![loading, unavailable, notCoordinator].includes(answer.errorCode) || left === 0) {
      return answer;
    }
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
}

/** All that a group has committed, in the order of names and numbers. */
export async function committedOffsets(
  client: RawClient,
  groupId: string,
  topics: readonly { name: string; partitionIndexes: number[] }[] | null = null,
): Promise<CommittedOffset[]> {
  const { errorCode, topics: answered } = await onceLoaded(() =>
    client.ask(offsetFetchExchange, { groupId, topics }, offsetFetchVersion),
  );
  if (errorCode !== 0) throw new Error(`OffsetFetch of ${groupId}: ${errorCode}`);
  const offsets = answered.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, committedOffset, metadata }) => ({
      topic: name,
      partition: partitionIndex,
      offset: committedOffset,
      metadata: metadata ?? '',
    })),
  );
  return offsets.filter(({ offset }) => offset >= 0).sort(byPlace);
}

export function byPlace(one: CommittedOffset, other: CommittedOffset): number {
  return one.topic < other.topic
    ? -1
    : one.topic > other.topic
      ? 1
      : one.partition - other.partition;
}

export async function commitOffset(
  client: RawClient,
  groupId: string,
  { topic, partition, offset, metadata }: CommittedOffset,
): Promise<number> {
  const partitions = [
    { partitionIndex: partition, committedOffset: offset, committedMetadata: metadata },
  ];
  const request = {
    groupId,
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [{ name: topic, partitions }],
  };
  const commit = async () => {
    const { topics } = await client.ask(offsetCommitExchange, request, offsetCommitVersion);
    return { errorCode: topics[0]?.partitions[0]?.errorCode ?? -1 };
  };
  return (await onceLoaded(commit)).errorCode;
}

export async function describeGroup(client: RawClient, groupId: string) {
  return onceLoaded(async () => {
    const request = { groups: [groupId] };
    const { groups } = await client.ask(describeGroupsExchange, request, describeGroupsVersion);
    const { errorCode = -1, groupState = '', protocolType = '' } = groups[0] ?? {};
    return { errorCode, groupState, protocolType };
  });
}

export async function listedGroups(client: RawClient): Promise<string[]> {
  const { groups } = await onceLoaded(() => client.ask(listGroupsExchange, {}, listGroupsVersion));
  return groups.map(({ groupId }) => groupId).sort();
}
