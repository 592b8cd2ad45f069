/** Group state in KoP's layout: read as the real KoP wrote it, and written so that it reads it. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { OffsetsLayout } from '../../../../engine/catalog/offsets-layout.js';
import { OffsetsLoader } from '../../../../engine/coordinators/group/loader.js';
import { partitionOfGroup } from '../../../../engine/coordinators/group/partition-of-group.js';
import { ErrorCode } from '../../../../engine/protocol/kafka/errors.js';
import { Entry } from '../../../../workers/format/entry.js';
import { EntryEncoder } from '../../../../workers/format/entry-encoder.js';
import type { KopGroup } from '../../../pulsar/kop-cluster.js';
import { bytesOf, type GoldenPartition, goldenPartitions } from '../../../workers/format/golden.js';
import { codecs } from '../../../workers/format/read-records.js';
import { readyFixture } from './coordinator-fixture.js';
import { type KopRecord, recordsOfKop } from './kop-decoder.js';

const prefix = 'persistent://public/default/';
const kop: OffsetsLayout = {
  groupHash: 'java',
  forKop: true,
  needsSnapshots: true,
  shortName: (topic) => (topic.startsWith(prefix) ? topic.slice(prefix.length) : topic),
  fullName: (topic) => (topic.startsWith('persistent://') ? topic : prefix + topic),
};

const groupsFile = new URL('../../../../../test/golden/kop/groups.json', import.meta.url);
const groups = JSON.parse(readFileSync(groupsFile, 'utf8')) as Record<string, KopGroup>;
const offsetsPartitions = goldenPartitions().filter(({ partition }) =>
  partition.includes('__consumer_offsets'),
);

/** What the log of a partition serves, the markers that no reader is sent included. */
function batchesOf({ entries }: GoldenPartition): Uint8Array {
  const entry = new Entry(codecs, 2 ** 24);
  const parts = entries.map((golden) => {
    const bytes = bytesOf(golden);
    entry.open(bytes, 0, bytes.length);
    const out = new Uint8Array(entry.boundBytes);
    return out.subarray(0, entry.write(out, 0, entry.index - entry.offsets + 1, 0));
  });
  return Buffer.concat(parts);
}

t.test('what KoP wrote loads, committed transactions included and aborted ones not', (t) => {
  let seen = 0;
  for (const golden of offsetsPartitions) {
    const loader = new OffsetsLoader(codecs, kop.shortName);
    loader.add(batchesOf(golden));
    t.equal(loader.firstUndecidedOffset, Number.POSITIVE_INFINITY, golden.partition);
    for (const groupId of loader.offsets.groups()) {
      const { offsetsInLog, offsetFetch, partition } = groups[groupId] as KopGroup;
      t.ok(golden.partition.endsWith(`-partition-${partition}`), groupId);
      t.equal(partitionOfGroup(groupId, 50, 'java'), partition, groupId);
      const wanted = new Map(
        (offsetsInLog ?? offsetFetch.offsets).map(
          ({ topic, partition: index, offset, metadata }) => [
            `${kop.shortName(topic)}-${index}`,
            { offset, metadata },
          ],
        ),
      );
      let found = 0;
      for (const [topic, partitions] of loader.offsets.of(groupId)) {
        for (const [index, { offset, metadata }] of partitions) {
          t.strictSame({ offset, metadata }, wanted.get(`${topic}-${index}`), groupId);
          found++;
        }
      }
      t.equal(found, wanted.size, groupId);
      seen++;
    }
  }
  t.equal(seen, Object.values(groups).filter((one) => one.listed || one.offsetsInLog).length);
  t.end();
});

t.test('names with a negative hash are elsewhere for Kafka', (t) => {
  t.equal(partitionOfGroup('two members', 50, 'java'), 29);
  t.equal(partitionOfGroup('two members', 50, 'kafka'), 21);
  t.equal(partitionOfGroup('alpha', 50, 'java'), partitionOfGroup('alpha', 50, 'kafka'));
  t.end();
});

/** A batch of the coordinator as it is stored in the pulsar format, read by KoP's rules alone. */
function storedForKop(batch: Uint8Array): KopRecord[] {
  const encoder = new EntryEncoder(codecs, 2 ** 24);
  const out = new Uint8Array(4 * batch.length + 4_096);
  const end = encoder.encode('pulsar', [batch], 0, 1, 1_000, out, 0, out.length);
  return recordsOfKop(out.subarray(0, end));
}

