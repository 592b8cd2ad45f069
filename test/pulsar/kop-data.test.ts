/** What a real KoP left in Pulsar, read and continued. */
import t, { type Test } from 'tap';
import { partitionOfGroup } from '../../engine/coordinators/group/partition-of-group.js';
import { initProducerIdExchange } from '../exchanges.js';
import type { RawClient } from '../raw-client.js';
import { batchOf, produce } from '../whole/records.js';
import { runBroker } from '../whole/running-broker.js';
import { type GoldenPartition, goldenPartitions } from '../workers/format/golden.js';
import { firstDifference } from '../workers/format/read-records.js';
import {
  type KopGroup,
  type KopOffset,
  kopGroups,
  kopRecordsOf,
  startOnKopData,
} from './kop-cluster.js';
import {
  byPlace,
  type CommittedOffset,
  commitOffset,
  committedOffsets,
  describeGroup,
  listedGroups,
} from './kop-groups.js';
import { describePartition, type PartitionAnswers } from './kop-partitions.js';

// A Pulsar of its own is unpacked and started.
t.setTimeout(590_000);

/** KoP's own topics: no client reads them. */
const isTopicOfKop = ({ partition }: GoldenPartition) => partition.startsWith('public/__kafka/');
const partitions = goldenPartitions().filter((partition) => !isTopicOfKop(partition));

/**
 * Where Kopje differs on purpose. It begins each opening of a topic that had an entry with one of its own, which no
 * client is shown: the high watermark is one more, and so is the last stable offset where no transaction is open.
 */
const barrierOffsets = 1;

/** What KoP gets wrong, by its README: Kopje answers what the log says. */
const knownFaults = {
  /** Nothing is left of these: KoP says that they begin at 0, though they end at 10. */
  emptied: ['k-del-all', 'p-del-all'],
  /** KoP answers ListOffsets with read_committed by the high watermark: here a transaction is open. */
  open: ['k-txn-open', 'p-txn-open'],
};

function nameOf({ partition }: GoldenPartition): { topic: string; index: number; short: string } {
  const [, namespace, short = '', index] = /^(.+\/.+)\/(.+)-partition-(\d+)$/.exec(partition) ?? [];
  const topic = namespace === 'public/default' ? short : `${namespace}/${short}`;
  return { topic, index: Number(index), short };
}

function compare(t: Test, golden: GoldenPartition, found: PartitionAnswers): void {
  const { expected } = golden;
  const { short } = nameOf(golden);
  const { highWatermark = 0, logStartOffset = 0, fetchReadCommitted, records = [] } = expected;
  const wasWritten = highWatermark > 0;
  const end = highWatermark + (wasWritten ? barrierOffsets : 0);
  t.equal(found.highWatermark, end, `${golden.partition}: high watermark`);
  const start = knownFaults.emptied.includes(short) ? highWatermark : logStartOffset;
  t.equal(found.logStartOffset, start, `${golden.partition}: log start`);
  const isOpen = knownFaults.open.includes(short);
  const stable = isOpen ? (fetchReadCommitted?.lastStableOffset ?? -1) : end;
  t.equal(found.lastStableOffset, stable, `${golden.partition}: last stable offset`);
  t.equal(found.latestCommitted, stable, `${golden.partition}: ListOffsets, read_committed`);
  const aborted = fetchReadCommitted?.abortedTransactions ?? [];
  t.strictSame(found.aborted, aborted, `${golden.partition}: aborted transactions`);
  const plain = records.map(({ timestampType: _, ...record }) => record);
  t.equal(firstDifference(found.records, plain), null, `${golden.partition}: records`);
  const all = records.map(({ offset }) => offset);
  const { readCommittedOffsets = 'all' } = expected;
  const committed = readCommittedOffsets === 'all' ? all : readCommittedOffsets;
  t.strictSame(found.committedOffsets, committed, `${golden.partition}: read_committed`);
}

const pulsar = await startOnKopData(t);

/** As a user of KoP starts it. */
function start(t: Test) {
  return runBroker(t, {
    backend: pulsar.serviceUrl,
    pulsarAdminUrl: pulsar.adminUrl,
    kafkaAllowedNamespaces: ['public/default', 'acme/sales'],
    groupInitialRebalanceDelayMs: 0,
  });
}

const defaultNamespace = 'persistent://public/default/';

/** KoP tells a topic under the name that was asked for, and once more under its full one; here it has one name. */
function offsetsOf({ offsetFetch, offsetsInLog }: KopGroup): CommittedOffset[] {
  const told: readonly KopOffset[] = offsetsInLog ?? offsetFetch.offsets;
  const byName = new Map(
    told.map(({ topic, partition, offset, metadata }) => {
      const isOwn = topic.startsWith(defaultNamespace);
      const short = isOwn ? topic.slice(defaultNamespace.length) : topic;
      return [`${short} ${partition}`, { topic: short, partition, offset, metadata }];
    }),
  );
  return [...byName.values()].sort(byPlace);
}

