import t from 'tap';
import { heartbeat, leave } from '../../../../engine/coordinators/group/membership.js';
import { ErrorCode } from '../../../../engine/protocol/kafka/errors.js';
import { Machine } from './machine.js';

const range = { name: 'range', metadata: Uint8Array.of(0, 0, 0, 0, 0, 0) };
const sticky = { name: 'sticky', metadata: Uint8Array.of(0, 0, 0, 0, 0, 0) };

/** A stable group of two static members; their member ids. */
function staticPair(machine: Machine): string[] {
  const joins = ['i1', 'i2'].map((groupInstanceId) => machine.join('', { groupInstanceId }));
  const memberIds = machine.settle(joins);
  machine.assign();
  return memberIds;
}

t.test('a member id has to be asked for first, and is forgotten if nobody comes with it', (t) => {
  const machine = new Machine();
  const asked = machine.join('', { requiresMemberId: true });
  t.equal(asked.answer?.errorCode, ErrorCode.MEMBER_ID_REQUIRED);
  t.equal(asked.answer?.memberId, 'client-1');
  t.equal(machine.group.members.size, 0);
  machine.pass(9_999);
  t.equal(machine.group.pendingJoin.size, 1);
  t.equal(machine.abandonments, 0);
  machine.pass(1);
  t.equal(machine.group.pendingJoin.size, 0);
  t.equal(machine.abandonments, 1, 'nor is the group kept');
  t.equal(machine.join('client-1').answer?.errorCode, ErrorCode.UNKNOWN_MEMBER_ID);
  t.end();
});

t.test('a rebalance waits for pending ids, until they come, leave or expire', (t) => {
  const machine = new Machine();
  const [leader] = machine.form(1);
  machine.assign();
  const pending = machine.join('', { requiresMemberId: true }).answer!.memberId;
  const leading = machine.join(leader!);
  t.equal(leading.count, 0);
  const left = { memberId: pending, groupInstanceId: null, reason: null };
  t.same(leave(machine.context, machine.group, [left]), [ErrorCode.NONE]);
  t.equal(leading.answer?.generationId, 2);
  const other = machine.join('', { requiresMemberId: true }).answer!.memberId;
  const joining = machine.join(other, { requiresMemberId: true });
  machine.join(leader!);
  t.equal(joining.answer?.generationId, 3);
  t.end();
});

t.test('a static member that comes back keeps its assignment without a rebalance', (t) => {
  const machine = new Machine();
  const [, follower] = staticPair(machine);
  const assignment = machine.group.members.get(follower!)?.assignment;
  machine.writesAtOnce = false;
  const back = machine.join('', { groupInstanceId: 'i2' });
  t.equal(back.count, 0, 'its new id has to be on disk first');
  machine.write();
  t.equal(machine.group.state, 'Stable');
  t.equal(back.answer?.generationId, 1);
  t.not(back.answer?.memberId, follower);
  t.same(machine.sync(back.answer!.memberId).answer?.assignment, assignment);
  const { context, group } = machine;
  t.equal(heartbeat(context, group, follower!, 'i2', 1), ErrorCode.FENCED_INSTANCE_ID);
  t.equal(
    machine.join(follower!, { groupInstanceId: 'i2' }).answer?.errorCode,
    ErrorCode.FENCED_INSTANCE_ID,
  );
  t.end();
});

t.test(
  'a leader that comes back is told that the assignment stands, or is kept from leading',
  (t) => {
    const modern = new Machine();
    staticPair(modern);
    const skipping = modern.join('', { groupInstanceId: 'i1', canSkipAssignment: true }).answer!;
    t.equal(skipping.leader, skipping.memberId);
    t.equal(skipping.skipAssignment, true);
    t.equal(skipping.members.length, 2);

    const older = new Machine();
    const [former] = staticPair(older);
    const following = older.join('', { groupInstanceId: 'i1', canSkipAssignment: false }).answer!;
    t.equal(following.leader, former, 'the id it had before, so that it does not assign');
    t.equal(following.skipAssignment, false);
    t.same(following.members, []);
    t.end();
  },
);

t.test('a static member that changes the protocol makes the group rebalance', (t) => {
  const machine = new Machine();
  const joins = ['i1', 'i2'].map((groupInstanceId) =>
    machine.join('', { groupInstanceId, protocols: [range, sticky] }),
  );
  machine.settle(joins);
  machine.assign();
  t.equal(joins[0]?.answer?.protocolName, 'range');
  const back = machine.join('', { groupInstanceId: 'i2', protocols: [sticky] });
  t.equal(back.count, 0);
  t.equal(machine.group.state, 'PreparingRebalance');
  machine.join(joins[0]!.answer!.memberId, { groupInstanceId: 'i1', protocols: [range, sticky] });
  t.equal(back.answer?.protocolName, 'sticky');
  t.end();
});