t.test('KoP reads what is written, by the layout of its own', async (t) => {
  const fixture = await readyFixture({}, kop);
  t.equal(await fixture.commit('simple', { 'orders-0': 5, 'orders-1': 6 }), ErrorCode.NONE);
  const { memberId, generationId } = await fixture.formGroup('members', 'orders');
  await fixture.commit('members', { 'orders-0': 7 }, { memberId, generationId });
  t.equal(await fixture.coordinator.deleteGroup('simple'), ErrorCode.NONE);
  const records = (fixture.memory.batches[0] ?? []).flatMap(storedForKop);
  const topic = 'persistent://public/default/orders';
  const commit = { type: 'offset', version: 1, topic, metadata: 'm', expireTimestamp: -1 };
  const simple = { ...commit, group: 'simple' };
  t.match(records, [
    { ...simple, partition: 0, offset: 5 },
    { ...simple, partition: 1, offset: 6 },
    { type: 'group', version: 1, group: 'members', members: [memberId] },
    { ...commit, group: 'members', partition: 0, offset: 7 },
    { type: 'offset', group: 'simple', topic, partition: 0, version: null },
    { type: 'offset', group: 'simple', topic, partition: 1, version: null },
  ]);
  await fixture.restart();
  t.strictSame(fixture.offsets('members'), { 'orders-0': 7 });
  t.strictSame(fixture.offsets('simple'), {});
  const group = fixture.coordinator.group('members');
  t.match(group, { generationId, state: 'Stable' });
  await fixture.coordinator.close();
});

t.test('snapshots of all that is live bound the log', async (t) => {
  const layouts = [kop, { ...kop, forKop: false }];
  for (const layout of layouts) {
    const fixture = await readyFixture({}, layout);
    const { memberId, generationId } = await fixture.formGroup('members', 'orders');
    await fixture.commit('gone', { 'orders-9': 1 });
    t.equal(await fixture.coordinator.deleteGroup('gone'), ErrorCode.NONE);
    for (let offset = 1; offset <= 100; offset++) {
      await fixture.commit('simple', { 'orders-0': offset });
      if (offset === 50)
        await fixture.commit('members', { 'orders-1': 7 }, { memberId, generationId });
    }
    const [start = 0] = fixture.memory.logStarts;
    t.ok(start > 60, `the log begins at ${start}`);
    const left = fixture.memory.state(fixture.memory.refs[0]!).highWatermark - start;
    t.ok(left <= 25, `${left} records to load`);
    await fixture.restart();
    t.strictSame(fixture.offsets('simple'), { 'orders-0': 100 });
    t.strictSame(fixture.offsets('members'), { 'orders-1': 7 });
    t.strictSame(fixture.offsets('gone'), {});
    t.match(fixture.coordinator.group('members'), { generationId, state: 'Stable' });
    t.equal(fixture.coordinator.group('gone'), undefined);
    await fixture.coordinator.close();
  }
});

t.test('a snapshot has a group as it is on disk, not as it is about to be', async (t) => {
  const fixture = await readyFixture({}, kop);
  const { generationId } = await fixture.formGroup('members', 'orders');
  // A second member: the next generation is not there before all have come.
  const joining = fixture.coordinator.joinGroup('members', {
    memberId: '',
    groupInstanceId: null,
    clientId: 'c',
    clientHost: '/127.0.0.1',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.alloc(6) }],
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    reason: null,
    requiresMemberId: false,
    canSkipAssignment: true,
  });
  for (let offset = 1; offset <= 60; offset++) await fixture.commit('s', { 'orders-0': offset });
  t.ok((fixture.memory.logStarts[0] ?? 0) > 0, 'there was a snapshot');
  await fixture.restart();
  t.equal((await joining).errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE);
  const group = fixture.coordinator.group('members');
  if (group === undefined || typeof group === 'number') throw new Error('the group is gone');
  t.match(group, { generationId, state: 'Stable' });
  t.equal(group.members.size, 1);
  await fixture.coordinator.close();
});

t.test('all names of a topic are one', async (t) => {
  const fixture = await readyFixture({}, { ...kop, forKop: false });
  await fixture.commit('g', { 'orders-0': 5 });
  await fixture.commit('g', { 'persistent://public/default/orders-0': 6 });
  t.strictSame(fixture.offsets('g'), { 'orders-0': 6 });
  // Subscribed by its full name: neither the retention nor OffsetDelete takes the offsets of those that are in use.
  const { memberId, generationId } = await fixture.formGroup('h', `${prefix}orders`);
  await fixture.commit('h', { 'orders-0': 1 }, { memberId, generationId });
  const wanted = [{ topic: 'orders', partition: 0 }];
  const { partitions } = await fixture.coordinator.deleteOffsets('h', wanted);
  t.strictSame(partitions, [ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC]);
  await fixture.coordinator.close();
});
