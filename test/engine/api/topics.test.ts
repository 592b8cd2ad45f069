import t from 'tap';
import { createTopics } from '../../../engine/api/19-create-topics.js';
import { deleteTopics } from '../../../engine/api/20-delete-topics.js';
import { createPartitions } from '../../../engine/api/37-create-partitions.js';
import { errorMessage } from '../../../engine/protocol/kafka/errors.js';
import { encodeCreatePartitionsRequest } from '../../../engine/protocol/kafka/messages/create-partitions-request.js';
import { decodeCreatePartitionsResponse } from '../../../engine/protocol/kafka/messages/create-partitions-response.js';
import { encodeCreateTopicsRequest } from '../../../engine/protocol/kafka/messages/create-topics-request.js';
import { decodeCreateTopicsResponse } from '../../../engine/protocol/kafka/messages/create-topics-response.js';
import { encodeDeleteTopicsRequest } from '../../../engine/protocol/kafka/messages/delete-topics-request.js';
import { decodeDeleteTopicsResponse } from '../../../engine/protocol/kafka/messages/delete-topics-response.js';
import { type Bench, dial, openBench } from './dial.js';

const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA';
const otherId = 'Zr1d2BXxR4ifrKMyLYtnAw';

const creator = (bench: Bench) =>
  dial(createTopics, encodeCreateTopicsRequest, decodeCreateTopicsResponse, bench);
const deleter = (bench: Bench) =>
  dial(deleteTopics, encodeDeleteTopicsRequest, decodeDeleteTopicsResponse, bench);
const grower = (bench: Bench) =>
  dial(createPartitions, encodeCreatePartitionsRequest, decodeCreatePartitionsResponse, bench);

/** A topic as the admin clients ask for it by default. */
const plain = (name: string) => ({ name, numPartitions: 1, replicationFactor: 1 });
const assigned = (name: string, brokerIds: number[][]) => ({
  name,
  numPartitions: -1,
  replicationFactor: -1,
  assignments: brokerIds.map((ids, partitionIndex) => ({ partitionIndex, brokerIds: ids })),
});

t.test('every version creates a topic', async (t) => {
  const bench = await openBench(t);
  const create = creator(bench);
  for (let version = 2; version <= 7; version++) {
    const name = `v${version}`;
    const configs = [
      { name: 'retention.ms', value: '1000' },
      { name: 'segment.ms', value: ' +500 ' },
    ];
    const { topics } = await create(version, {
      topics: [{ name, numPartitions: 2, replicationFactor: 1, configs }],
    });
    const topic = bench.catalog.topic(name)!;
    t.equal(topic.partitions.length, 2);
    t.equal(topic.config.retentionMs, 1000);
    t.match(topics, [{ name, errorCode: 0, errorMessage: null }]);
    if (version >= 7) t.equal(topics[0]!.topicId, topic.id);
    if (version < 5) continue;
    t.match(topics[0], { numPartitions: 2, replicationFactor: 1 });
    const shown = new Map(topics[0]!.configs!.map((config) => [config.name, config]));
    t.match(shown.get('retention.ms'), { value: '1000', configSource: 1, readOnly: false });
    t.match(shown.get('segment.bytes'), { value: '1073741824', configSource: 5 });
    t.equal(topic.config.segmentMs, 500);
    t.match(shown.get('segment.ms'), { value: ' +500 ' }, 'shown as it was written, as in Kafka');
  }
});

t.test('validating only makes nothing and finds the same faults', async (t) => {
  const bench = await openBench(t, { numPartitions: 3 });
  const create = creator(bench);
  const unset = { name: 'a', numPartitions: -1, replicationFactor: -1 };
  const { topics } = await create(7, { topics: [unset], validateOnly: true });
  t.match(topics, [{ name: 'a', errorCode: 0, numPartitions: 3, replicationFactor: 1 }]);
  t.equal(bench.catalog.topic('a'), undefined);
  t.equal(bench.port.opened.length, 0);
});

