import {
  deleteGroupsExchange,
  describeGroupsExchange,
  heartbeatExchange,
  joinGroupExchange,
  leaveGroupExchange,
  listGroupsExchange,
  syncGroupExchange,
} from '../../exchanges.js';
import { type Member, memberOf } from '../group.js';
import type { Peer } from '../peer.js';
import type { Scenario } from '../scenario.js';

async function join(peer: Peer, step: string, member: Member, version: number, request = {}) {
  const answer = await peer.ask(
    step,
    joinGroupExchange,
    { ...member, sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 30_000, ...request },
    version,
  );
  return { ...member, memberId: answer?.memberId ?? '', generation: answer?.generationId ?? -1 };
}

/** Joins as clients do: from v4 on the first answer only gives the member its id. */
async function joinTwice(peer: Peer, step: string, member: Member, version: number) {
  const first = await join(peer, step, member, version);
  if (version < 4 || member.groupInstanceId !== null) return first;
  return join(peer, `${step} with its id`, first, version);
}

async function lifeOf(peer: Peer, version: number): Promise<void> {
  const member = memberOf(peer, `life-${version}`);
  const { groupId, protocolType } = member;
  const state = (step: string) =>
    peer.ask(`${step}, in v${version}`, describeGroupsExchange, { groups: [groupId] }, 5);
  const joined = await joinTwice(peer, 'join', member, version);
  const { memberId, generation: generationId } = joined;
  await state('joined');
  const sync = (step: string, request: object) =>
    peer.ask(
      `${step}, in v${version}`,
      syncGroupExchange,
      { groupId, generationId, memberId, protocolType, protocolName: 'range', ...request },
      Math.min(version, 5),
    );
  const beat = (step: string, request: object) =>
    peer.ask(
      `${step}, in v${version}`,
      heartbeatExchange,
      { groupId, generationId, memberId, ...request },
      Math.min(version, 4),
    );
  await beat('beat before sync', {});
  await sync('sync of another generation', { generationId: 7 });
  await sync('sync of a stranger', { memberId: 'nobody' });
  await sync('sync of another type', { protocolType: 'connect' });
  await sync('sync of another protocol', { protocolName: 'sticky' });
  await sync('sync', { assignments: [{ memberId, assignment: Buffer.from('mine') }] });
  await sync('sync again', { assignments: [{ memberId, assignment: Buffer.from('other') }] });
  await state('stable');
  await beat('beat', {});
  await beat('beat of another generation', { generationId: 99 });
  await beat('beat of a stranger', { memberId: 'nobody' });
  await beat('beat without a name', { memberId: '' });
  await beat('beat in no group', { groupId: `${peer.prefix}-none` });
  await beat('beat in an unnamed group', { groupId: '' });
  await join(peer, 'join again as leader', joined, version);
  await join(peer, 'join of a stranger', { ...member, memberId: 'nobody' }, version);
  await join(peer, 'join with other protocols', { ...joined, protocols: [] }, version);
  const leave = (step: string, id: string, group = groupId) =>
    peer.ask(
      `${step}, in v${version}`,
      leaveGroupExchange,
      { groupId: group, memberId: id, members: [{ memberId: id, groupInstanceId: null }] },
      Math.min(version, 5),
    );
  await leave('leave of a stranger', 'nobody');
  await leave('leave no group', memberId, `${peer.prefix}-none`);
  await leave('leave', memberId);
  await leave('leave again', memberId);
  await state('empty');
  await peer.ask(`delete, in v${version}`, deleteGroupsExchange, { groupsNames: [groupId] }, 2);
  await state('deleted');
}

const life: Scenario = {
  name: 'join-group/life of a group',
  async run(peer) {
    for (const version of peer.versions(joinGroupExchange)) await lifeOf(peer, version);
  },
};

const refusals: Scenario = {
  name: 'join-group/refusals',
  async run(peer) {
    for (const version of peer.versions(joinGroupExchange)) {
      const member = memberOf(peer, `refused-${version}`);
      const ask = (step: string, change: object, request: object = {}) =>
        join(peer, step, { ...member, ...change }, version, request);
      await ask('no group', { groupId: '' });
      await ask('short session', {}, { sessionTimeoutMs: 1 });
      await ask('long session', {}, { sessionTimeoutMs: 100_000_000 });
      await ask('stranger', { memberId: 'nobody' });
      await ask('no protocol', { protocols: [] });
      await ask('no type', { protocolType: '' });
      await joinTwice(peer, 'founder', member, version);
      await ask('other type', { protocolType: 'connect' });
      const sticky = [{ name: 'sticky', metadata: Buffer.alloc(0) }];
      await ask('other protocols', { protocols: sticky });
    }
  },
};

