import { fetchExchange } from '../../exchanges.js';
import { buildBatch } from '../../workers/batch/build-batch.js';
import type { Peer } from '../peer.js';
import type { Scenario } from '../scenario.js';
import { type FetchWish, fetchOf, fill, makeTopic, unknownTopicId } from '../topic.js';

const records = (count: number, value = 'v') =>
  buildBatch({ records: Array.from({ length: count }, () => ({ key: 'k', value })) });

/** Batches of 1, 3 and 2 records: offsets 0, 1-3, 4-5. */
const batches = [records(1), records(3), records(2)];

const offsets: Scenario = {
  name: 'fetch/offsets',
  async run(peer) {
    const topic = await makeTopic(peer, 'fetch');
    await fill(peer, topic, batches);
    const wants: { readonly [name: string]: FetchWish } = {
      start: {},
      'middle of a batch': { fetchOffset: 2 },
      'last batch': { fetchOffset: 4 },
      end: { fetchOffset: 6 },
      'beyond the end': { fetchOffset: 7 },
      'negative offset': { fetchOffset: -1 },
      'very negative offset': { fetchOffset: -5 },
      'less than a batch': { partitionMaxBytes: 10 },
      'a batch and a half': { partitionMaxBytes: 120 },
      'no bytes': { partitionMaxBytes: 0 },
      'negative bytes': { partitionMaxBytes: -1 },
      'unknown partition': { partition: 3 },
      'negative partition': { partition: -1 },
      'right epoch': { currentLeaderEpoch: 0 },
      'future epoch': { currentLeaderEpoch: 5 },
      'epoch -2': { currentLeaderEpoch: -2 },
      'last fetched epoch': { lastFetchedEpoch: 0, currentLeaderEpoch: 0, fetchOffset: 3 },
      'future last fetched epoch': { lastFetchedEpoch: 9, currentLeaderEpoch: 0 },
      'log start of a follower': { logStartOffset: 4 },
    };
    for (const version of peer.versions(fetchExchange)) {
      for (const [name, want] of Object.entries(wants)) {
        await peer.ask(name, fetchExchange, fetchOf(topic, [want]), version);
      }
    }
  },
};

const requests: Scenario = {
  name: 'fetch/requests',
  async run(peer) {
    const topic = await makeTopic(peer, 'fetch-requests', { partitions: 3 });
    for (let index = 0; index < 3; index++) await fill(peer, topic, batches, index);
    const unknown = { name: `${peer.prefix}-none`, topicId: unknownTopicId };
    const one = fetchOf(topic, [{}]);
    const three = [{ partition: 1 }, { partition: 0 }, { partition: 2 }];
    const all = fetchOf(topic, three);
    const ends = fetchOf(topic, [{ fetchOffset: 6 }, { partition: 1, fetchOffset: 6 }]);
    const tries: { readonly [name: string]: ReturnType<typeof fetchOf> } = {
      'unknown topic': fetchOf(unknown, [{}]),
      'unknown among known': { ...one, topics: [...fetchOf(unknown, [{}]).topics, ...one.topics] },
      'three partitions': all,
      'budget of one batch': { ...all, maxBytes: 10 },
      'budget of a few batches': { ...all, maxBytes: 350 },
      'no budget': { ...all, maxBytes: 0 },
      'negative budget': { ...all, maxBytes: -1 },
      'same partition twice': fetchOf(topic, [{}, { fetchOffset: 4 }]),
      'read committed': { ...one, isolationLevel: 1 },
      'isolation 7': { ...one, isolationLevel: 7 },
      'waits in vain': { ...ends, minBytes: 1 },
      'min bytes there': { ...one, minBytes: 100, maxWaitMs: 2000 },
      'min bytes beyond reach': { ...one, minBytes: 10_000 },
      'error does not wait': {
        ...fetchOf(topic, [{ fetchOffset: 99 }, { partition: 1, fetchOffset: 6 }]),
        minBytes: 1,
        maxWaitMs: 5000,
      },
      'negative wait': { ...ends, minBytes: 1, maxWaitMs: -1 },
      'negative min bytes': { ...ends, minBytes: -1 },
      'no topic': { ...one, topics: [] },
      'no partition': fetchOf(topic, []),
      'debug consumer': { ...one, replicaId: -2 },
      'ordinary consumer': { ...one, replicaId: -1 },
    };
    for (const version of peer.versions(fetchExchange)) {
      for (const [name, request] of Object.entries(tries)) {
        await peer.ask(name, fetchExchange, request, version);
      }
    }
  },
};

