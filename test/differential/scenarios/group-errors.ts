import {
  deleteGroupsExchange,
  heartbeatExchange,
  joinGroupExchange,
  leaveGroupExchange,
  offsetCommitExchange,
  offsetDeleteExchange,
  offsetFetchExchange,
  syncGroupExchange,
} from '../../exchanges.js';
import { type Member, memberOf } from '../group.js';
import type { Peer } from '../peer.js';
import type { Scenario } from '../scenario.js';
import { makeTopic, type Topic } from '../topic.js';

const timeouts = { sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 30_000 };
const joinVersion = 9;

/** Joins as the only member and syncs; clients of all versions may go on from there. */
async function found(peer: Peer, member: Member) {
  const first = await peer.probe(joinGroupExchange, { ...member, ...timeouts }, joinVersion);
  const named = { ...member, ...timeouts, memberId: first.memberId };
  const isJoined = first.errorCode === 0;
  const joined = isJoined ? first : await peer.probe(joinGroupExchange, named, joinVersion);
  const { memberId, generationId } = joined;
  const { groupId, groupInstanceId } = member;
  const assignments = [{ memberId, assignment: Buffer.of(1) }];
  const request = { groupId, memberId, generationId, groupInstanceId, assignments };
  const { errorCode } = await peer.probe(syncGroupExchange, request, 3);
  peer.note(`${groupId.slice(peer.prefix.length)} founded`, { errorCode, memberId });
  return { groupId, groupInstanceId, memberId, generationId };
}

function commitOf(groupId: string, topic: Topic, partitions: readonly object[] = [{}]) {
  return {
    groupId,
    generationIdOrMemberEpoch: -1,
    memberId: '',
    groupInstanceId: null,
    retentionTimeMs: -1,
    topics: [
      {
        ...topic,
        partitions: partitions.map((partition) => ({
          partitionIndex: 0,
          committedOffset: 5,
          committedLeaderEpoch: -1,
          committedMetadata: '',
          ...partition,
        })),
      },
    ],
  };
}

const unnamed: Scenario = {
  name: 'groups/without a name',
  async run(peer) {
    const topic = await makeTopic(peer, 'unnamed');
    const beat = { groupId: '', memberId: 'm', generationId: 1 };
    for (const version of peer.versions(syncGroupExchange)) {
      const request = { ...beat, protocolType: 'consumer', protocolName: 'range' };
      await peer.ask('sync', syncGroupExchange, request, version);
    }
    for (const version of peer.versions(leaveGroupExchange)) {
      const request = { ...beat, members: [{ memberId: 'm', groupInstanceId: null }] };
      await peer.ask('leave', leaveGroupExchange, request, version);
    }
    for (const version of peer.versions(offsetCommitExchange)) {
      const request = { ...commitOf('', topic), generationIdOrMemberEpoch: 1, memberId: 'm' };
      await peer.ask('commit of a member', offsetCommitExchange, request, version);
    }
  },
};

const statics: Scenario = {
  name: 'groups/fenced static members',
  async run(peer) {
    const topic = await makeTopic(peer, 'fenced');
    const member = { ...memberOf(peer, 'fenced'), groupInstanceId: 'one' };
    const old = await found(peer, member);
    const next = await found(peer, member);
    const fenced = { ...old, generationId: next.generationId };
    for (const version of peer.versions(syncGroupExchange).filter((one) => one >= 3)) {
      const request = { ...fenced, protocolType: 'consumer', protocolName: 'range' };
      await peer.ask('sync', syncGroupExchange, request, version);
    }
    for (const version of peer.versions(heartbeatExchange).filter((one) => one >= 3)) {
      await peer.ask('beat', heartbeatExchange, fenced, version);
      await peer.ask(
        'beat of nobody',
        heartbeatExchange,
        { ...fenced, groupInstanceId: 'no' },
        version,
      );
    }
    for (const version of peer.versions(offsetCommitExchange).filter((one) => one >= 7)) {
      const commit = (step: string, change: object) =>
        peer.ask(
          step,
          offsetCommitExchange,
          {
            ...commitOf(old.groupId, topic),
            memberId: old.memberId,
            groupInstanceId: 'one',
            generationIdOrMemberEpoch: next.generationId,
            ...change,
          },
          version,
        );
      await commit('commit', {});
      await commit('commit of nobody', { groupInstanceId: 'no' });
      await commit('commit of the new one', { memberId: next.memberId });
    }
  },
};