/** Groups that KoP hung with after a restart (`offsetsInLog`) are there as their log says. */
async function compareGroups(t: Test, client: RawClient): Promise<void> {
  const groups = kopGroups();
  const live = [...groups].filter(([, { listed, offsetsInLog }]) => listed || offsetsInLog);
  const names = live.map(([groupId]) => groupId).sort();
  for (const [groupId, group] of groups) {
    t.strictSame(
      await committedOffsets(client, groupId),
      offsetsOf(group),
      `offsets of ${groupId}`,
    );
    const isLive = names.includes(groupId);
    const { errorCode, groupState, protocolType } = await describeGroup(client, groupId);
    t.equal(errorCode, 0, groupId);
    t.equal(groupState, isLive ? 'Empty' : 'Dead', `state of ${groupId}`);
    // KoP did not say it of those that it hung with.
    const wanted = group.offsetsInLog ? 'consumer' : group.describe.protocolType;
    t.equal(protocolType, wanted, `protocol type of ${groupId}`);
  }
  t.strictSame(await listedGroups(client), names);
}

/** What is written behind it, by partition and by group. */
const written = { topics: ['k-basic', 'p-basic', 'p-txn', 'k-del-all', 'acme/sales/orders'] };
/** Another group is new; "two members" is elsewhere for Kafka. */
const continued = ['alpha', 'two members', 'k-tx-group', 'new here'];
const later: CommittedOffset = { topic: 'p-basic', partition: 0, offset: 1_000, metadata: 'later' };
/** Above any that KoP gave, by decision 17. */
const firstProducerId = 2 ** 40;

t.test('every partition and every group is read as KoP left it, and goes on', async (t) => {
  const { connect } = await start(t);
  const client = await connect();
  await compareGroups(t, client);
  for (const golden of partitions) {
    const { topic, index } = nameOf(golden);
    const found = await describePartition(client, topic, index);
    compare(t, golden, found);
    const { batches = [] } = golden.expected;
    const ends = batches.filter(({ control }) => control === true);
    const wanted = ends.map(({ base, pid }) => ({ base, pid }));
    t.strictSame(found.controls, wanted, `${golden.partition}: ends of transactions`);
    for (const { pid } of batches) t.ok(Number(pid) < firstProducerId, `producer ${pid} is KoP's`);
  }
  for (const topic of written.topics) {
    const { errorCode, baseOffset } = await produce(client, topic, 0, batchOf('new', 'newer'));
    t.equal(errorCode, 0, topic);
    t.equal(Number(baseOffset), endOf(topic) + barrierOffsets, `${topic}: the next offset`);
  }
  for (const groupId of continued) t.equal(await commitOffset(client, groupId, later), 0, groupId);
  const nobody = { transactionalId: null, producerId: -1, producerEpoch: -1 };
  const given = await client.ask(initProducerIdExchange, nobody, 4);
  t.equal(given.errorCode, 0);
  t.ok(given.producerId >= firstProducerId, `producer id ${given.producerId}`);
});

/** Where KoP's records of partition 0 end. */
function endOf(topic: string): number {
  const golden = partitions.find((one) => {
    const { topic: name, index } = nameOf(one);
    return name === topic && index === 0;
  });
  return golden?.expected.highWatermark ?? -1;
}

t.test('after a restart all of it is there', async (t) => {
  const { connect } = await start(t);
  const client = await connect();
  for (const golden of partitions) {
    const { topic, index } = nameOf(golden);
    const {
      records,
      aborted,
      committedOffsets: shown,
    } = await describePartition(client, topic, index);
    const isContinued = index === 0 && written.topics.includes(topic);
    const more = isContinued ? ['new', 'newer'] : [];
    const { records: old = [], fetchReadCommitted, readCommittedOffsets } = golden.expected;
    const values = records.map(({ value }) => value);
    const wanted = [
      ...old.map(({ value }) => value),
      ...more.map((value) => Buffer.from(value).toString('base64')),
    ];
    t.equal(firstDifference(values, wanted), null, `${golden.partition}: values`);
    const abortedThen = fetchReadCommitted?.abortedTransactions ?? [];
    t.strictSame(aborted, abortedThen, `${golden.partition}: aborted transactions`);
    const committed = Array.isArray(readCommittedOffsets)
      ? readCommittedOffsets.length
      : old.length;
    t.equal(shown.length, committed + more.length, `${golden.partition}: read_committed`);
  }
  const groups = kopGroups();
  for (const groupId of continued) {
    const group = groups.get(groupId);
    const before = group === undefined ? [] : offsetsOf(group);
    const others = before.filter(({ topic, partition }) => topic !== 'p-basic' || partition !== 0);
    const wanted = [...others, later].sort(byPlace);
    t.strictSame(await committedOffsets(client, groupId), wanted, `offsets of ${groupId}`);
  }
  t.strictSame(await storedCommits('new here'), [
    { ...later, topic: 'persistent://public/default/p-basic' },
  ]);
});

/** What KoP's own reader finds of a group in the last entry of its partition. */
async function storedCommits(groupId: string): Promise<CommittedOffset[]> {
  const partition = partitionOfGroup(groupId, 50, 'java');
  const topic = `persistent://public/__kafka/__consumer_offsets-partition-${partition}`;
  const records = await kopRecordsOf(pulsar, topic);
  return records
    .filter(({ group, type, version }) => group === groupId && type === 'offset' && version === 1)
    .map((record) => ({
      topic: record.topic ?? '',
      partition: record.partition ?? -1,
      offset: record.offset ?? -1,
      metadata: record.metadata ?? '',
    }));
}
