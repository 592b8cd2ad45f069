import {
  joinGroupExchange,
  offsetCommitExchange,
  offsetDeleteExchange,
  offsetFetchExchange,
} from '../../exchanges.js';
import { memberOf } from '../group.js';
import type { Peer } from '../peer.js';
import type { Scenario } from '../scenario.js';
import { makeTopic, type Topic, unknownTopicId } from '../topic.js';

interface Commit {
  readonly partitionIndex?: number;
  readonly committedOffset?: number;
  readonly committedLeaderEpoch?: number;
  readonly committedMetadata?: string | null;
}

function commitOf(groupId: string, topic: Topic, commit: Commit = {}) {
  const partition = {
    partitionIndex: 0,
    committedOffset: 5,
    committedLeaderEpoch: -1,
    committedMetadata: 'note',
    ...commit,
  };
  return {
    groupId,
    generationIdOrMemberEpoch: -1,
    memberId: '',
    retentionTimeMs: -1,
    topics: [{ ...topic, partitions: [partition] }],
  };
}

/** An OffsetFetch request in the form of its version; null asks for all topics. */
function fetchOf(version: number, groupId: string, topic: Topic | null, requireStable = false) {
  const topics = topic === null ? null : [{ ...topic, partitionIndexes: [0, 1, 9] }];
  const groups = [{ groupId, memberId: null, memberEpoch: -1, topics }];
  return version >= 8 ? { groups, requireStable } : { groupId, topics, requireStable };
}

async function commitSteps(peer: Peer, version: number, topic: Topic): Promise<void> {
  const groupId = `${peer.prefix}-offsets-${version}`;
  const ask = (step: string, request: ReturnType<typeof commitOf>) =>
    peer.ask(step, offsetCommitExchange, request, version);
  const commit = commitOf(groupId, topic);
  const unknown = { name: `${peer.prefix}-none`, topicId: unknownTopicId };
  await ask('commit', commit);
  await ask('commit with epoch', commitOf(groupId, topic, { committedLeaderEpoch: 3 }));
  await ask(
    'no metadata',
    commitOf(groupId, topic, { committedMetadata: null, partitionIndex: 1 }),
  );
  const large = 'x'.repeat(5000);
  await ask('large metadata', commitOf(groupId, topic, { committedMetadata: large }));
  await ask('negative offset', commitOf(groupId, topic, { committedOffset: -1 }));
  await ask('unknown partition', commitOf(groupId, topic, { partitionIndex: 9 }));
  await ask('unknown topic', commitOf(groupId, unknown));
  await ask('no group', { ...commit, groupId: '' });
  await ask('no topic', { ...commit, topics: [] });
  await ask('a generation', { ...commit, generationIdOrMemberEpoch: 3, memberId: 'nobody' });
  await ask('a member', { ...commit, memberId: 'nobody' });
}

const commits: Scenario = {
  name: 'offset-commit/requests',
  async run(peer) {
    const topic = await makeTopic(peer, 'offsets', { partitions: 2 });
    for (const version of peer.versions(offsetCommitExchange)) {
      await commitSteps(peer, version, topic);
    }
  },
};

const members: Scenario = {
  name: 'offset-commit/members',
  async run(peer) {
    const topic = await makeTopic(peer, 'member-offsets');
    for (const version of peer.versions(offsetCommitExchange)) {
      const member = memberOf(peer, `member-offsets-${version}`);
      const timeouts = { sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 30_000 };
      const joined = await peer.probe(joinGroupExchange, { ...member, ...timeouts }, 3);
      const ask = (step: string, generation: number, memberId: string) =>
        peer.ask(
          step,
          offsetCommitExchange,
          { ...commitOf(member.groupId, topic), generationIdOrMemberEpoch: generation, memberId },
          version,
        );
      await ask('before the sync', joined.generationId, joined.memberId);
      await ask('of no generation', -1, '');
      await ask('of another generation', 17, joined.memberId);
      await ask('of a stranger', joined.generationId, 'nobody');
    }
  },
};

const fetches: Scenario = {
  name: 'offset-fetch/requests',
  async run(peer) {
    const topic = await makeTopic(peer, 'offset-fetch', { partitions: 2 });
    const unknown = { name: `${peer.prefix}-none`, topicId: unknownTopicId };
    const groupId = `${peer.prefix}-offset-fetch`;
    const commit = commitOf(groupId, topic, { committedLeaderEpoch: 2 });
    await peer.ask('commit', offsetCommitExchange, commit, 9);
    for (const version of peer.versions(offsetFetchExchange)) {
      const ask = (step: string, request: object) =>
        peer.ask(step, offsetFetchExchange, request, version);
      await ask('partitions', fetchOf(version, groupId, topic));
      await ask('unknown topic', fetchOf(version, groupId, unknown));
      await ask('unknown group', fetchOf(version, `${peer.prefix}-none`, topic));
      await ask('no group', fetchOf(version, '', topic));
      if (version >= 2) await ask('all', fetchOf(version, groupId, null));
      if (version >= 2) await ask('all of nobody', fetchOf(version, `${peer.prefix}-none`, null));
      if (version >= 7) await ask('stable', fetchOf(version, groupId, topic, true));
      if (version < 8) continue;
      const two = [groupId, `${peer.prefix}-none`].flatMap(
        (id) => fetchOf(version, id, topic).groups ?? [],
      );
      await ask('two groups', { groups: two });
      await ask('no groups', { groups: [] });
      await ask('same group twice', { groups: [two[0], two[0]] });
      if (version >= 9) {
        await ask('a member', { groups: [{ ...two[0], memberId: 'nobody', memberEpoch: 3 }] });
      }
    }
  },
};

const deletions: Scenario = {
  name: 'offset-delete/requests',
  async run(peer) {
    const topic = await makeTopic(peer, 'offset-delete', { partitions: 2 });
    const groupId = `${peer.prefix}-offset-delete`;
    await peer.ask('commit', offsetCommitExchange, commitOf(groupId, topic), 9);
    const ask = (step: string, name: string, partitionIndex: number, group = groupId) =>
      peer.ask(step, offsetDeleteExchange, {
        groupId: group,
        topics: [{ name, partitions: [{ partitionIndex }] }],
      });
    await ask('partition without offset', topic.name, 1);
    await ask('unknown partition', topic.name, 9);
    await ask('unknown topic', `${peer.prefix}-none`, 0);
    await ask('unknown group', topic.name, 0, `${peer.prefix}-none`);
    await ask('no group', topic.name, 0, '');
    await ask('partition', topic.name, 0);
    await peer.ask('then', offsetFetchExchange, fetchOf(8, groupId, null), 8);
  },
};

export const offsetScenarios = [commits, members, fetches, deletions];
