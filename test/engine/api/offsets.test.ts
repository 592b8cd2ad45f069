import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { listOffsets } from '../../../engine/api/02-list-offsets.js';
import { deleteRecords } from '../../../engine/api/21-delete-records.js';
import { offsetForLeaderEpoch } from '../../../engine/api/23-offset-for-leader-epoch.js';
import { encodeDeleteRecordsRequest } from '../../../engine/protocol/kafka/messages/delete-records-request.js';
import { decodeDeleteRecordsResponse } from '../../../engine/protocol/kafka/messages/delete-records-response.js';
import { encodeListOffsetsRequest } from '../../../engine/protocol/kafka/messages/list-offsets-request.js';
import { decodeListOffsetsResponse } from '../../../engine/protocol/kafka/messages/list-offsets-response.js';
import { encodeOffsetForLeaderEpochRequest } from '../../../engine/protocol/kafka/messages/offset-for-leader-epoch-request.js';
import { decodeOffsetForLeaderEpochResponse } from '../../../engine/protocol/kafka/messages/offset-for-leader-epoch-response.js';
import { type Bench, dial, openBench } from './dial.js';

/** Asks for one offset of partition 0 of topic `a`. */
function lister(bench: Bench) {
  const ask = dial(listOffsets, encodeListOffsetsRequest, decodeListOffsetsResponse, bench);
  return async (
    version: number,
    timestamp: number,
    isolationLevel = 0,
    currentLeaderEpoch = -1,
  ) => {
    const partitions = [{ partitionIndex: 0, timestamp, currentLeaderEpoch }];
    const asked = { replicaId: -1, isolationLevel, topics: [{ name: 'a', partitions }] };
    const answer = await ask(version, asked);
    return answer.topics[0]!.partitions[0]!;
  };
}

t.test('the latest offset comes from the table, by isolation level', async (t) => {
  const bench = await openBench(t);
  await bench.catalog.ensureTopic('a');
  const state = { highWatermark: 100, lastStableOffset: 90, leaderEpoch: 3 };
  bench.port.publish('a-0', state);
  const list = lister(bench);
  for (let version = 1; version <= 11; version++) {
    const uncommitted = await list(version, -1);
    t.match(uncommitted, { errorCode: 0, offset: 100, timestamp: -1 });
    t.equal(uncommitted.leaderEpoch, version >= 4 ? 3 : -1);
    if (version >= 2) t.match(await list(version, -1, 1), { errorCode: 0, offset: 90 });
  }
});

t.test('other times are searched by the owner', async (t) => {
  const bench = await openBench(t);
  await bench.catalog.ensureTopic('a');
  const asked: number[] = [];
  bench.port.listed.set('a-0', (timestamp) => {
    asked.push(timestamp);
    return { errorCode: 0, offset: 42, timestamp: 1000, leaderEpoch: 2 };
  });
  const list = lister(bench);
  for (const timestamp of [-2, -3, -4, 0, 1_795_228_461_754]) {
    const found = { errorCode: 0, offset: 42, timestamp: 1000, leaderEpoch: 2 };
    t.match(await list(11, timestamp), found);
  }
  t.strictSame(asked, [-2, -3, -2, 0, 1_795_228_461_754]);
});

t.test('named timestamps have first versions; tiered ones find nothing', async (t) => {
  const bench = await openBench(t);
  await bench.catalog.ensureTopic('a');
  const list = lister(bench);
  for (const [timestamp, version] of [
    [-3, 6],
    [-4, 7],
    [-5, 8],
    [-6, 10],
    [-7, 11],
  ] as const) {
    t.match(await list(version, timestamp), { errorCode: 35, offset: -1, timestamp: -1 });
  }
  t.match(await list(9, -5), { errorCode: 0, offset: -1, timestamp: -1, leaderEpoch: -1 });
  t.match(await list(11, -6), { errorCode: 0, offset: -1, timestamp: -1, leaderEpoch: -1 });
});

t.test('stale and future leader epochs are refused', async (t) => {
  const bench = await openBench(t);
  await bench.catalog.ensureTopic('a');
  bench.port.publish('a-0', { leaderEpoch: 3 });
  const list = lister(bench);
  t.match(await list(4, -1, 0, 2), { errorCode: 74, offset: -1 });
  t.match(await list(4, -1, 0, 4), { errorCode: 75, offset: -1 });
  t.match(await list(4, -1, 0, 3), { errorCode: 0, offset: 0 });
});

