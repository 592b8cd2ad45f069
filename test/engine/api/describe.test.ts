import t from 'tap';
import { initProducerId } from '../../../engine/api/22-init-producer-id.js';
import { describeLogDirs } from '../../../engine/api/35-describe-log-dirs.js';
import { describeCluster } from '../../../engine/api/60-describe-cluster.js';
import { describeProducers } from '../../../engine/api/61-describe-producers.js';
import { describeTopicPartitions } from '../../../engine/api/75-describe-topic-partitions.js';
import { encodeDescribeClusterRequest } from '../../../engine/protocol/kafka/messages/describe-cluster-request.js';
import { decodeDescribeClusterResponse } from '../../../engine/protocol/kafka/messages/describe-cluster-response.js';
import { encodeDescribeLogDirsRequest } from '../../../engine/protocol/kafka/messages/describe-log-dirs-request.js';
import { decodeDescribeLogDirsResponse } from '../../../engine/protocol/kafka/messages/describe-log-dirs-response.js';
import { encodeDescribeProducersRequest } from '../../../engine/protocol/kafka/messages/describe-producers-request.js';
import { decodeDescribeProducersResponse } from '../../../engine/protocol/kafka/messages/describe-producers-response.js';
import { encodeDescribeTopicPartitionsRequest } from '../../../engine/protocol/kafka/messages/describe-topic-partitions-request.js';
import { decodeDescribeTopicPartitionsResponse } from '../../../engine/protocol/kafka/messages/describe-topic-partitions-response.js';
import { encodeInitProducerIdRequest } from '../../../engine/protocol/kafka/messages/init-producer-id-request.js';
import { decodeInitProducerIdResponse } from '../../../engine/protocol/kafka/messages/init-producer-id-response.js';
import { dial, openBench } from './dial.js';

t.test('the cluster, and endpoints that this is not', async (t) => {
  const bench = await openBench(t);
  const ask = dial(
    describeCluster,
    encodeDescribeClusterRequest,
    decodeDescribeClusterResponse,
    bench,
  );
  for (let version = 0; version <= 2; version++) {
    const answer = await ask(version, { includeClusterAuthorizedOperations: version === 2 });
    t.match(answer, {
      errorCode: 0,
      errorMessage: null,
      clusterId: bench.catalog.clusterId,
      controllerId: 1,
      brokers: [{ brokerId: 1, host: 'kopje.test', port: 9092, rack: null }],
      clusterAuthorizedOperations: version === 2 ? 8096 : -2147483648,
    });
  }
  t.match(await ask(1, { endpointType: 2 }), { errorCode: 114, brokers: [], controllerId: -1 });
  t.match(await ask(1, { endpointType: 3 }), {
    errorCode: 115,
    errorMessage: 'Unsupported endpoint type 3',
  });
});

t.test('topics page by page', async (t) => {
  const bench = await openBench(t, { maxRequestPartitionSizeLimit: 4 });
  const ask = dial(
    describeTopicPartitions,
    encodeDescribeTopicPartitionsRequest,
    decodeDescribeTopicPartitionsResponse,
    bench,
  );
  for (const name of ['c', 'a', 'b']) await bench.catalog.ensureTopic(name);
  const pages: string[] = [];
  let cursor: { topicName: string; partitionIndex: number } | null = null;
  do {
    const answer: Awaited<ReturnType<typeof ask>> = await ask(0, {
      responsePartitionLimit: 3,
      cursor,
    });
    const shown = answer.topics.map(
      ({ name, partitions }) => `${name}:${partitions.map((one) => one.partitionIndex)}`,
    );
    pages.push(shown.join(' '));
    cursor = answer.nextCursor;
  } while (cursor !== null);
  t.strictSame(pages, ['a:0,1 b:0', 'b:1 c:0,1']);

  const bounded = await ask(0, { responsePartitionLimit: 2000 });
  t.same(bounded.nextCursor, { topicName: 'c', partitionIndex: 0 });
  const single = await ask(0, { topics: [{ name: 'a' }], responsePartitionLimit: 0 });
  t.same(single.nextCursor, { topicName: 'a', partitionIndex: 1 });
  const some = await ask(0, { topics: [{ name: 'c' }, { name: 'nope' }, { name: 'b d' }] });
  t.match(some.topics, [
    { name: 'b d', errorCode: 17 },
    { name: 'c', errorCode: 0, topicAuthorizedOperations: 3576 },
    { name: 'nope', errorCode: 3, partitions: [] },
  ]);
});

