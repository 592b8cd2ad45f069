import {
  createPartitionsExchange,
  createTopicsExchange,
  deleteRecordsExchange,
  deleteTopicsExchange,
  describeLogDirsExchange,
  describeProducersExchange,
  fetchExchange,
  listOffsetsExchange,
} from '../../exchanges.js';
import { buildBatch } from '../../workers/batch/build-batch.js';
import type { Scenario } from '../scenario.js';
import { fetchOf, fill, makeTopic, unknownTopicId } from '../topic.js';

const creation: Scenario = {
  name: 'create-topics/requests',
  async run(peer) {
    for (const version of peer.versions(createTopicsExchange)) {
      const name = (suffix: string) => `${peer.prefix}-create-${version}-${suffix}`;
      const ask = (step: string, topics: object[], request: object = {}) =>
        peer.ask(step, createTopicsExchange, { topics, timeoutMs: 10_000, ...request }, version);
      const plain = { numPartitions: 2, replicationFactor: 1 };
      const config = (key: string, value: string | null) => ({ configs: [{ name: key, value }] });
      await ask('plain', [{ name: name('a'), ...plain }]);
      await ask('again', [{ name: name('a'), ...plain }]);
      await ask('validate only', [{ name: name('b'), ...plain }], { validateOnly: true });
      await ask('validate what is there', [{ name: name('a'), ...plain }], { validateOnly: true });
      await ask('defaults', [{ name: name('c'), numPartitions: -1, replicationFactor: -1 }]);
      await ask('no partitions', [{ name: name('d'), numPartitions: 0, replicationFactor: 1 }]);
      await ask('-2 partitions', [{ name: name('d'), numPartitions: -2, replicationFactor: 1 }]);
      await ask('too many partitions', [
        { name: name('d'), numPartitions: 10_001, replicationFactor: 1 },
      ]);
      await ask('replication 0', [{ name: name('d'), numPartitions: 1, replicationFactor: 0 }]);
      await ask('replication 3', [{ name: name('d'), numPartitions: 1, replicationFactor: 3 }]);
      await ask('replication -2', [{ name: name('d'), numPartitions: 1, replicationFactor: -2 }]);
      for (const bad of ['', '.', '..', 'a/b', 'x'.repeat(250), 'ä', 'a b']) {
        await ask(`name '${bad.slice(0, 9)}'`, [{ name: bad, ...plain }]);
      }
      await ask('colliding name', [{ name: name('a').replaceAll('-', '_'), ...plain }]);
      await ask('dots', [{ name: `${name('dots')}.a`, ...plain }]);
      await ask('collides with dots', [{ name: `${name('dots')}_a`, ...plain }]);
      await ask('internal', [{ name: '__cluster_metadata', ...plain }]);
      await ask('same twice', [
        { name: name('e'), ...plain },
        { name: name('e'), ...plain },
      ]);
      await ask('config', [{ name: name('f'), ...plain, ...config('retention.ms', '1000') }]);
      await ask('unknown config', [{ name: name('g'), ...plain, ...config('no.such', '1') }]);
      await ask('wrong config', [{ name: name('g'), ...plain, ...config('retention.ms', 'x') }]);
      await ask('null config', [{ name: name('g'), ...plain, ...config('retention.ms', null) }]);
      await ask('cleanup policies', [
        { name: name('h'), ...plain, ...config('cleanup.policy', 'compact,delete') },
      ]);
      await ask('wrong cleanup policy', [
        { name: name('i'), ...plain, ...config('cleanup.policy', 'shred') },
      ]);
      const unassigned = { numPartitions: -1, replicationFactor: -1 };
      const assign = (...brokers: number[][]) => ({
        ...unassigned,
        assignments: brokers.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
      });
      await ask('assigned', [{ name: name('j'), ...assign([1], [1]) }]);
      await ask('assigned to none', [{ name: name('k'), ...assign([]) }]);
      await ask('assigned to unknown', [{ name: name('k'), ...assign([42]) }]);
      await ask('assigned twice', [{ name: name('k'), ...assign([1, 1]) }]);
      await ask('assigned and counted', [{ name: name('k'), ...assign([1]), ...plain }]);
      await ask('gap in the assignment', [
        { name: name('k'), ...unassigned, assignments: [{ partitionIndex: 1, brokerIds: [1] }] },
      ]);
      await ask('none', []);
      await ask('good and bad', [
        { name: name('l'), ...plain },
        { name: 'a/b', ...plain },
      ]);
    }
  },
};

const deletion: Scenario = {
  name: 'delete-topics/requests',
  async run(peer) {
    for (const version of peer.versions(deleteTopicsExchange)) {
      const topic = await makeTopic(peer, `delete-${version}`);
      const other = await makeTopic(peer, `delete-other-${version}`);
      const ask = (step: string, names: (string | null)[], topicId?: string) => {
        const topics = names.map((name) => ({ name, ...(topicId && { topicId }) }));
        const topicNames = names.map((name) => name ?? '');
        const request = { timeoutMs: 10_000, ...(version >= 6 ? { topics } : { topicNames }) };
        return peer.ask(step, deleteTopicsExchange, request, version);
      };
      await ask('unknown', [`${peer.prefix}-none`]);
      await ask('empty name', ['']);
      await ask('bad name', ['a/b']);
      await ask('none', []);
      await ask('known and unknown', [topic.name, `${peer.prefix}-none`]);
      await ask('again', [topic.name]);
      if (version < 6) await ask('same twice', [other.name, other.name]);
      else {
        await ask('name and id', [other.name], other.topicId);
        await ask('neither', [null]);
        await ask('unknown id', [null], unknownTopicId);
        await ask('same twice', [other.name, other.name]);
        await ask('id', [null], other.topicId);
        await ask('id again', [null], other.topicId);
      }
    }
  },
};