t.test('partitions that cannot be asked are told so', async (t) => {
  const bench = await openBench(t);
  const ask = dial(listOffsets, encodeListOffsetsRequest, decodeListOffsetsResponse, bench);
  const topic = await bench.catalog.ensureTopic('a');
  await bench.port.close(topic.partitions[1]!, false);
  bench.port.listed.set('a-0', () => {
    throw Object.assign(new Error('the worker died'), { errorCode: 6 });
  });
  const asked = (name: string, ...indexes: number[]) => ({
    name,
    partitions: indexes.map((partitionIndex) => ({ partitionIndex, timestamp: 5 })),
  });
  const { topics } = await ask(11, { topics: [asked('a', 0, 1, 9), asked('nope', 0)] });
  const codes = topics.map(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
  t.strictSame(codes, [[6, 6, 3], [3]]);
  const twice = await ask(11, { topics: [asked('a', 0, 0), asked('b')] });
  t.equal(twice.topics.length, 1, 'a topic without partitions is left out');
  t.equal(twice.topics[0]!.partitions.length, 1, 'what was asked for twice is named once');
  t.match(twice.topics[0]!.partitions, [{ errorCode: 42 }]);
});

t.test('the end of an epoch', async (t) => {
  const bench = await openBench(t);
  const ask = dial(
    offsetForLeaderEpoch,
    encodeOffsetForLeaderEpochRequest,
    decodeOffsetForLeaderEpochResponse,
    bench,
  );
  await bench.catalog.ensureTopic('a');
  bench.port.publish('a-0', { leaderEpoch: 3, highWatermark: 100 });
  const at = (leaderEpoch: number, currentLeaderEpoch = -1, partition = 0) => ({
    partition,
    leaderEpoch,
    currentLeaderEpoch,
  });
  for (let version = 2; version <= 4; version++) {
    const { topics } = await ask(version, {
      topics: [
        { topic: 'a', partitions: [at(3), at(9), at(-1), at(3, 2), at(3, 4), at(3, -1, 9)] },
        { topic: 'nope', partitions: [at(0)] },
      ],
    });
    t.match(topics[0]!.partitions, [
      { errorCode: 0, leaderEpoch: 3, endOffset: 100 },
      { errorCode: 0, leaderEpoch: -1, endOffset: -1 },
      { errorCode: 0, leaderEpoch: -1, endOffset: -1 },
      { errorCode: 74, leaderEpoch: -1, endOffset: -1 },
      { errorCode: 75, leaderEpoch: -1, endOffset: -1 },
      { errorCode: 3, partition: 9, endOffset: -1 },
    ]);
    t.match(topics[1]!.partitions, [{ errorCode: 3 }]);
  }
});

t.test('deleted records are gone from the checkpoint on when the answer comes', async (t) => {
  const bench = await openBench(t);
  const ask = dial(deleteRecords, encodeDeleteRecordsRequest, decodeDeleteRecordsResponse, bench);
  await bench.catalog.ensureTopic('a');
  bench.port.publish('a-0', { highWatermark: 100 });
  bench.port.publish('a-1', { highWatermark: 100 });
  const file = join(bench.path, 'log-start-offset-checkpoint');
  for (let version = 0; version <= 2; version++) {
    const offset = 10 + version;
    const partitions = [
      { partitionIndex: 0, offset },
      { partitionIndex: 1, offset: 5 },
    ];
    const { topics } = await ask(version, { topics: [{ name: 'a', partitions }] });
    t.match(topics[0]!.partitions, [
      { partitionIndex: 0, lowWatermark: offset, errorCode: 0 },
      { partitionIndex: 1, lowWatermark: 5, errorCode: 0 },
    ]);
    t.equal(await readFile(file, 'utf8'), `0\n2\na 0 ${offset}\na 1 5\n`);
  }
  const all = await ask(2, { topics: [{ name: 'a', partitions: [{ offset: -1 }] }] });
  t.match(all.topics[0]!.partitions, [{ lowWatermark: 100, errorCode: 0 }]);
});

t.test('records that may not or cannot be deleted stay', async (t) => {
  const bench = await openBench(t);
  const ask = dial(deleteRecords, encodeDeleteRecordsRequest, decodeDeleteRecordsResponse, bench);
  for (const [name, policy] of [
    ['a', 'delete'],
    ['compacted', 'compact'],
    ['both', 'compact,delete'],
  ] as const) {
    const overrides = new Map([['cleanup.policy', policy]]);
    await bench.catalog.createTopic({ name, partitions: 1, overrides });
  }
  await bench.catalog.ensureTopic('__consumer_offsets');
  const one = (name: string, offset: number, partitionIndex = 0) => ({
    name,
    partitions: [{ partitionIndex, offset }],
  });
  const { topics } = await ask(2, {
    topics: [
      one('a', 1000),
      one('a', -2),
      one('a', 0, 7),
      one('nope', 0),
      one('compacted', 0),
      one('both', 0),
      one('__consumer_offsets', 0),
      // Left out of the answer, as in Kafka.
      { name: 'a', partitions: [] },
    ],
  });
  const codes = topics.map(({ partitions }) => partitions[0]!.errorCode);
  t.strictSame(codes, [1, 1, 3, 3, 44, 0, 17]);
  t.ok(topics.every(({ partitions: [row] }) => row!.errorCode === 0 || row!.lowWatermark === -1));
});