t.test('cursors that no answer gave are refused', async (t) => {
  const bench = await openBench(t);
  const ask = dial(
    describeTopicPartitions,
    encodeDescribeTopicPartitionsRequest,
    decodeDescribeTopicPartitionsResponse,
    bench,
  );
  await bench.catalog.ensureTopic('a');
  for (const cursor of [
    { topicName: 'a', partitionIndex: -1 },
    { topicName: 's', partitionIndex: 0 },
  ]) {
    const { topics, nextCursor } = await ask(0, { topics: [{ name: 'a' }], cursor });
    t.match(topics, [{ name: 'a', errorCode: 42, partitions: [] }]);
    t.equal(nextCursor, null);
  }
  const beyond = { topicName: 'a', partitionIndex: 9 };
  const { topics, nextCursor } = await ask(0, { topics: [{ name: 'a' }], cursor: beyond });
  t.match(topics, [{ name: 'a', errorCode: 0, partitions: [] }]);
  t.equal(nextCursor, null);
});

t.test('the data directory with its sizes', async (t) => {
  const bench = await openBench(t);
  const ask = dial(
    describeLogDirs,
    encodeDescribeLogDirsRequest,
    decodeDescribeLogDirsResponse,
    bench,
  );
  const topic = await bench.catalog.ensureTopic('a');
  await bench.catalog.ensureTopic('b');
  for (let version = 1; version <= 5; version++) {
    const { results } = await ask(version, {
      topics: [
        { topic: 'a', partitions: [0, 7] },
        { topic: 'nope', partitions: [0] },
      ],
    });
    t.match(results, [{ errorCode: 0, logDir: bench.path }]);
    t.same(results[0]!.topics, [
      {
        name: 'a',
        partitions: [{ partitionIndex: 0, partitionSize: 4096, offsetLag: 0, isFutureKey: false }],
      },
    ]);
    if (version < 4) continue;
    t.ok(results[0]!.totalBytes >= results[0]!.usableBytes);
    t.ok(results[0]!.usableBytes > 0);
  }
  await bench.port.close(topic.partitions[1]!, false);
  const { results } = await ask(4, { topics: null });
  const shown = results[0]!.topics.map(({ name, partitions }) => [name, partitions.length]);
  t.strictSame(shown, [
    ['a', 1],
    ['b', 2],
  ]);
});

t.test('the producers of a partition', async (t) => {
  const bench = await openBench(t);
  const ask = dial(
    describeProducers,
    encodeDescribeProducersRequest,
    decodeDescribeProducersResponse,
    bench,
  );
  await bench.catalog.ensureTopic('a');
  const row = {
    producerId: 5,
    producerEpoch: 1,
    lastSequence: 9,
    lastTimestamp: 1000,
    coordinatorEpoch: -1,
    currentTxnStartOffset: -1,
  };
  bench.port.producerRows.set('a-1', [row]);
  const { topics } = await ask(0, {
    topics: [
      { name: 'a', partitionIndexes: [0, 1, 5] },
      { name: 'b d', partitionIndexes: [0] },
    ],
  });
  t.match(topics[0]!.partitions, [
    { errorCode: 0, errorMessage: null, activeProducers: [] },
    { errorCode: 0, activeProducers: [row] },
    { errorCode: 3, activeProducers: [] },
  ]);
  t.match(topics[1]!.partitions, [{ errorCode: 17, errorMessage: /^Topic name is invalid/ }]);
});

t.test('producer ids for idempotent producers only', async (t) => {
  const bench = await openBench(t);
  const ask = dial(
    initProducerId,
    encodeInitProducerIdRequest,
    decodeInitProducerIdResponse,
    bench,
  );
  const seen = new Set<number>();
  for (let version = 0; version <= 5; version++) {
    const answer = await ask(version, { transactionalId: null, transactionTimeoutMs: 60_000 });
    t.match(answer, { errorCode: 0, producerEpoch: 0 });
    seen.add(answer.producerId);
  }
  const bumped = await ask(5, { transactionalId: null, producerId: 3, producerEpoch: 2 });
  t.match(bumped, { errorCode: 0, producerEpoch: 0 });
  seen.add(bumped.producerId);
  t.equal(seen.size, 7);
  const none = { producerId: -1, producerEpoch: -1 };
  t.match(await ask(4, { transactionalId: null, producerEpoch: 3 }), { errorCode: 42, ...none });
  t.match(await ask(4, { transactionalId: null, producerId: 3 }), { errorCode: 42, ...none });
  t.match(await ask(4, { transactionalId: '' }), { errorCode: 42, ...none });
  t.match(await ask(4, { transactionalId: 'tx' }), { errorCode: 53, ...none });
});
