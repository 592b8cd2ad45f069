import t from 'tap';
import { heartbeat, leave } from '../../../../engine/coordinators/group/membership.js';
import { dissolve } from '../../../../engine/coordinators/group/rebalance.js';
import { ErrorCode } from '../../../../engine/protocol/kafka/errors.js';
import fc from '../../../fast-check.js';
import { Machine } from './machine.js';

const metadata = Uint8Array.of(0, 0, 0, 0, 0, 0);
const protocolSets = [['range'], ['range', 'sticky'], ['sticky', 'range'], ['sticky']];

/** One thing that a client, the log or the clock does; members are chosen among those ever seen. */
const step = fc.oneof(
  fc.record({
    kind: fc.constant('join-new' as const),
    instance: fc.option(fc.constantFrom('i1', 'i2'), { nil: null }),
    requiresMemberId: fc.boolean(),
    canSkipAssignment: fc.boolean(),
    protocols: fc.nat(3),
  }),
  fc.record({ kind: fc.constant('join-again' as const), who: fc.nat(), protocols: fc.nat(3) }),
  fc.record({ kind: fc.constant('sync' as const), who: fc.nat(), stale: fc.boolean() }),
  fc.record({ kind: fc.constant('heartbeat' as const), who: fc.nat() }),
  fc.record({ kind: fc.constant('leave' as const), who: fc.nat(), byInstance: fc.boolean() }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(40_000) }),
  fc.record({ kind: fc.constant('write' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

class Churn {
  readonly machine = new Machine({ groupMaxSize: 4 });
  private readonly seen: { memberId: string; groupInstanceId: string | null }[] = [];
  private generation = 0;

  constructor() {
    this.machine.writesAtOnce = false;
  }

  take(one: Step): void {
    const { machine } = this;
    const { context, group } = machine;
    switch (one.kind) {
      case 'join-new':
        machine.join('', {
          groupInstanceId: one.instance,
          requiresMemberId: one.requiresMemberId,
          canSkipAssignment: one.canSkipAssignment,
          protocols: protocolsOf(one.protocols),
        });
        break;
      case 'join-again': {
        const { memberId, groupInstanceId } = this.someone(one.who);
        machine.join(memberId, { groupInstanceId, protocols: protocolsOf(one.protocols) });
        break;
      }
      case 'sync': {
        const { memberId, groupInstanceId } = this.someone(one.who);
        const generationId = group.generationId - (one.stale ? 1 : 0);
        machine.sync(memberId, { groupInstanceId, generationId });
        break;
      }
      case 'heartbeat': {
        const { memberId, groupInstanceId } = this.someone(one.who);
        heartbeat(context, group, memberId, groupInstanceId, group.generationId);
        break;
      }
      case 'leave': {
        const { memberId, groupInstanceId } = this.someone(one.who);
        const byInstance = one.byInstance && groupInstanceId !== null;
        const who = { memberId: byInstance ? '' : memberId, groupInstanceId, reason: null };
        leave(context, group, [who]);
        break;
      }
      case 'pass':
        machine.pass(one.ms);
        break;
      case 'write':
        machine.write();
        break;
    }
    this.note();
    this.check();
  }

  /** The end of the coordinator: nobody may be left waiting, and nothing left to happen. */
  end(): void {
    const { context, group, joins, syncs } = this.machine;
    dissolve(context, group, ErrorCode.NOT_COORDINATOR);
    for (const { count } of [...joins, ...syncs]) {
      if (count !== 1) throw new Error(`answered ${count} times`);
    }
    if (context.deadlines.size > 0) throw new Error('a deadline is left');
    this.machine.write();
  }

  private someone(who: number) {
    if (this.seen.length === 0) return { memberId: 'nobody', groupInstanceId: null };
    // Mostly those seen last.
    return this.seen[Math.max(0, this.seen.length - 1 - (who % 6))]!;
  }

  private note(): void {
    const { group } = this.machine;
    const known = new Set(this.seen.map(({ memberId }) => memberId));
    for (const { memberId, groupInstanceId } of group.members.values()) {
      if (!known.has(memberId)) this.seen.push({ memberId, groupInstanceId });
    }
    for (const memberId of group.pendingJoin.keys()) {
      if (!known.has(memberId)) this.seen.push({ memberId, groupInstanceId: null });
    }
  }

  private check(): void {
    const { group, joins, syncs } = this.machine;
    const members = [...group.members.values()];
    const fail = (what: string) => {
      throw new Error(`${what} in ${group.state}`);
    };
    if (group.generationId < this.generation) fail('generation fell');
    this.generation = group.generationId;
    if (members.length > 4) fail('too many members');
    if (members.length > 0 !== (group.leaderId !== null)) fail('leader without members');
    if (group.leaderId !== null && !group.members.has(group.leaderId)) fail('leader is no member');
    if (members.length > 0 && group.is('Empty', 'Dead')) fail('members');
    for (const member of members) {
      const { memberId, awaitingJoin, awaitingSync, groupInstanceId } = member;
      if (group.pendingJoin.has(memberId)) fail('member is pending as well');
      if (awaitingJoin !== null && awaitingSync !== null) fail('member waits for two things');
      if (awaitingSync !== null && !group.is('CompletingRebalance')) fail('waits for assignment');
      if (groupInstanceId !== null && group.staticMembers.get(groupInstanceId) !== memberId) {
        fail('instance points elsewhere');
      }
      if (member.session.place < 0 && awaitingJoin === null && awaitingSync === null) {
        fail('member without a session');
      }
    }
    for (const memberId of group.pendingSync) {
      if (!group.members.has(memberId)) fail('waits for SyncGroup of nobody');
    }
    if (
      group.is('CompletingRebalance') &&
      group.syncDeadline.place < 0 &&
      group.pendingSync.size > 0
    ) {
      fail('waits for SyncGroup for ever');
    }
    if (group.is('PreparingRebalance') && group.joinDeadline.place < 0) fail('waits for ever');
    const awaitingJoin = members.filter((member) => member.awaitingJoin !== null).length;
    if (awaitingJoin !== group.awaitingJoinCount) fail('count of waiting members is off');
    const open = (all: readonly { count: number }[]) =>
      all.filter(({ count }) => count === 0).length;
    if (open(joins) !== awaitingJoin) fail('a JoinGroup is lost');
    const awaitingSync = members.filter((member) => member.awaitingSync !== null).length;
    if (open(syncs) !== awaitingSync) fail('a SyncGroup is lost');
    if ([...joins, ...syncs].some(({ count }) => count > 1)) fail('answered twice');
  }
}

function protocolsOf(set: number) {
  return protocolSets[set]!.map((name) => ({ name, metadata }));
}

t.test('no churn loses an answer, a leader or a generation', (t) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 80 }), (steps) => {
      const churn = new Churn();
      for (const one of steps) churn.take(one);
      churn.end();
    }),
    { numRuns: 1_500 },
  );
  t.end();
});
