import { fetchExchange } from '../../exchanges.js';
import { buildBatch } from '../../workers/batch/build-batch.js';
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

export const fetchScenarios = [shares, waits, offsets, requests, followers];