const growth: Scenario = {
  name: 'create-partitions/requests',
  async run(peer) {
    for (const version of peer.versions(createPartitionsExchange)) {
      const { name } = await makeTopic(peer, `grow-${version}`, { partitions: 2 });
      const ask = (step: string, topics: object[], validateOnly = false) =>
        peer.ask(
          step,
          createPartitionsExchange,
          { topics, timeoutMs: 10_000, validateOnly },
          version,
        );
      const to = (count: number, assignments: number[][] | null = null) => ({
        name,
        count,
        assignments: assignments?.map((brokerIds) => ({ brokerIds })) ?? null,
      });
      await ask('validate', [to(3)], true);
      await ask('same count', [to(2)]);
      await ask('fewer', [to(1)]);
      await ask('zero', [to(0)]);
      await ask('negative', [to(-1)]);
      await ask('three', [to(3)]);
      await ask('assigned', [to(4, [[1]])]);
      await ask('assigned too few', [to(6, [[1]])]);
      await ask('assigned to unknown', [to(5, [[9]])]);
      await ask('assigned to none', [to(5, [[]])]);
      await ask('empty assignment', [to(5, [])]);
      await ask('twice', [to(6), to(7)]);
      await ask('unknown', [{ name: `${peer.prefix}-none`, count: 3, assignments: null }]);
      await ask('none', []);
    }
  },
};

const trimming: Scenario = {
  name: 'delete-records/requests',
  async run(peer) {
    const compacted = await makeTopic(peer, 'trim-compacted', {
      configs: { 'cleanup.policy': 'compact' },
    });
    for (const version of peer.versions(deleteRecordsExchange)) {
      const topic = await makeTopic(peer, `trim-${version}`);
      const records = Array.from({ length: 5 }, () => ({ key: 'k' }));
      await fill(peer, topic, [buildBatch({ records }), buildBatch({ records })]);
      const ask = (step: string, partitionIndex: number, offset: number, name = topic.name) =>
        peer.ask(
          step,
          deleteRecordsExchange,
          { topics: [{ name, partitions: [{ partitionIndex, offset }] }], timeoutMs: 5000 },
          version,
        );
      await ask('middle of a batch', 0, 3);
      await ask('backwards', 0, 1);
      await ask('beyond the end', 0, 11);
      await ask('-1', 0, -1);
      await ask('-2', 0, -2);
      await ask('unknown partition', 4, 1);
      await ask('unknown topic', 0, 1, `${peer.prefix}-none`);
      await ask('compacted', 0, 0, compacted.name);
      const nothing = { topics: [{ name: topic.name, partitions: [] }], timeoutMs: 5000 };
      await peer.ask('no partition', deleteRecordsExchange, nothing, version);
      for (const fetchOffset of [0, 2, 10]) {
        const wish = fetchOf(topic, [{ fetchOffset }]);
        await peer.ask(`fetch from ${fetchOffset}, trimmed by v${version}`, fetchExchange, wish);
      }
      await fill(peer, topic, [buildBatch()]);
      for (const timestamp of [-1, -2, -3, 1_700_000_000_000]) {
        const partitions = [{ partitionIndex: 0, timestamp }];
        const query = { replicaId: -1, topics: [{ name: topic.name, partitions }] };
        await peer.ask(`offset ${timestamp}, trimmed by v${version}`, listOffsetsExchange, query);
      }
    }
  },
};

const descriptions: Scenario = {
  name: 'describe-log-dirs/requests',
  async run(peer) {
    const topic = await makeTopic(peer, 'dirs', { partitions: 2 });
    await fill(peer, topic, [buildBatch()]);
    const unknown = { topic: `${peer.prefix}-none`, partitions: [0] };
    for (const version of peer.versions(describeLogDirsExchange)) {
      const ask = (step: string, topics: object[]) =>
        peer.ask(step, describeLogDirsExchange, { topics }, version);
      await ask('one', [{ topic: topic.name, partitions: [0] }]);
      const two = { topics: [{ topic: topic.name, partitions: [0, 1] }] };
      const { results } = await peer.probe(describeLogDirsExchange, two, version);
      const sizes = results[0]?.topics[0]?.partitions.map((one) => [
        one.partitionIndex,
        one.partitionSize,
      ]);
      peer.note(`two v${version}`, Object.fromEntries(sizes ?? []));
      await ask('unknown partition', [{ topic: topic.name, partitions: [7] }]);
      await ask('unknown topic', [unknown]);
      await ask('none', []);
    }
    const name = topic.name;
    for (const version of peer.versions(describeProducersExchange)) {
      const ask = (step: string, topics: object[]) =>
        peer.ask(`producers, ${step}`, describeProducersExchange, { topics }, version);
      await ask('nobody', [{ name, partitionIndexes: [0] }]);
      await fill(peer, topic, [
        buildBatch({ producerId: 4711, producerEpoch: 2, baseSequence: 5 }),
      ]);
      await ask('one', [{ name, partitionIndexes: [0] }]);
      await ask('unknown partition', [{ name, partitionIndexes: [9] }]);
      await ask('unknown topic', [{ name: `${peer.prefix}-none`, partitionIndexes: [0] }]);
      await ask('bad name', [{ name: 'a/b', partitionIndexes: [0] }]);
    }
  },
};

export const topicScenarios = [creation, deletion, growth, trimming, descriptions];