const long = 'x'.repeat(250);
/** What Kafka 4.3.1 answers where `there` and `a.b` exist. */
const refusals: [topic: object, errorCode: number, message: string][] = [
  [plain('there'), 36, "Topic 'there' already exists."],
  [plain('a_b'), 17, "Topic 'a_b' collides with existing topic: a.b"],
  [plain(''), 17, 'Topic name is invalid: the empty string is not allowed'],
  [plain('..'), 17, "Topic name is invalid: '..' is not allowed"],
  [
    plain(long),
    17,
    `Topic name is invalid: the length of '${long}' is longer than the max allowed length 249`,
  ],
  [
    plain('a b'),
    17,
    "Topic name is invalid: 'a b' contains one or more characters other than ASCII " +
      "alphanumerics, '.', '_' and '-'",
  ],
  [
    { ...plain('p0'), numPartitions: 0 },
    37,
    'Number of partitions was set to an invalid non-positive value.',
  ],
  [
    { ...plain('r0'), replicationFactor: 0 },
    38,
    'Replication factor must be larger than 0, or -1 to use the default value.',
  ],
  [
    { ...plain('r3'), replicationFactor: 3 },
    38,
    'Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot ' +
      'be reached because only 1 broker(s) are registered.',
  ],
  [
    { ...plain('c1'), configs: [{ name: 'nope', value: '1' }] },
    40,
    'Unknown topic config name: nope',
  ],
  [
    { ...plain('c2'), configs: [{ name: 'retention.ms', value: 'abc' }] },
    40,
    'Invalid value abc for configuration retention.ms: Not a number of type LONG',
  ],
  [
    { ...plain('c3'), configs: [{ name: 'retention.ms', value: null }] },
    40,
    'Null value not supported for topic configs: retention.ms',
  ],
  [
    assigned('m4', [[2]]),
    39,
    'The manual partition assignment includes broker 2, but no such broker is registered.',
  ],
  [
    assigned('m5', [[1, 1]]),
    39,
    'The manual partition assignment includes the broker 1 more than once.',
  ],
  [assigned('m6', [[]]), 39, 'The manual partition assignment includes an empty replica list.'],
  [
    { ...assigned('m2', [[1]]), numPartitions: 2 },
    42,
    'A manual partition assignment was specified, but numPartitions was not set to -1.',
  ],
  [
    { ...assigned('m8', [[1]]), replicationFactor: 1 },
    42,
    'A manual partition assignment was specified, but replication factor was not set to -1.',
  ],
  [
    { ...assigned('m3', [[1]]), assignments: [{ partitionIndex: 1, brokerIds: [1] }] },
    39,
    'partitions should be a consecutive 0-based integer sequence',
  ],
  [plain('__cluster_metadata'), 42, 'Creation of internal topic __cluster_metadata is prohibited.'],
];

t.test('topics are refused as Kafka refuses them', async (t) => {
  const bench = await openBench(t);
  const create = creator(bench);
  await create(7, { topics: [plain('there'), plain('a.b')] });
  const { topics } = await create(7, { topics: refusals.map(([topic]) => topic) });
  for (const [index, [topic, errorCode, message]] of refusals.entries()) {
    const expected = { errorCode, errorMessage: message, topicId: zeroId };
    t.match(topics[index], expected, JSON.stringify(topic));
  }
  t.equal(bench.catalog.topicCount, 2);
});

t.test('assignments to this broker are a topic like any other', async (t) => {
  const bench = await openBench(t);
  const { topics } = await creator(bench)(7, { topics: [assigned('m1', [[1], [1]])] });
  t.match(topics, [{ errorCode: 0, numPartitions: 2, replicationFactor: 1 }]);
});

t.test('a name twice in a request is refused; so is too much at once', async (t) => {
  const bench = await openBench(t);
  const create = creator(bench);
  const { topics } = await create(7, { topics: [plain('a'), plain('b'), plain('a')] });
  t.match(topics, [
    { name: 'a', errorCode: 42, errorMessage: 'Duplicate topic name.' },
    { name: 'b', errorCode: 0 },
  ]);
  const big = await create(7, { topics: [{ ...plain('big'), numPartitions: 10_001 }] });
  const tooMany = 'Excessively large number of partitions per request.';
  t.match(big.topics, [{ name: 'big', errorCode: 44, errorMessage: tooMany }]);
  const many = await create(7, { topics: [{ ...plain('many'), numPartitions: 101 }] });
  t.match(many.topics, [{ name: 'many', errorCode: 44, errorMessage: /maxPartitions/ }]);
});

