import {
  describeClusterExchange,
  describeTopicPartitionsExchange,
  metadataExchange,
} from '../../exchanges.js';
import type { Scenario } from '../scenario.js';
import { makeTopic, unknownTopicId } from '../topic.js';

const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA';

const topics: Scenario = {
  name: 'metadata/topics',
  async run(peer) {
    const topic = await makeTopic(peer, 'metadata', { partitions: 3 });
    const other = await makeTopic(peer, 'metadata-other');
    const none = `${peer.prefix}-none`;
    const quiet = { allowAutoTopicCreation: false };
    for (const version of peer.versions(metadataExchange)) {
      const ask = (name: string, request: object) =>
        peer.ask(name, metadataExchange, { ...quiet, ...request }, version);
      await ask('one', { topics: [{ name: topic.name }] });
      await ask('two', { topics: [{ name: other.name }, { name: topic.name }] });
      await ask('one twice', { topics: [{ name: topic.name }, { name: topic.name }] });
      if (version > 0) await ask('none', { topics: [] });
      if (version >= 4) await ask('unknown', { topics: [{ name: none }] });
      if (version >= 4)
        await ask('known and unknown', { topics: [{ name: none }, { name: topic.name }] });
      await ask('bad name', { topics: [{ name: 'a/b' }] });
      await ask('empty name', { topics: [{ name: '' }] });
      await ask('long name', { topics: [{ name: 'x'.repeat(250) }] });
      if (version >= 10) {
        await ask('by id', { topics: [{ name: null, topicId: topic.topicId }] });
        await ask('by unknown id', { topics: [{ name: null, topicId: unknownTopicId }] });
        await ask('id and name', { topics: [{ name: other.name, topicId: topic.topicId }] });
        await ask('neither', { topics: [{ name: null, topicId: zeroId }] });
      }
      await ask('operations', {
        topics: [{ name: topic.name }],
        includeTopicAuthorizedOperations: true,
        includeClusterAuthorizedOperations: true,
      });
    }
  },
};

const creation: Scenario = {
  name: 'metadata/automatic creation',
  async run(peer) {
    for (const version of peer.versions(metadataExchange)) {
      const name = `${peer.prefix}-auto-${version}`;
      const request = { topics: [{ name }], allowAutoTopicCreation: true };
      const answer = await peer.probe(metadataExchange, request, version);
      const { errorCode, isInternal } = answer.topics[0] ?? {};
      // Kafka creates while it answers LEADER_NOT_AVAILABLE or UNKNOWN_TOPIC_OR_PARTITION.
      peer.note(`first v${version}`, { code: [0, 3, 5].includes(errorCode ?? -1), isInternal });
      const topic = await makeTopic(peer, `auto-${version}`);
      await peer.ask('then', metadataExchange, { topics: [{ name: topic.name }] }, version);
    }
  },
};

const cluster: Scenario = {
  name: 'describe-cluster/requests',
  async run(peer) {
    for (const version of peer.versions(describeClusterExchange)) {
      const ask = (name: string, request: object) =>
        peer.ask(name, describeClusterExchange, { endpointType: 1, ...request }, version);
      await ask('plain', {});
      await ask('operations', { includeClusterAuthorizedOperations: true });
      await ask('controllers', { endpointType: 2 });
      await ask('endpoint type 0', { endpointType: 0 });
      await ask('endpoint type 3', { endpointType: 3 });
      await ask('fenced', { includeFencedBrokers: true });
    }
  },
};

const partitions: Scenario = {
  name: 'describe-topic-partitions/pages',
  async run(peer) {
    const topic = await makeTopic(peer, 'partitions-a', { partitions: 3 });
    const other = await makeTopic(peer, 'partitions-b', { partitions: 2 });
    const both = { topics: [{ name: other.name }, { name: topic.name }] };
    const ask = (name: string, request: object) =>
      peer.ask(name, describeTopicPartitionsExchange, {
        ...both,
        responsePartitionLimit: 100,
        cursor: null,
        ...request,
      });
    await ask('both', {});
    await ask('limit 2', { responsePartitionLimit: 2 });
    await ask('limit 3', { responsePartitionLimit: 3 });
    await ask('limit 4', { responsePartitionLimit: 4 });
    await ask('limit 0', { responsePartitionLimit: 0 });
    await ask('limit -1', { responsePartitionLimit: -1 });
    const cursor = (topicName: string, partitionIndex: number) => ({
      cursor: { topicName, partitionIndex },
    });
    await ask('from a partition', cursor(topic.name, 1));
    await ask('from the other topic', cursor(other.name, 1));
    await ask('from behind the last partition', cursor(topic.name, 3));
    await ask('from a topic that is not there', cursor(`${peer.prefix}-partitions-aa`, 0));
    await ask('from a negative partition', cursor(topic.name, -1));
    await ask('unknown', { topics: [{ name: `${peer.prefix}-none` }] });
    await ask('bad name', { topics: [{ name: 'a/b' }] });
    await ask('one twice', { topics: [{ name: topic.name }, { name: topic.name }] });
  },
};

export const metadataScenarios = [topics, creation, cluster, partitions];
