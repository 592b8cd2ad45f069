import { listOffsetsExchange, offsetForLeaderEpochExchange } from '../../exchanges.js';
import { buildBatch } from '../../workers/batch/build-batch.js';
import type { Scenario } from '../scenario.js';
import { fill, makeTopic } from '../topic.js';

const firstMs = 1_700_000_000_000;

/** Offsets 0-5 with times that rise, fall and repeat. */
const batches = [[0], [10, 30, 20], [25, 30]].map((deltas) =>
  buildBatch({ records: deltas.map((delta) => ({ key: 'k', timestamp: firstMs + delta })) }),
);
const times = [
  ...[-1, -2, -3, -4, -5, -6, -7, -100, 0, 1],
  ...[0, 5, 10, 15, 20, 25, 26, 30, 31].map((delta) => firstMs + delta),
];

const listing: Scenario = {
  name: 'list-offsets/times',
  async run(peer) {
    const topic = await makeTopic(peer, 'list-offsets', { partitions: 2 });
    await fill(peer, topic, batches);
    const query = (partition: object, name = topic.name) => ({
      replicaId: -1,
      timeoutMs: 5000,
      topics: [{ name, partitions: [{ partitionIndex: 0, timestamp: -1, ...partition }] }],
    });
    for (const version of peer.versions(listOffsetsExchange)) {
      const ask = (name: string, request: object) =>
        peer.ask(name, listOffsetsExchange, request, version);
      for (const timestamp of times) await ask(`time ${timestamp}`, query({ timestamp }));
      for (const timestamp of [-1, -2, -3, firstMs]) {
        await ask(`empty, time ${timestamp}`, query({ partitionIndex: 1, timestamp }));
      }
      await ask('read committed', { ...query({}), isolationLevel: 1 });
      await ask('isolation 5', { ...query({}), isolationLevel: 5 });
      await ask('unknown partition', query({ partitionIndex: 8 }));
      await ask('unknown topic', query({}, `${peer.prefix}-none`));
      await ask('right epoch', query({ currentLeaderEpoch: 0 }));
      await ask('future epoch', query({ currentLeaderEpoch: 3 }));
      await ask('debug replica', { ...query({}), replicaId: -2 });
      await ask('follower', { ...query({}), replicaId: 5 });
      const twice = query({}).topics[0]!;
      const partitions = [...twice.partitions, { partitionIndex: 0, timestamp: -2 }];
      await ask('same partition twice', { ...query({}), topics: [{ ...twice, partitions }] });
      await ask('no topic', { ...query({}), topics: [] });
    }
  },
};

const epochs: Scenario = {
  name: 'offset-for-leader-epoch/epochs',
  async run(peer) {
    const topic = await makeTopic(peer, 'epochs', { partitions: 2 });
    await fill(peer, topic, batches);
    const query = (partition: object, name = topic.name) => ({
      replicaId: -1,
      topics: [
        {
          topic: name,
          partitions: [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch: 0, ...partition }],
        },
      ],
    });
    for (const version of peer.versions(offsetForLeaderEpochExchange)) {
      const ask = (name: string, request: object) =>
        peer.ask(name, offsetForLeaderEpochExchange, request, version);
      await ask('epoch 0', query({}));
      await ask('epoch 0 of an empty partition', query({ partition: 1 }));
      await ask('epoch 4', query({ leaderEpoch: 4 }));
      await ask('epoch -1', query({ leaderEpoch: -1 }));
      await ask('epoch -2', query({ leaderEpoch: -2 }));
      await ask('right current epoch', query({ currentLeaderEpoch: 0 }));
      await ask('future current epoch', query({ currentLeaderEpoch: 3 }));
      await ask('unknown partition', query({ partition: 8 }));
      await ask('unknown topic', query({}, `${peer.prefix}-none`));
      await ask('debug replica', { ...query({}), replicaId: -2 });
      await ask('follower', { ...query({}), replicaId: 5 });
    }
  },
};

export const listOffsetsScenarios = [listing, epochs];