const busy: Scenario = {
  name: 'groups/that are in use',
  async run(peer) {
    const topic = await makeTopic(peer, 't');
    // ConsumerProtocolSubscription v0 of just this topic.
    const name = Buffer.from(topic.name);
    const head = Buffer.from('0000000000010000', 'hex');
    head.writeInt16BE(name.length, 6);
    const metadata = Buffer.concat([head, name, Buffer.alloc(4, 0xff)]);
    const plain = memberOf(peer, 'in-use');
    const one = await found(peer, { ...plain, protocols: [{ name: 'range', metadata }] });
    const worker = { ...memberOf(peer, 'workers'), protocolType: 'connect' };
    const two = await found(peer, worker);
    for (const { groupId } of [one, two]) {
      const step = groupId.slice(peer.prefix.length);
      const topics = [{ name: topic.name, partitions: [{ partitionIndex: 0 }] }];
      await peer.ask(`${step} deletes offsets`, offsetDeleteExchange, { groupId, topics });
      for (const version of peer.versions(deleteGroupsExchange)) {
        await peer.ask(
          `${step} deleted`,
          deleteGroupsExchange,
          { groupsNames: [groupId] },
          version,
        );
      }
    }
    for (const version of peer.versions(offsetFetchExchange)) {
      const partitionIndexes = [0];
      const groups = [{ ...one, memberEpoch: 99, topics: [{ ...topic, partitionIndexes }] }];
      const old = { groupId: one.groupId, topics: groups[0]!.topics };
      const request = version >= 8 ? { groups } : old;
      await peer.ask('fetch of another generation', offsetFetchExchange, request, version);
    }
  },
};

const rebalancing: Scenario = {
  name: 'groups/while they rebalance',
  async run(peer) {
    const topic = await makeTopic(peer, 'rebalancing');
    const member = memberOf(peer, 'rebalancing');
    const one = await found(peer, member);
    const other = peer.another();
    const first = await other.probe(joinGroupExchange, { ...member, ...timeouts }, joinVersion);
    const named = { ...member, ...timeouts, memberId: first.memberId };
    const joining = other.probe(joinGroupExchange, named, joinVersion);
    for (;;) {
      const { errorCode } = await peer.probe(heartbeatExchange, one, 3);
      if (errorCode !== 0) break;
    }
    for (const version of peer.versions(syncGroupExchange)) {
      const request = { ...one, protocolType: 'consumer', protocolName: 'range' };
      await peer.ask('sync', syncGroupExchange, request, version);
    }
    for (const version of peer.versions(heartbeatExchange)) {
      await peer.ask('beat', heartbeatExchange, one, version);
    }
    for (const version of peer.versions(offsetCommitExchange)) {
      const { memberId, generationId: generationIdOrMemberEpoch } = one;
      const request = { ...commitOf(one.groupId, topic), memberId, generationIdOrMemberEpoch };
      await peer.ask('commit', offsetCommitExchange, request, version);
    }
    const members = [{ memberId: one.memberId, groupInstanceId: null }];
    await peer.ask('first leaves', leaveGroupExchange, { groupId: one.groupId, members });
    const { errorCode, generationId } = await joining;
    peer.note('second joined', { errorCode, generationId });
    other.close();
  },
};

const commits: Scenario = {
  name: 'offset-commit/unknown groups and large commits',
  async run(peer) {
    const topic = await makeTopic(peer, 'commits');
    for (const version of peer.versions(offsetCommitExchange)) {
      const groupId = `${peer.prefix}-unknown-${version}`;
      const commit = { ...commitOf(groupId, topic), generationIdOrMemberEpoch: 3, memberId: 'm' };
      await peer.ask('generation of an unknown group', offsetCommitExchange, commit, version);
      const twice = [{ committedOffset: 1 }, { committedOffset: 2 }];
      const request = commitOf(`${peer.prefix}-twice`, topic, twice);
      await peer.ask('same partition twice', offsetCommitExchange, request, version);
    }
    // More than fits into a batch of the offsets topic.
    const committedMetadata = 'x'.repeat(4000);
    const many = Array.from({ length: 400 }, () => ({ committedMetadata }));
    const large = await peer.probe(
      offsetCommitExchange,
      commitOf(`${peer.prefix}-large`, topic, many),
      8,
    );
    const codes = large.topics.flatMap((one) => one.partitions.map((part) => part.errorCode));
    peer.note('more than a batch', { count: codes.length, errorCode: codes[0] });
    const groups = [{ groupId: `${peer.prefix}-large`, topics: null }];
    const left = await peer.probe(offsetFetchExchange, { groups }, 8);
    const offsets = left.groups.flatMap((group) => group.topics.flatMap((one) => one.partitions));
    peer.note(
      'what is left of it',
      offsets.map((one) => one.committedOffset),
    );
  },
};

export const groupErrorScenarios = [unnamed, statics, busy, rebalancing, commits];
