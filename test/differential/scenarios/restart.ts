import { setTimeout as delay } from 'node:timers/promises';
import {
  describeProducersExchange,
  fetchExchange,
  heartbeatExchange,
  joinGroupExchange,
  listOffsetsExchange,
  metadataExchange,
  offsetCommitExchange,
  offsetFetchExchange,
  offsetForLeaderEpochExchange,
  produceExchange,
  syncGroupExchange,
} from '../../exchanges.js';
import { buildBatch } from '../../workers/batch/build-batch.js';
import { awaitCoordinators, memberOf } from '../group.js';
import type { Peer } from '../peer.js';
import type { Scenario } from '../scenario.js';
import {
  fetchOf,
  fill,
  isServed,
  makeTopic,
  newProducerId,
  produceOf,
  type Topic,
} from '../topic.js';

const attempts = 600;
const attemptGapMs = 50;
const timeouts = { sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 60_000 };
const joinVersion = 9;

const records = (count: number) =>
  buildBatch({ records: Array.from({ length: count }, () => ({ key: 'k' })) });

/** Joins with an id of the broker's making, as the only member. */
async function joinAlone(peer: Peer, group: string) {
  const member = { ...memberOf(peer, group), ...timeouts };
  const { memberId } = await peer.probe(joinGroupExchange, member, joinVersion);
  const named = { ...member, memberId };
  const { generationId } = await peer.probe(joinGroupExchange, named, joinVersion);
  const { groupId } = member;
  const assignments = [{ memberId, assignment: Buffer.of(1) }];
  await peer.ask('synced', syncGroupExchange, { groupId, memberId, generationId, assignments }, 3);
  return { groupId, memberId, generationId };
}

/** The leader epoch once the partition is led again. */
async function newEpoch(peer: Peer, topic: Topic): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (await isServed(peer, topic.name, 1)) {
      const { topics } = await peer.probe(metadataExchange, { topics: [topic] }, 12);
      return topics[0]?.partitions[0]?.leaderEpoch ?? -1;
    }
    await delay(attemptGapMs);
  }
  throw new Error(`${topic.name} got no leader`);
}

/** How much higher a restart makes it is each broker's own. */
function relativeTo(epoch: number, seen: unknown): unknown {
  const text = JSON.stringify(seen, (key, value) =>
    key === 'leaderEpoch' && value === epoch ? 'the new one' : value,
  );
  return text === undefined ? seen : JSON.parse(text);
}

async function askWithEpochs(peer: Peer, topic: Topic, epoch: number): Promise<void> {
  const note = async <Answer>(name: string, asked: Promise<Answer>) =>
    peer.note(name, relativeTo(epoch, await asked));
  for (const [which, currentLeaderEpoch] of [
    ['old', 0],
    ['new', epoch],
    ['future', epoch + 1],
  ] as const) {
    for (const version of peer.versions(fetchExchange).filter((each) => each >= 9)) {
      const request = fetchOf(topic, [{ currentLeaderEpoch, fetchOffset: 6 }]);
      const name = `fetch from the end with the ${which} epoch v${version}`;
      await note(name, peer.probe(fetchExchange, request, version));
    }
    for (const version of peer.versions(listOffsetsExchange).filter((each) => each >= 4)) {
      const partitions = [{ partitionIndex: 0, timestamp: -1, currentLeaderEpoch }];
      const request = { replicaId: -1, timeoutMs: 5000, topics: [{ ...topic, partitions }] };
      const name = `list with the ${which} epoch v${version}`;
      await note(name, peer.probe(listOffsetsExchange, request, version));
    }
    for (const version of peer.versions(offsetForLeaderEpochExchange)) {
      const partitions = [{ partition: 0, currentLeaderEpoch, leaderEpoch: 0 }];
      const request = { replicaId: -1, topics: [{ topic: topic.name, partitions }] };
      const name = `end of epoch 0 with the ${which} epoch v${version}`;
      await note(name, peer.probe(offsetForLeaderEpochExchange, request, version));
    }
  }
}

const restarted: Scenario = {
  name: 'restart/what is left of clients',
  restarts: true,
  async run(peer) {
    const topic = await makeTopic(peer, 'restart');
    await fill(peer, topic, [records(1), records(3)]);
    const producerId = await newProducerId(peer);
    // Kafka forgets a producer at the restart whose records are older than a day.
    const timestamp = Date.now();
    const batch = (baseSequence: number) =>
      buildBatch({
        producerId,
        producerEpoch: 0,
        baseSequence,
        records: [{ key: 'k', timestamp }],
      });
    await fill(peer, topic, [batch(0), batch(1)]);
    const start = { ...fetchOf(topic, [{}]), sessionEpoch: 0 };
    const { sessionId } = await peer.probe(fetchExchange, start, 11);
    const member = await joinAlone(peer, 'restart');
    const { groupId, memberId, generationId } = member;
    const partitions = [{ partitionIndex: 0, committedOffset: 3, committedMetadata: 'm' }];
    const commit = { groupId, memberId, generationIdOrMemberEpoch: generationId };
    await peer.ask('commit', offsetCommitExchange, {
      ...commit,
      topics: [{ ...topic, partitions }],
    });
    const full = await joinAlone(peer, 'restart-full');
    await peer.restart();
    const epoch = await newEpoch(peer, topic);
    await awaitCoordinators(peer);
    peer.note('the epoch rose', { rose: epoch > 0 });
    await askWithEpochs(peer, topic, epoch);
    const next = { ...start, topics: [], sessionId, sessionEpoch: 1 };
    await peer.ask('fetch session', fetchExchange, next, 11);
    const producers = { topics: [{ name: topic.name, partitionIndexes: [0] }] };
    await peer.ask('producers', describeProducersExchange, producers);
    const send = (name: string, sequence: number) =>
      peer.ask(name, produceExchange, produceOf(topic, [{ records: batch(sequence) }]));
    await send('repeats the last before', 1);
    await send('leaves one out', 3);
    await send('goes on', 2);
    await peer.ask('heartbeat of a member', heartbeatExchange, member);
    const wanted = [{ name: topic.name, topicId: topic.topicId, partitionIndexes: [0] }];
    const groups = [{ groupId, topics: wanted }];
    await peer.ask('committed', offsetFetchExchange, { groups });
    for (const version of peer.versions(joinGroupExchange)) {
      const another = { ...memberOf(peer, 'restart-full'), ...timeouts };
      await peer.ask('no room for another', joinGroupExchange, another, version);
    }
    await peer.ask('heartbeat of the one with room', heartbeatExchange, full);
  },
};

export const restartScenarios = [restarted];
