/** Group state in Pulsar is written anew, and a load begins there. */
import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { offsetsTopic } from '../../engine/catalog/topic-name.js';
import { findCoordinatorExchange, offsetCommitExchange } from '../exchanges.js';
import type { RawClient } from '../raw-client.js';
import { createTopic } from '../whole/records.js';
import { runBroker } from '../whole/running-broker.js';
import { commitOffset, committedOffsets } from './kop-groups.js';
import { listOffset } from './kop-partitions.js';
import { adminUrl, serviceUrl } from './peer.js';

t.setTimeout(280_000);

const topic = `t-${randomUUID()}`;
const groupId = 'g';
const metadata = { kafkaMetadataNamespace: `kopje-${randomUUID()}` };
/** Of one request, to the same partition: they fit into a batch. A snapshot is written after 50 000. */
const commitsAtOnce = 4_000;
const requests = 14;

function start(t: Test) {
  const pulsar = { backend: serviceUrl, pulsarAdminUrl: adminUrl, offsetsTopicNumPartitions: 1 };
  return runBroker(t, { ...pulsar, ...metadata });
}

async function commitMany(client: RawClient, first: number): Promise<void> {
  const partitions = Array.from({ length: commitsAtOnce }, (_, index) => ({
    partitionIndex: 0,
    committedOffset: first + index,
    committedMetadata: 'm',
  }));
  const origin = { groupId, generationIdOrMemberEpoch: -1, memberId: '' };
  const request = { ...origin, topics: [{ name: topic, partitions }] };
  const { topics } = await client.ask(offsetCommitExchange, request, 6);
  const failed = topics[0]?.partitions.find(({ errorCode }) => errorCode !== 0);
  if (failed !== undefined) throw new Error(`OffsetCommit: ${failed.errorCode}`);
}

/** Where a load begins. */
const logStart = (client: RawClient) => listOffset(client, offsetsTopic, 0, -2, 0);

const last = { topic, partition: 0, offset: commitsAtOnce * requests - 1, metadata: 'm' };

t.test('many commits', async (t) => {
  const client = await (await start(t)).connect();
  await createTopic(client, topic, 1);
  // Makes the offsets topic.
  await client.ask(findCoordinatorExchange, { key: groupId, keyType: 0 }, 3);
  t.equal(await commitOffset(client, groupId, { ...last, offset: 0 }), 0);
  for (let at = 0; at < requests; at++) await commitMany(client, at * commitsAtOnce);
  // The snapshot is written beside what clients do.
  while ((await logStart(client)) === 0) await new Promise((done) => setImmediate(done));
  t.ok((await logStart(client)) > 50_000, `the log begins at ${await logStart(client)}`);
  t.strictSame(await committedOffsets(client, groupId), [last]);
});

t.test('a load from there', async (t) => {
  const client = await (await start(t)).connect();
  t.ok((await logStart(client)) > 50_000);
  t.strictSame(await committedOffsets(client, groupId), [last]);
});
