import t from 'tap';
import { metadata } from '../../../engine/api/03-metadata.js';
import { encodeMetadataRequest } from '../../../engine/protocol/kafka/messages/metadata-request.js';
import { decodeMetadataResponse } from '../../../engine/protocol/kafka/messages/metadata-response.js';
import { type Bench, dial, openBench } from './dial.js';

const none = new Map<string, string>();
const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA';
const otherId = 'Zr1d2BXxR4ifrKMyLYtnAw';
const notAsked = -2147483648;

const asker = (bench: Bench) =>
  dial(metadata, encodeMetadataRequest, decodeMetadataResponse, bench);

t.test('every version shows the broker, and a topic by name', async (t) => {
  const bench = await openBench(t, { brokerRack: 'r1' });
  const ask = asker(bench);
  const topic = await bench.catalog.createTopic({ name: 'a', partitions: 2, overrides: none });
  bench.port.publish('a-1', { leaderEpoch: 7 });
  for (let version = 0; version <= 13; version++) {
    const answer = await ask(version, { topics: [{ name: 'a' }] });
    t.match(answer.brokers, [{ nodeId: 1, host: 'kopje.test', port: 9092 }]);
    if (version >= 1) t.equal(answer.brokers[0]!.rack, 'r1');
    if (version >= 1) t.equal(answer.controllerId, 1);
    if (version >= 2) t.equal(answer.clusterId, bench.catalog.clusterId);
    const [shown] = answer.topics;
    t.equal(answer.topics.length, 1);
    t.match(shown, { errorCode: 0, name: 'a', isInternal: false });
    if (version >= 10) t.equal(shown!.topicId, topic.id);
    t.match(shown!.partitions, [
      { errorCode: 0, partitionIndex: 0, leaderId: 1, replicaNodes: [1], isrNodes: [1] },
      { errorCode: 0, partitionIndex: 1, leaderId: 1, offlineReplicas: [] },
    ]);
    t.equal(shown!.partitions[1]!.leaderEpoch, version >= 7 ? 7 : -1);
  }
});

t.test('null asks for all topics, as does the empty list in version 0', async (t) => {
  const bench = await openBench(t);
  const ask = asker(bench);
  for (const name of ['a', 'b', '__consumer_offsets']) await bench.catalog.ensureTopic(name);
  t.equal((await ask(0, { topics: [] })).topics.length, 3);
  t.equal((await ask(1, { topics: [] })).topics.length, 0);
  const { topics } = await ask(13, { topics: null });
  t.strictSame(topics.map(({ name, isInternal }) => `${name} ${isInternal}`).sort(), [
    '__consumer_offsets true',
    'a false',
    'b false',
  ]);
});

t.test('unknown topics are created where both sides allow it', async (t) => {
  const bench = await openBench(t);
  const ask = asker(bench);
  const refused = await ask(9, { topics: [{ name: 'new' }], allowAutoTopicCreation: false });
  t.match(refused.topics, [{ errorCode: 3, name: 'new', partitions: [] }]);
  const made = await ask(9, { topics: [{ name: 'new' }], allowAutoTopicCreation: true });
  t.match(made.topics, [{ errorCode: 0, name: 'new', partitions: [{}, {}] }]);
  const early = await ask(3, { topics: [{ name: 'early' }, { name: 'early' }] });
  t.match(early.topics, [{ errorCode: 0, name: 'early' }]);
  t.equal(early.topics.length, 1);
  const offsets = await ask(9, { topics: [{ name: '__consumer_offsets' }] });
  t.match(offsets.topics, [{ errorCode: 0, isInternal: true }]);
  t.equal(offsets.topics[0]!.partitions.length, 50);

  const strict = await openBench(t, { allowAutoTopicCreation: false });
  const { topics } = await asker(strict)(9, { topics: [{ name: 'new' }] });
  t.match(topics, [{ errorCode: 3, name: 'new' }]);
  t.equal(strict.catalog.topicCount, 0);
});

t.test('illegal and colliding names are not created', async (t) => {
  const bench = await openBench(t);
  await bench.catalog.ensureTopic('a.b');
  const { topics } = await asker(bench)(4, { topics: [{ name: 'bad name' }, { name: 'a_b' }] });
  t.match(topics, [
    { errorCode: 17, name: 'bad name' },
    { errorCode: 17, name: 'a_b' },
  ]);
  t.equal(bench.catalog.topicCount, 1);
});

t.test('topics by id, from version 12 on', async (t) => {
  const bench = await openBench(t);
  const ask = asker(bench);
  const { id } = await bench.catalog.ensureTopic('a');
  const { topics } = await ask(12, {
    topics: [{ topicId: id, name: null }, { topicId: otherId, name: null }, { name: 'a' }],
  });
  t.match(topics, [
    { errorCode: 0, name: 'a', topicId: id },
    { errorCode: 100, name: null, topicId: otherId, partitions: [] },
  ]);
  t.equal(topics.length, 2, 'names are passed over');
  const early = await ask(11, { topics: [{ topicId: id, name: 'a' }, { name: 'b' }] });
  t.match(early.topics, [
    { errorCode: 42, name: 'a', topicId: id },
    { errorCode: 42, name: 'b' },
  ]);
  t.match(early, { brokers: [], clusterId: null, controllerId: -1 }, 'nothing else, as in Kafka');
  const nameless = await ask(12, { topics: [{ topicId: zeroId, name: null }] });
  t.match(nameless.topics, [{ errorCode: 42, topicId: zeroId }]);
});

t.test('authorized operations are told when asked for', async (t) => {
  const bench = await openBench(t);
  const ask = asker(bench);
  await bench.catalog.ensureTopic('a');
  const topics = [{ name: 'a' }];
  const plain = await ask(8, { topics });
  t.equal(plain.clusterAuthorizedOperations, notAsked);
  t.equal(plain.topics[0]!.topicAuthorizedOperations, notAsked);
  const asked = await ask(8, {
    topics,
    includeClusterAuthorizedOperations: true,
    includeTopicAuthorizedOperations: true,
  });
  t.equal(asked.clusterAuthorizedOperations, 8096);
  t.equal(asked.topics[0]!.topicAuthorizedOperations, 3576);
});

t.test('an offline partition has no leader', async (t) => {
  const bench = await openBench(t);
  const topic = await bench.catalog.ensureTopic('a');
  bench.port.publish('a-0', { leaderEpoch: 4 });
  await bench.port.close(topic.partitions[0]!, false);
  const answer = await asker(bench)(13, { topics: [{ name: 'a' }] });
  t.match(answer.topics[0], { errorCode: 0 });
  t.match(answer.topics[0]!.partitions, [
    { errorCode: 5, leaderId: -1, leaderEpoch: 4, isrNodes: [], offlineReplicas: [1] },
    { errorCode: 0, leaderId: 1 },
  ]);
});