const statics: Scenario = {
  name: 'join-group/static members',
  async run(peer) {
    for (const version of peer.versions(joinGroupExchange)) {
      if (version < 5) continue;
      const member = { ...memberOf(peer, `static-${version}`), groupInstanceId: 'one' };
      const { groupId } = member;
      const first = await join(peer, 'join', member, version);
      const { memberId, generation: generationId } = first;
      const assignments = [{ memberId, assignment: Buffer.from('mine') }];
      const sync = { groupId, memberId, generationId, groupInstanceId: 'one', assignments };
      await peer.ask(`sync, in v${version}`, syncGroupExchange, sync, 3);
      const again = await join(peer, 'join again with no id', member, version);
      await join(peer, 'join with the old id', first, version);
      const beat = { groupId, generationId, groupInstanceId: 'one' };
      await peer.ask(`old beat, in v${version}`, heartbeatExchange, { ...beat, memberId }, 3);
      await peer.ask(
        `beat, in v${version}`,
        heartbeatExchange,
        { ...beat, memberId: again.memberId },
        3,
      );
      await peer.ask(`described, in v${version}`, describeGroupsExchange, { groups: [groupId] }, 5);
      const leave = (step: string, members: object[]) =>
        peer.ask(`${step}, in v${version}`, leaveGroupExchange, { groupId, members }, 5);
      await leave('leave as another', [{ memberId: '', groupInstanceId: 'two' }]);
      await leave('leave with the old id', [{ memberId, groupInstanceId: 'one' }]);
      await leave('leave by instance', [{ memberId: '', groupInstanceId: 'one' }]);
    }
  },
};

const rebalance: Scenario = {
  name: 'join-group/two members',
  async run(peer) {
    const other = peer.another();
    for (const version of peer.versions(joinGroupExchange)) {
      const member = memberOf(peer, `two-${version}`);
      const { groupId } = member;
      const one = await joinTwice(peer, 'first', member, version);
      const named = version < 4 ? member : await join(other, 'second', member, version);
      const joining = join(other, 'second joins', named, version);
      const again = await rejoin(peer, one, version);
      const two = await joining;
      const sync = (
        from: Peer,
        step: string,
        { memberId, generation }: typeof one,
        all: string[],
      ) =>
        from.ask(step, syncGroupExchange, {
          groupId,
          memberId,
          generationId: generation,
          protocolType: 'consumer',
          protocolName: 'range',
          assignments: all.map((id, index) => ({ memberId: id, assignment: Buffer.of(index) })),
        });
      const follower = sync(other, `follower of v${version} syncs`, two, []);
      await sync(peer, `leader of v${version} syncs`, again, [again.memberId, two.memberId]);
      await follower;
      const members = [{ memberId: two.memberId, groupInstanceId: null }];
      await other.ask(`second of v${version} leaves`, leaveGroupExchange, { groupId, members });
      const beat = { groupId, memberId: one.memberId, generationId: again.generation };
      await peer.ask(`first of v${version} hears of it`, heartbeatExchange, beat);
    }
    other.close();
  },
};

/** Beats until the group rebalances, then joins again. */
async function rejoin(peer: Peer, member: Awaited<ReturnType<typeof join>>, version: number) {
  const { groupId, memberId, generation: generationId } = member;
  for (;;) {
    const beat = { groupId, memberId, generationId };
    const { errorCode } = await peer.probe(heartbeatExchange, beat, 3);
    if (errorCode !== 0) break;
  }
  return join(peer, 'first joins again', member, version);
}

const listing: Scenario = {
  name: 'list-groups/filters',
  async run(peer) {
    const member = memberOf(peer, 'listed');
    await joinTwice(peer, 'join', member, 5);
    for (const version of peer.versions(listGroupsExchange)) {
      const ask = async (step: string, request: object) => {
        const answer = await peer.probe(listGroupsExchange, request, version);
        const groups = answer.groups.filter((group) => group.groupId === member.groupId);
        peer.note(`${step} v${version}`, { ...answer, groups });
      };
      await ask('all', {});
      await ask('stable', { statesFilter: ['Stable'] });
      await ask('completing', { statesFilter: ['CompletingRebalance'] });
      await ask('lower case', { statesFilter: ['completingrebalance'] });
      await ask('no such state', { statesFilter: ['Sleeping'] });
      await ask('classic', { typesFilter: ['classic'] });
      await ask('Classic', { typesFilter: ['Classic'] });
      await ask('consumer', { typesFilter: ['consumer'] });
      await ask('no such type', { typesFilter: ['choir'] });
    }
    for (const version of peer.versions(describeGroupsExchange)) {
      const groups = [member.groupId, `${peer.prefix}-none`];
      const request = { groups, includeAuthorizedOperations: true };
      await peer.ask('describe', describeGroupsExchange, request, version);
    }
    for (const version of peer.versions(deleteGroupsExchange)) {
      const groupsNames = [member.groupId, `${peer.prefix}-none`];
      await peer.ask('delete', deleteGroupsExchange, { groupsNames }, version);
    }
  },
};

export const groupScenarios = [life, refusals, statics, rebalance, listing];
