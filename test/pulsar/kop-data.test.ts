/** What a real KoP left in Pulsar, read and continued. */
import t, { type Test } from 'tap';
import { runBroker } from '../whole/running-broker.js';
import { type GoldenPartition, goldenPartitions } from '../workers/format/golden.js';
import { firstDifference } from '../workers/format/read-records.js';
import { startOnKopData } from './kop-cluster.js';
import { describePartition, type PartitionAnswers } from './kop-partitions.js';

t.setTimeout(290_000);

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

t.test('every partition is read as KoP left it', async (t) => {
  const { connect } = await start(t);
  const client = await connect();
  for (const golden of partitions) {
    const { topic, index } = nameOf(golden);
    const found = await describePartition(client, topic, index);
    compare(t, golden, found);
    const { batches = [] } = golden.expected;
    const ends = batches.filter(({ control }) => control === true);
    const wanted = ends.map(({ base, pid }) => ({ base, pid }));
    t.strictSame(found.controls, wanted, `${golden.partition}: ends of transactions`);
  }
});
