import t from 'tap';
import { heartbeat, leave } from '../../../../engine/coordinators/group/membership.js';
import { ErrorCode } from '../../../../engine/protocol/kafka/errors.js';
import { Machine } from './machine.js';

const range = { name: 'range', metadata: Uint8Array.of(0, 0, 0, 0, 0, 0) };
const sticky = { name: 'sticky', metadata: Uint8Array.of(0, 0, 0, 0, 0, 0) };

t.test('a new group waits for the initial delay, prolonged by whoever comes', (t) => {
  const machine = new Machine();
  const first = machine.join('');
  machine.pass(2_000);
  const second = machine.join('');
  machine.pass(2_000);
  t.equal(first.count, 0, 'the second prolonged the delay');
  machine.pass(2_000);
  t.equal(first.answer?.generationId, 1);
  t.equal(first.answer?.members.length, 2, 'the leader sees everyone');
  t.equal(second.answer?.leader, first.answer?.memberId);
  t.same(second.answer?.members, []);
  t.equal(machine.group.state, 'CompletingRebalance');
  t.end();
});

t.test('the initial delay never goes beyond the rebalance timeout', (t) => {
  const machine = new Machine();
  const first = machine.join('', { rebalanceTimeoutMs: 7_000 });
  for (let i = 0; i < 6; i++) {
    machine.pass(1_000);
    machine.join('', { rebalanceTimeoutMs: 7_000 });
  }
  machine.pass(1_000);
  t.equal(first.count, 1);
  t.end();
});

t.test('assignments are answered once they are on disk, and to late askers too', (t) => {
  const machine = new Machine();
  const [leader, follower] = machine.form(2);
  machine.writesAtOnce = false;
  const waiting = machine.sync(follower!);
  const assignments = new Map([
    [leader!, Uint8Array.of(1)],
    [follower!, Uint8Array.of(2)],
  ]);
  const leading = machine.sync(leader!, { assignments });
  t.equal(waiting.count + leading.count, 0);
  t.equal(machine.group.state, 'CompletingRebalance');
  machine.write();
  t.equal(machine.group.state, 'Stable');
  t.same(waiting.answer?.assignment, Uint8Array.of(2));
  t.same(leading.answer?.assignment, Uint8Array.of(1));
  t.same(machine.sync(follower!).answer, waiting.answer);
  t.equal(waiting.count, 1);
  t.end();
});

t.test('a rebalance that begins while assignments are written is not undone by them', (t) => {
  const machine = new Machine();
  const [leader] = machine.form(1);
  machine.writesAtOnce = false;
  const leading = machine.sync(leader!);
  machine.join('');
  t.equal(leading.answer?.errorCode, ErrorCode.REBALANCE_IN_PROGRESS);
  machine.write();
  t.equal(machine.group.state, 'PreparingRebalance');
  t.end();
});

t.test('whoever does not come back within the rebalance timeout is out', (t) => {
  const machine = new Machine();
  const [leader, late] = machine.form(2, { sessionTimeoutMs: 100_000, rebalanceTimeoutMs: 20_000 });
  machine.assign();
  const third = machine.join('', { sessionTimeoutMs: 100_000, rebalanceTimeoutMs: 20_000 });
  const again = machine.join(leader!, { rebalanceTimeoutMs: 20_000 });
  t.equal(
    heartbeat(machine.context, machine.group, late!, null, 1),
    ErrorCode.REBALANCE_IN_PROGRESS,
  );
  machine.pass(19_999);
  t.equal(again.count, 0);
  machine.pass(1);
  t.equal(again.answer?.generationId, 2);
  t.equal(third.answer?.generationId, 2);
  t.equal(heartbeat(machine.context, machine.group, late!, null, 1), ErrorCode.UNKNOWN_MEMBER_ID);
  t.end();
});

t.test('a pending member joins a rebalance that all others have left', (t) => {
  const machine = new Machine();
  const [leader] = machine.form(1);
  machine.assign();
  const pending = machine.join('', { requiresMemberId: true }).answer!.memberId;
  leave(machine.context, machine.group, [
    { memberId: leader!, groupInstanceId: null, reason: null },
  ]);
  t.equal(machine.group.state, 'PreparingRebalance', 'the pending member is waited for');
  const joining = machine.join(pending, { requiresMemberId: true });
  t.equal(joining.answer?.errorCode, ErrorCode.NONE);
  t.equal(joining.answer?.generationId, 2);
  t.end();
});

t.test('a session that ends makes the others rebalance; waiting members have no session', (t) => {
  const machine = new Machine();
  const [leader, silent] = machine.form(2);
  machine.assign();
  for (let i = 0; i < 3; i++) {
    machine.pass(4_000);
    heartbeat(machine.context, machine.group, leader!, null, 1);
  }
  t.notOk(machine.group.members.has(silent!));
  t.equal(machine.group.state, 'PreparingRebalance');
  const again = machine.join(leader!);
  t.equal(again.answer?.generationId, 2, 'nobody else is waited for');
  t.end();
});

t.test('a new member that never hears back is given up after five minutes', (t) => {
  const machine = new Machine();
  const [leader] = machine.form(1, { rebalanceTimeoutMs: 1_800_000 });
  machine.assign();
  const joining = machine.join('', { rebalanceTimeoutMs: 1_800_000 });
  for (let i = 0; i < 75; i++) {
    machine.pass(4_000);
    if (machine.group.members.has(leader!)) {
      heartbeat(machine.context, machine.group, leader!, null, 1);
    }
  }
  t.equal(joining.answer?.errorCode, ErrorCode.UNKNOWN_MEMBER_ID);
  t.equal(joining.answer?.memberId, '');
  t.end();
});

