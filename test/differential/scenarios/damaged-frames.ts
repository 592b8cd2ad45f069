import type { Encodable } from '../../../engine/protocol/kafka/encodable.js';
import {
  alterConfigsExchange,
  apiVersionsExchange,
  createPartitionsExchange,
  createTopicsExchange,
  deleteRecordsExchange,
  deleteTopicsExchange,
  describeLogDirsExchange,
  fetchExchange,
  findCoordinatorExchange,
  incrementalAlterConfigsExchange,
  initProducerIdExchange,
  metadataExchange,
  offsetCommitExchange,
  offsetDeleteExchange,
  produceExchange,
  syncGroupExchange,
} from '../../exchanges.js';
import { type Exchange, frameOf } from '../../raw-client.js';
import { buildBatch } from '../../workers/batch/build-batch.js';
import { damagedFrames } from '../damaged-frames.js';
import type { Peer } from '../peer.js';
import type { Scenario } from '../scenario.js';
import { fetchOf, makeTopic, produceOf, type Topic } from '../topic.js';

/** Lengths that are too large, or negative. */
const damages = [0x7f, 0x80, 0xff];
const timeoutMs = 5_000;

/** Which damages end the connection; requests and answers themselves have other scenarios. */
async function closings<Request>(
  peer: Peer,
  name: string,
  exchange: Exchange<Request, unknown>,
  request: Encodable<Request>,
  versions: readonly number[],
): Promise<void> {
  for (const version of versions) {
    const closed: string[] = [];
    const silent: string[] = [];
    const whole = frameOf(exchange, request, version, 1);
    for (const { at, damage, frame } of damagedFrames(whole, damages)) {
      const fate = await peer.fate(frame);
      if (fate === 'closed') closed.push(`${at}=${damage}`);
      if (fate === 'no answer') silent.push(`${at}=${damage}`);
    }
    peer.note(`${name} v${version}`, { closed: closed.join(' '), silent: silent.join(' ') });
  }
}

async function closingsOfClients(peer: Peer, topic: Topic): Promise<void> {
  const records = buildBatch();
  const produce = produceOf(topic, [{ records }]);
  // One version: those whose records become null take Kafka until the client gives up.
  await closings(peer, 'Produce', produceExchange, produce, [9]);
  await closings(peer, 'Fetch', fetchExchange, fetchOf(topic, [{}]), [4, 12, 13, 18]);
  const metadata = { topics: [{ name: topic.name }], allowAutoTopicCreation: false };
  await closings(peer, 'Metadata', metadataExchange, metadata, [4, 9, 13]);
  const client = { clientSoftwareName: 'a', clientSoftwareVersion: '1' };
  await closings(peer, 'ApiVersions', apiVersionsExchange, client, [3]);
  const identity = { transactionalId: null, transactionTimeoutMs: 60_000 };
  await closings(peer, 'InitProducerId', initProducerIdExchange, identity, [0, 2, 5]);
  const keys = { coordinatorKeys: ['a'], keyType: 0 };
  await closings(peer, 'FindCoordinator', findCoordinatorExchange, keys, [4]);
}

async function closingsOfGroups(peer: Peer, topic: Topic): Promise<void> {
  const groupId = 'nobody';
  const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }];
  const member = { memberId: 'm', generationIdOrMemberEpoch: 1 };
  const commit = { groupId, ...member, topics: [{ ...topic, partitions }] };
  await closings(peer, 'OffsetCommit', offsetCommitExchange, commit, [2, 8, 10]);
  const deletion = { groupId, topics: [{ name: topic.name, partitions: [{ partitionIndex: 0 }] }] };
  await closings(peer, 'OffsetDelete', offsetDeleteExchange, deletion, [0]);
  const assignments = [{ memberId: 'm', assignment: Buffer.of(1) }];
  const sync = { groupId, memberId: 'm', generationId: 1, assignments };
  await closings(peer, 'SyncGroup', syncGroupExchange, sync, [0, 3, 5]);
}

async function closingsOfAdministrators(peer: Peer, { name }: Topic): Promise<void> {
  const absent = `${peer.prefix}-none`;
  const check = { timeoutMs, validateOnly: true };
  const creation = { topics: [{ name, numPartitions: 1, replicationFactor: 1 }], ...check };
  await closings(peer, 'CreateTopics', createTopicsExchange, creation, [2, 5, 7]);
  const growth = { topics: [{ name, count: 2, assignments: [{ brokerIds: [1] }] }], ...check };
  await closings(peer, 'CreatePartitions', createPartitionsExchange, growth, [0, 2]);
  const removal = { topics: [{ name: absent }], topicNames: [absent], timeoutMs };
  await closings(peer, 'DeleteTopics', deleteTopicsExchange, removal, [1, 4, 6]);
  const trimmed = [{ name, partitions: [{ partitionIndex: 0, offset: 0 }] }];
  const trimming = { topics: trimmed, timeoutMs };
  await closings(peer, 'DeleteRecords', deleteRecordsExchange, trimming, [0, 2]);
  const dirs = { topics: [{ topic: name, partitions: [0] }] };
  await closings(peer, 'DescribeLogDirs', describeLogDirsExchange, dirs, [1, 2]);
  const configs = [{ name: 'retention.ms', configOperation: 0, value: '9' }];
  const change = { resources: [{ resourceType: 2, resourceName: name, configs }], ...check };
  await closings(peer, 'AlterConfigs', alterConfigsExchange, change, [0, 2]);
  const increments = incrementalAlterConfigsExchange;
  await closings(peer, 'IncrementalAlterConfigs', increments, change, [0, 1]);
}

export const damagedFrameScenarios: readonly Scenario[] = [
  ['of clients', closingsOfClients] as const,
  ['of groups', closingsOfGroups] as const,
  ['of administrators', closingsOfAdministrators] as const,
].map(([who, run]) => ({
  name: `connections/damaged frames ${who}`,
  async run(peer) {
    // A short name: each of its bytes is damaged as well.
    await run(peer, await makeTopic(peer, `f${who[3]}`));
  },
}));