t.test('a partition that cannot be made is a storage error', async (t) => {
  const bench = await openBench(t);
  bench.port.failing.add('a-0');
  const { topics } = await creator(bench)(7, { topics: [plain('a')] });
  t.match(topics, [{ name: 'a', errorCode: 56, errorMessage: errorMessage(56) }]);
});

t.test('every version deletes topics', async (t) => {
  const bench = await openBench(t);
  const remove = deleter(bench);
  for (let version = 1; version <= 6; version++) {
    await bench.catalog.ensureTopic('a');
    const { responses } = await remove(version, {
      topicNames: ['a', 'nope'],
      topics: [{ name: 'a' }, { name: 'nope' }],
    });
    t.match(responses, [
      { name: 'a', errorCode: 0 },
      { name: 'nope', errorCode: 3 },
    ]);
    if (version >= 5) {
      t.equal(responses[1]!.errorMessage, errorMessage(3));
    }
    t.equal(bench.catalog.topicCount, 0);
  }
});

t.test('topics are deleted by id', async (t) => {
  const bench = await openBench(t);
  const remove = deleter(bench);
  const { id } = await bench.catalog.ensureTopic('a');
  const asked = [
    { name: null, topicId: id },
    { name: null, topicId: otherId },
    { name: null, topicId: zeroId },
    { name: 'x', topicId: otherId },
  ];
  const { responses } = await remove(6, { topics: asked });
  t.match(responses, [
    { name: 'a', topicId: id, errorCode: 0 },
    { name: null, errorCode: 100, errorMessage: errorMessage(100) },
    { errorCode: 42, errorMessage: 'Neither topic name nor id were specified.' },
    { errorCode: 42, errorMessage: 'You may not specify both topic name and topic id.' },
  ]);
  await bench.catalog.ensureTopic('b');
  const twice = await remove(6, { topics: [{ name: 'b' }, { name: 'b' }] });
  t.match(twice.responses, [{ name: 'b', errorCode: 42, errorMessage: 'Duplicate topic name.' }]);
  t.ok(bench.catalog.topic('b'));
});

t.test('topics grow, or say why not', async (t) => {
  const bench = await openBench(t);
  const grow = grower(bench);
  for (const name of ['a', 'b', 'c', 'd', 'e']) await bench.catalog.ensureTopic(name);
  for (let version = 0; version <= 3; version++) {
    const { results } = await grow(version, {
      topics: [{ name: 'a', count: 3 + version, assignments: null }],
    });
    t.match(results, [{ name: 'a', errorCode: 0, errorMessage: null }]);
    t.equal(bench.catalog.topic('a')!.partitions.length, 3 + version);
  }
  const { results } = await grow(3, {
    topics: [
      { name: 'b', count: 2, assignments: null },
      { name: 'c', count: 1, assignments: null },
      { name: 'nope', count: 2, assignments: null },
      { name: 'd', count: 4, assignments: [{ brokerIds: [1] }] },
      { name: 'e', count: 3, assignments: [{ brokerIds: [2] }] },
      { name: 'twice', count: 3, assignments: null },
      { name: 'twice', count: 3, assignments: null },
    ],
  });
  t.match(results, [
    { name: 'b', errorCode: 37, errorMessage: 'Topic already has 2 partition(s).' },
    {
      name: 'c',
      errorCode: 37,
      errorMessage: 'The topic c currently has 2 partition(s); 1 would not be an increase.',
    },
    { name: 'nope', errorCode: 3, errorMessage: null },
    {
      name: 'd',
      errorCode: 39,
      errorMessage:
        'Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.',
    },
    {
      name: 'e',
      errorCode: 39,
      errorMessage:
        'The manual partition assignment includes broker 2, but no such broker is registered.',
    },
    { name: 'twice', errorCode: 42, errorMessage: 'Duplicate topic name.' },
  ]);
  const asked = [{ name: 'b', count: 3, assignments: [{ brokerIds: [1] }] }];
  const dry = await grow(3, { topics: asked, validateOnly: true });
  t.match(dry.results, [{ errorCode: 0 }]);
  t.equal(bench.catalog.topic('b')!.partitions.length, 2);
});
