import type { Encodable } from '../../../engine/protocol/kafka/encodable.js';
import {
  deleteGroupsExchange,
  describeClusterExchange,
  describeConfigsExchange,
  describeGroupsExchange,
  describeProducersExchange,
  describeTopicPartitionsExchange,
  findCoordinatorExchange,
  heartbeatExchange,
  leaveGroupExchange,
  listConfigResourcesExchange,
  listGroupsExchange,
  listOffsetsExchange,
  offsetCommitExchange,
  offsetFetchExchange,
  offsetForLeaderEpochExchange,
} from '../../exchanges.js';
import { type Exchange, frameOf } from '../../raw-client.js';
import { damagedFrames } from '../damaged-frames.js';
import type { Peer } from '../peer.js';
import type { Scenario } from '../scenario.js';
import { makeTopic } from '../topic.js';

const damages = [0, 1, 0x7f, 0x80, 0xff];

/** Sends a request with each byte of its body damaged in turn; nothing that it asks for may change anything. */
async function damageEach<Request, Response>(
  peer: Peer,
  name: string,
  exchange: Exchange<Request, Response>,
  request: Encodable<Request>,
  version: number,
): Promise<void> {
  const whole = frameOf(exchange, request, version, 1);
  for (const { at, damage, frame } of damagedFrames(whole, damages)) {
    await peer.askFrame(`${name} v${version}, byte ${at} = ${damage}`, exchange, frame, version);
  }
}

export const damagedRequestScenarios: readonly Scenario[] = [
  {
    name: 'requests/damaged about topics',
    async run(peer) {
      const { name: topic } = await makeTopic(peer, 'd');
      const offsets = {
        replicaId: -1,
        topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
      };
      for (const version of [1, 7]) {
        await damageEach(peer, 'ListOffsets', listOffsetsExchange, offsets, version);
      }
      const epochs = { replicaId: -1, topics: [{ topic, partitions: [{ leaderEpoch: 0 }] }] };
      for (const version of [2, 4]) {
        const exchange = offsetForLeaderEpochExchange;
        await damageEach(peer, 'OffsetForLeaderEpoch', exchange, epochs, version);
      }
      const pages = { topics: [{ name: topic }], responsePartitionLimit: 9, cursor: null };
      await damageEach(peer, 'Partitions', describeTopicPartitionsExchange, pages, 0);
      const producers = { topics: [{ name: topic, partitionIndexes: [0] }] };
      await damageEach(peer, 'Producers', describeProducersExchange, producers, 0);
    },
  },
  {
    name: 'requests/damaged about groups',
    // Some damages name the group '', which other scenarios make and delete.
    comesLast: true,
    async run(peer) {
      const topic = await makeTopic(peer, 'unnamed-group');
      const topics = [
        { name: topic.name, partitions: [{ partitionIndex: 0, committedOffset: 1 }] },
      ];
      const commit = { groupId: '', generationIdOrMemberEpoch: -1, memberId: '', topics };
      await peer.ask('the unnamed group', offsetCommitExchange, commit, 8);
      const groupId = 'g';
      const groups = [{ groupId, topics: [{ name: 't', partitionIndexes: [0] }], memberEpoch: -1 }];
      await damageEach(peer, 'OffsetFetch', offsetFetchExchange, { groups }, 8);
      const old = { groupId, topics: groups[0]!.topics };
      await damageEach(peer, 'OffsetFetch', offsetFetchExchange, old, 1);
      for (const version of [0, 5]) {
        const described = { groups: [groupId] };
        await damageEach(peer, 'DescribeGroups', describeGroupsExchange, described, version);
      }
      const beat = { groupId, generationId: 1, memberId: 'm' };
      for (const version of [0, 4]) {
        await damageEach(peer, 'Heartbeat', heartbeatExchange, beat, version);
      }
      const leaving = { groupId, memberId: 'm', members: [{ memberId: 'm' }] };
      for (const version of [0, 5]) {
        await damageEach(peer, 'LeaveGroup', leaveGroupExchange, leaving, version);
      }
      await damageEach(peer, 'DeleteGroups', deleteGroupsExchange, { groupsNames: [groupId] }, 2);
      const filters = { statesFilter: ['Sleeping'], typesFilter: ['choir'] };
      await damageEach(peer, 'ListGroups', listGroupsExchange, filters, 5);
      await damageEach(peer, 'FindCoordinator', findCoordinatorExchange, { key: groupId }, 0);
    },
  },
  {
    name: 'requests/damaged about the cluster',
    async run(peer) {
      const { name } = await makeTopic(peer, 'damaged-requests');
      await damageEach(peer, 'Cluster', describeClusterExchange, { endpointType: 1 }, 1);
      await damageEach(peer, 'Types', listConfigResourcesExchange, { resourceTypes: [16] }, 1);
      const configurationKeys = ['retention.ms'];
      const resources = [{ resourceType: 2, resourceName: name, configurationKeys }];
      for (const version of [1, 4]) {
        await damageEach(peer, 'Configs', describeConfigsExchange, { resources }, version);
      }
    },
  },
];