async function sessionSteps(peer: Peer, version: number): Promise<void> {
  const topic = await makeTopic(peer, `fetch-session-${version}`, { partitions: 3 });
  const none = { ...fetchOf(topic, []), topics: [] };
  const ask = (name: string, request: object) =>
    peer.ask(name, fetchExchange, { ...fetchOf(topic, []), ...request }, version);
  const partition = (index: number, fetchOffset = 0) =>
    fetchOf(topic, [{ partition: index, fetchOffset }]).topics;
  for (let index = 0; index < 2; index++) await fill(peer, topic, batches, index);
  const both = fetchOf(topic, [{ partition: 0 }, { partition: 1 }]).topics;
  const made = await ask('create', { topics: both, sessionEpoch: 0 });
  const sessionId = made?.sessionId ?? 0;
  const go = (name: string, sessionEpoch: number, request: object) =>
    ask(name, { ...none, sessionId, sessionEpoch, ...request });
  await go('nothing new', 1, {});
  await go('moved on', 2, { topics: partition(0, 6) });
  await go('moved on too', 3, { topics: partition(1, 6) });
  await go('only what changed', 4, {});
  await fill(peer, topic, [records(2)], 1);
  await go('one has news', 5, {});
  await go('add a partition', 6, { topics: partition(2) });
  const forgotten = { topic: topic.name, topicId: topic.topicId, partitions: [1] };
  await go('forget', 7, { forgottenTopicsData: [forgotten] });
  await go('forget again', 8, { forgottenTopicsData: [forgotten] });
  await go('add an unknown partition', 9, { topics: partition(7) });
  await go('with the unknown partition', 10, {});
  await go('beyond the end', 11, { topics: partition(0, 999) });
  await go('still beyond the end', 12, {});
  await go('epoch too old', 3, {});
  await go('epoch too new', 99, {});
  await go('right epoch after wrong ones', 13, {});
  await go('full request with the session', 0, { topics: both });
  await go('after the full request', 14, {});
  await ask('unknown session', { ...none, sessionId: 12_345, sessionEpoch: 1 });
  await ask('epoch without session', { ...none, sessionEpoch: 5 });
  await ask('close an unknown session', { ...none, sessionId: 4_242, sessionEpoch: -1 });
  await ask('negative epoch', { ...none, sessionEpoch: -2 });
  const next = await ask('create again', { topics: both, sessionEpoch: 0 });
  await ask('close', { ...none, sessionId: next?.sessionId ?? 0, sessionEpoch: -1 });
  await ask('after the close', { ...none, sessionId: next?.sessionId ?? 0, sessionEpoch: 1 });
  await ask('create of nothing', { ...none, sessionEpoch: 0 });
}

const sessions: Scenario = {
  name: 'fetch/sessions',
  async run(peer) {
    for (const version of peer.versions(fetchExchange)) {
      if (version >= 7) await sessionSteps(peer, version);
    }
  },
};

const followers: Scenario = {
  name: 'fetch/as a follower',
  async run(peer) {
    const topic = await makeTopic(peer, 'fetch-follower');
    await fill(peer, topic, batches);
    for (const version of peer.versions(fetchExchange)) {
      const request = {
        ...fetchOf(topic, [{}]),
        replicaId: 5,
        replicaState: { replicaId: 5, replicaEpoch: 1 },
      };
      await peer.ask('replica 5', fetchExchange, request, version);
    }
  },
};

const shares: Scenario = {
  name: 'fetch/shares',
  async run(peer) {
    const topic = await makeTopic(peer, 'fetch-shares', { partitions: 3 });
    const long = Array.from({ length: 20 }, () => records(1, 'v'.repeat(1000)));
    for (let index = 0; index < 3; index++) await fill(peer, topic, long, index);
    const ends = [0, 1, 2].map((partition) => ({ partition, fetchOffset: 19 }));
    const asked = { ...fetchOf(topic, ends), maxBytes: 8000, minBytes: 1 };
    await peer.ask('ends of long logs', fetchExchange, asked);
    const mixed = [{ fetchOffset: 18 }, { partition: 1, fetchOffset: 20 }, { partition: 2 }];
    const budget = { ...fetchOf(topic, mixed), maxBytes: 1000 * 1000 };
    await peer.ask('an end, nothing, and a whole log', fetchExchange, budget);
    await peer.ask('less than the first', fetchExchange, { ...asked, maxBytes: 100 });
  },
};

const waits: Scenario = {
  name: 'fetch/waits',
  async run(peer) {
    const topic = await makeTopic(peer, 'fetch-waits', { partitions: 2 });
    const other = peer.another();
    const waiting = { ...fetchOf(topic, [{}, { partition: 1 }]), maxWaitMs: 4000 };
    for (const version of peer.versions(fetchExchange)) {
      const fetchOffset = version - 4;
      const partitions = [{ fetchOffset }, { partition: 1 }];
      const request = { ...waiting, minBytes: 1, topics: fetchOf(topic, partitions).topics };
      const answer = other.ask('first to come', fetchExchange, request, version);
      await fill(peer, topic, [records(1)]);
      await answer;
    }
    const enough = { ...waiting, minBytes: 2000 };
    const answer = other.ask('enough to come', fetchExchange, enough);
    for (let batch = 0; batch < 3; batch++)
      await fill(peer, topic, [records(1, 'v'.repeat(500))], 1);
    await answer;
    other.close();
  },
};

export const fetchScenarios = [shares, waits, offsets, requests, sessions, followers];
