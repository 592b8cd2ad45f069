import { setTimeout as delay } from 'node:timers/promises';
import {
  describeGroupsExchange,
  heartbeatExchange,
  joinGroupExchange,
  leaveGroupExchange,
  syncGroupExchange,
} from '../../exchanges.js';
import { type Member, memberOf } from '../group.js';
import type { Peer } from '../peer.js';
import type { Scenario } from '../scenario.js';

/** Kafka's least session time-out. */
const sessionTimeoutMs = 6000;
const version = 9;

async function described(peer: Peer, step: string, groupId: string): Promise<void> {
  await peer.ask(step, describeGroupsExchange, { groups: [groupId] }, 5);
}

/** Joins with an id of the broker's making; resolves when the group is complete. */
async function join(peer: Peer, step: string, member: Member, rebalanceTimeoutMs = 60_000) {
  const request = { ...member, sessionTimeoutMs, rebalanceTimeoutMs };
  const named = await peer.probe(joinGroupExchange, request, version);
  const { memberId } = named;
  const answer = await peer.ask(step, joinGroupExchange, { ...request, memberId }, version);
  return { memberId, generationId: answer?.generationId ?? -1 };
}

/** Beats until the group waits for its members to join again. */
async function untilRebalance(
  peer: Peer,
  beat: { groupId: string; memberId: string; generationId: number },
): Promise<void> {
  for (;;) {
    const { errorCode } = await peer.probe(heartbeatExchange, beat, 3);
    if (errorCode !== 0) return;
  }
}

const expiry: Scenario = {
  name: 'join-group/members that fall silent',
  async run(peer) {
    const named = memberOf(peer, 'only-named');
    const silent = memberOf(peer, 'silent');
    const times = { sessionTimeoutMs, rebalanceTimeoutMs: 60_000 };
    const pending = await peer.ask(
      'only named',
      joinGroupExchange,
      { ...named, ...times },
      version,
    );
    const { memberId, generationId } = await join(peer, 'joined', silent);
    const { groupId } = silent;
    const assignments = [{ memberId, assignment: Buffer.of(1) }];
    const sync = { groupId, memberId, generationId, assignments };
    await peer.ask('synced', syncGroupExchange, sync, 3);
    await described(peer, 'pending', named.groupId);
    await delay(sessionTimeoutMs / 2);
    await described(peer, 'alive', groupId);
    await delay(sessionTimeoutMs);
    await described(peer, 'expired', groupId);
    await described(peer, 'no longer pending', named.groupId);
    await peer.ask('late beat', heartbeatExchange, { groupId, memberId, generationId });
    const late = { ...named, ...times, memberId: pending?.memberId ?? '' };
    await peer.ask('late join', joinGroupExchange, late, version);
  },
};

const choice: Scenario = {
  name: 'join-group/choice of the protocol',
  async run(peer) {
    const other = peer.another();
    const member = memberOf(peer, 'choice');
    const metadata = member.protocols[0]?.metadata ?? Buffer.alloc(0);
    const speak = (...names: string[]) => names.map((name) => ({ name, metadata }));
    const first = { ...member, protocols: speak('roundrobin', 'sticky', 'range') };
    const { memberId, generationId } = await join(peer, 'first', first);
    const second = { ...member, protocols: speak('sticky', 'range') };
    const joining = join(other, 'second', second);
    const { groupId } = member;
    const beat = { groupId, memberId, generationId };
    await untilRebalance(peer, beat);
    const request = { ...first, memberId, sessionTimeoutMs, rebalanceTimeoutMs: 60_000 };
    const rejoined = peer.ask('first again', joinGroupExchange, request, version);
    const joined = await joining;
    await rejoined;
    await described(peer, 'chosen', groupId);
    const third = { ...member, protocols: speak('roundrobin') };
    const times = { sessionTimeoutMs, rebalanceTimeoutMs: 60_000 };
    await peer.ask('third', joinGroupExchange, { ...third, ...times }, 3);
    const change = { ...second, ...times, memberId: joined.memberId, protocols: speak('range') };
    const changing = other.ask('second changes', joinGroupExchange, change, version);
    // Else the one that comes first is chance.
    await untilRebalance(peer, { ...beat, generationId: joined.generationId });
    await peer.ask('first follows', joinGroupExchange, request, version);
    await changing;
    other.close();
  },
};

const stragglers: Scenario = {
  name: 'join-group/members that do not come back',
  async run(peer) {
    const other = peer.another();
    const member = memberOf(peer, 'stragglers');
    const rebalanceTimeoutMs = 1000;
    const first = await join(peer, 'first', member, rebalanceTimeoutMs);
    const { groupId } = member;
    const assignments = [{ memberId: first.memberId, assignment: Buffer.of(1) }];
    await peer.ask('synced', syncGroupExchange, { ...first, groupId, assignments }, 3);
    await join(other, 'second', member, rebalanceTimeoutMs);
    await peer.ask('first beats', heartbeatExchange, { ...first, groupId });
    await peer.ask('first syncs', syncGroupExchange, { ...first, groupId });
    await described(peer, 'without the first', groupId);
    other.close();
  },
};

const heirs: Scenario = {
  name: 'join-group/while the last member leaves',
  async run(peer) {
    const other = peer.another();
    const member = memberOf(peer, 'heirs');
    // The group may wait for the heir, which has an id already, or be empty by then: chance decides.
    for (let round = 0; round < 10; round++) {
      const request = { ...member, sessionTimeoutMs, rebalanceTimeoutMs: 60_000 };
      const first = await peer.probe(joinGroupExchange, request, version);
      await peer.probe(joinGroupExchange, { ...request, memberId: first.memberId }, version);
      const { memberId } = await other.probe(joinGroupExchange, request, version);
      const members = [{ memberId: first.memberId }];
      const leaving = { groupId: member.groupId, members };
      const [left, joined] = await Promise.all([
        peer.probe(leaveGroupExchange, leaving, 3),
        other.probe(joinGroupExchange, { ...request, memberId }, version),
      ]);
      peer.note('left', { errorCode: left.errorCode });
      peer.note('joined', { errorCode: joined.errorCode });
      await peer.probe(leaveGroupExchange, { ...leaving, members: [{ memberId }] }, 3);
    }
    other.close();
  },
};

export const groupTimingScenarios = [choice, stragglers, expiry, heirs];