t.test('members that do not send SyncGroup in time are out', (t) => {
  const machine = new Machine();
  const [leader, lost] = machine.form(2, { rebalanceTimeoutMs: 15_000, sessionTimeoutMs: 60_000 });
  const leading = machine.sync(leader!);
  t.equal(leading.count, 1);
  machine.pass(15_000);
  t.notOk(machine.group.members.has(lost!));
  t.equal(machine.group.state, 'PreparingRebalance');
  t.end();
});

t.test('the protocol is the one that most prefer of those that all support', (t) => {
  const machine = new Machine();
  machine.join('', { protocols: [sticky, range] });
  machine.join('', { protocols: [range, sticky] });
  const last = machine.join('', { protocols: [range, sticky] });
  machine.pass(9_000);
  t.equal(last.answer?.protocolName, 'range');
  const other = machine.join('', { protocols: [{ name: 'other', metadata: range.metadata }] });
  t.equal(other.answer?.errorCode, ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  const type = machine.join('', { protocolType: 'connect', protocols: [range] });
  t.equal(type.answer?.errorCode, ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  const none = new Machine().join('', { protocols: [] });
  t.equal(none.answer?.errorCode, ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  t.end();
});

t.test(
  'joining again unchanged repeats the answer, except for the leader of a stable group',
  (t) => {
    const machine = new Machine();
    const [leader, follower] = machine.form(2);
    t.equal(
      machine.join(leader!).answer?.members.length,
      2,
      'while it completes: an answer was lost',
    );
    t.equal(machine.group.state, 'CompletingRebalance');
    machine.assign();
    t.equal(machine.join(follower!).answer?.generationId, 1);
    t.equal(machine.group.state, 'Stable');
    t.equal(machine.join(follower!, { protocols: [range, sticky] }).count, 0);
    t.equal(machine.group.state, 'PreparingRebalance');
    machine.join(leader!, { protocols: [range, sticky] });
    machine.assign();
    t.equal(machine.group.generationId, 2);
    machine.join(leader!, { protocols: [range, sticky] });
    t.equal(machine.group.state, 'PreparingRebalance');
    t.end();
  },
);

t.test('generations, members and protocols that do not fit are refused', (t) => {
  const machine = new Machine();
  const [leader] = machine.form(1);
  const { context, group } = machine;
  t.equal(machine.sync('nobody').answer?.errorCode, ErrorCode.UNKNOWN_MEMBER_ID);
  t.equal(
    machine.sync(leader!, { generationId: 7 }).answer?.errorCode,
    ErrorCode.ILLEGAL_GENERATION,
  );
  t.equal(
    machine.sync(leader!, { protocolName: 'sticky' }).answer?.errorCode,
    ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
  );
  t.equal(
    machine.sync(leader!, { protocolType: 'connect' }).answer?.errorCode,
    ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
  );
  t.equal(heartbeat(context, group, leader!, null, 0), ErrorCode.ILLEGAL_GENERATION);
  t.equal(heartbeat(context, group, 'nobody', null, 1), ErrorCode.UNKNOWN_MEMBER_ID);
  t.equal(heartbeat(context, group, leader!, 'x', 1), ErrorCode.UNKNOWN_MEMBER_ID);
  t.equal(heartbeat(context, group, leader!, null, 1), ErrorCode.NONE);
  t.end();
});

t.test('leaving rebalances, and the last one leaves an empty generation', (t) => {
  const machine = new Machine();
  const { context, group } = machine;
  const [leader, follower] = machine.form(2);
  machine.assign();
  const gone = { memberId: leader!, groupInstanceId: null, reason: 'bye' };
  const nobody = { memberId: 'nobody', groupInstanceId: null, reason: null };
  t.same(leave(context, group, [gone, nobody]), [ErrorCode.NONE, ErrorCode.UNKNOWN_MEMBER_ID]);
  t.equal(group.state, 'PreparingRebalance');
  t.equal(group.leaderId, follower);
  machine.writesAtOnce = false;
  t.same(leave(context, group, [{ ...gone, memberId: follower! }]), [ErrorCode.NONE]);
  t.equal(group.state, 'Empty');
  t.equal(group.generationId, 2);
  t.equal(group.protocolName, null);
  t.equal(machine.unwritten.length, 1, 'the empty generation is written');
  t.equal(context.deadlines.size, 0, 'and nothing is left to happen');
  t.end();
});

t.test('an earlier JoinGroup or SyncGroup of the same member is told to go on', (t) => {
  const machine = new Machine();
  const [leader, follower] = machine.form(2);
  const first = machine.sync(follower!);
  const second = machine.sync(follower!);
  t.equal(first.answer?.errorCode, ErrorCode.REBALANCE_IN_PROGRESS);
  t.equal(second.count, 0);
  machine.sync(leader!);
  t.equal(second.count, 1);
  const joining = machine.join(leader!);
  machine.join(leader!);
  t.equal(joining.answer?.errorCode, ErrorCode.REBALANCE_IN_PROGRESS);
  t.equal(machine.group.awaitingJoinCount, 1);
  t.end();
});