t.test('a duplicate of an instance is fenced where it waits', (t) => {
  const machine = new Machine();
  const [leader, follower] = staticPair(machine);
  machine.join(leader!, { groupInstanceId: 'i1' });
  const waiting = machine.join(follower!, { groupInstanceId: 'i2', protocols: [range, sticky] });
  t.equal(waiting.answer?.generationId, 2);
  const syncing = machine.sync(follower!, { groupInstanceId: 'i2' });
  const usurper = machine.join('', { groupInstanceId: 'i2' });
  t.equal(syncing.answer?.errorCode, ErrorCode.FENCED_INSTANCE_ID);
  t.equal(usurper.count, 0);
  t.equal(machine.group.state, 'PreparingRebalance', 'the assignment under way names the old id');
  t.end();
});

t.test('static members survive a rebalance that they miss, until their session ends', (t) => {
  const machine = new Machine();
  const [leader, follower] = staticPair(machine);
  const again = machine.join(leader!, { groupInstanceId: 'i1', sessionTimeoutMs: 200_000 });
  for (let i = 0; i < 20; i++) {
    machine.pass(3_000);
    heartbeat(machine.context, machine.group, follower!, 'i2', 1);
  }
  t.equal(again.answer?.generationId, 2, 'the rebalance timeout ends the join phase');
  t.ok(machine.group.members.has(follower!));
  t.end();
});

t.test('if nobody has joined but static members are left, the rebalance goes on', (t) => {
  const machine = new Machine();
  const [first, second] = staticPair(machine);
  const dynamic = machine.join('');
  leave(machine.context, machine.group, [
    {
      memberId: dynamic.answer?.memberId ?? [...machine.group.members.keys()][2]!,
      groupInstanceId: null,
      reason: null,
    },
  ]);
  for (let i = 0; i < 30; i++) {
    machine.pass(3_000);
    heartbeat(machine.context, machine.group, first!, 'i1', 1);
    heartbeat(machine.context, machine.group, second!, 'i2', 1);
  }
  t.equal(machine.group.state, 'PreparingRebalance');
  t.equal(machine.group.generationId, 1);
  machine.pass(10_000);
  t.equal(machine.group.members.size, 0, 'the sessions are over');
  t.equal(machine.group.state, 'Empty');
  t.end();
});

t.test('an administrator removes static members by instance, one by one', (t) => {
  const machine = new Machine();
  staticPair(machine);
  const byInstance = (groupInstanceId: string, memberId = '') => ({
    memberId,
    groupInstanceId,
    reason: null,
  });
  t.same(
    leave(machine.context, machine.group, [
      byInstance('i1'),
      byInstance('i3'),
      byInstance('i2', 'not-its-id'),
      byInstance('i1'),
    ]),
    [
      ErrorCode.NONE,
      ErrorCode.UNKNOWN_MEMBER_ID,
      ErrorCode.FENCED_INSTANCE_ID,
      ErrorCode.UNKNOWN_MEMBER_ID,
    ],
  );
  t.same([...machine.group.staticMembers.keys()], ['i2']);
  t.end();
});

t.test('a full group takes nobody in, and those who are in may come back', (t) => {
  const machine = new Machine({ groupMaxSize: 2 });
  const [leader, follower] = machine.form(2);
  const { GROUP_MAX_SIZE_REACHED } = ErrorCode;
  t.equal(machine.join('').answer?.errorCode, GROUP_MAX_SIZE_REACHED);
  machine.assign();
  t.equal(machine.join('').answer?.errorCode, GROUP_MAX_SIZE_REACHED);
  const again = machine.join(leader!);
  const joining = machine.join('');
  t.equal(joining.count, 0, 'there is a place until the other one claims it');
  t.equal(machine.join(follower!).answer?.errorCode, GROUP_MAX_SIZE_REACHED);
  t.equal(again.answer?.generationId, 2);
  t.equal(joining.answer?.generationId, 2);
  t.end();
});

t.test('what a client may make us keep is bounded', (t) => {
  const machine = new Machine();
  const large = [{ name: 'range', metadata: new Uint8Array(1_000_000) }];
  t.equal(machine.join('', { protocols: large }).answer?.errorCode, ErrorCode.INVALID_REQUEST);
  const asked = Array.from({ length: 10_001 }, () => machine.join('', { requiresMemberId: true }));
  t.equal(asked.at(-2)?.answer?.errorCode, ErrorCode.MEMBER_ID_REQUIRED);
  t.equal(asked.at(-1)?.answer?.errorCode, ErrorCode.GROUP_MAX_SIZE_REACHED);
  const named = new Machine().join('', { clientId: 'é'.repeat(5_000), requiresMemberId: true });
  t.ok(Buffer.byteLength(named.answer?.memberId ?? '') < 3_000);
  t.end();
});
