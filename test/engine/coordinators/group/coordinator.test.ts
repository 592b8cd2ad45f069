import t from 'tap';
import type { JoinRequest } from '../../../../engine/coordinators/group/join.js';
import { ErrorCode } from '../../../../engine/protocol/kafka/errors.js';
import { DAY_MS, Fixture, readyFixture } from './coordinator-fixture.js';

/** A JoinGroup that no group can accept. */
const EMPTY_JOIN: JoinRequest = {
  memberId: '',
  groupInstanceId: null,
  clientId: 'c',
  clientHost: '/',
  protocolType: '',
  protocols: [],
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 10_000,
  reason: null,
  requiresMemberId: false,
  canSkipAssignment: true,
};

const turn = () => new Promise((resolve) => setImmediate(resolve));

t.test('until someone asks for a coordinator there is no offsets topic', async (t) => {
  const fixture = new Fixture();
  await fixture.coordinator.start();
  t.equal(fixture.offsets('g'), ErrorCode.NOT_COORDINATOR);
  t.same(fixture.coordinator.listGroups(), { errorCode: 0, groups: [] });
  await Promise.all([fixture.coordinator.ensureReady(), fixture.coordinator.ensureReady()]);
  t.same(fixture.offsets('g'), {});
  await fixture.coordinator.close();
});

t.test('a group that loads says so, and never that it has no offsets', async (t) => {
  const fixture = await readyFixture();
  await fixture.commit('g', { 'a-0': 1 });
  const member = await fixture.formGroup('h');
  fixture.memory.holdsReads = true;
  await fixture.coordinator.close();
  const restarting = fixture.restart();
  await turn();
  const { coordinator } = fixture;
  const { COORDINATOR_LOAD_IN_PROGRESS } = ErrorCode;
  t.equal(fixture.offsets('g'), COORDINATOR_LOAD_IN_PROGRESS);
  t.equal(await fixture.commit('g', { 'a-0': 2 }), COORDINATOR_LOAD_IN_PROGRESS);
  t.equal(coordinator.listGroups().errorCode, COORDINATOR_LOAD_IN_PROGRESS);
  t.equal(coordinator.group('h'), COORDINATOR_LOAD_IN_PROGRESS);
  t.equal(coordinator.heartbeat('h', member.memberId, null, 1), ErrorCode.NONE);
  t.same(coordinator.leaveGroup('h', []), COORDINATOR_LOAD_IN_PROGRESS);
  fixture.memory.holdsReads = false;
  for (const finish of fixture.memory.heldReads.splice(0)) finish();
  await restarting;
  t.same(fixture.offsets('g'), { 'a-0': 1 });
  await coordinator.close();
});

t.test('a group is as it was after a restart, and its members go on', async (t) => {
  const fixture = await readyFixture();
  const { memberId, generationId } = await fixture.formGroup('g');
  await fixture.restart();
  const { coordinator } = fixture;
  t.match(coordinator.group('g'), {
    state: 'Stable',
    generationId,
    protocolName: 'range',
    leaderId: memberId,
  });
  t.equal(coordinator.heartbeat('g', memberId, null, generationId), ErrorCode.NONE);
  const sync = { memberId, groupInstanceId: null, generationId, protocolType: null };
  const answer = await coordinator.syncGroup('g', {
    ...sync,
    protocolName: null,
    assignments: new Map(),
  });
  t.same(answer.assignment, Uint8Array.of(7));
  fixture.pass(10_000);
  t.match(coordinator.group('g'), { state: 'Empty' }, 'one that does not go on is missed');
  await coordinator.close();
});

t.test('a failed append drops the state and reads it again', async (t) => {
  const fixture = await readyFixture();
  const { coordinator, memory } = fixture;
  await fixture.commit('g', { 'a-0': 1 });
  const member = await fixture.formGroup('h');
  memory.failures.push(ErrorCode.KAFKA_STORAGE_ERROR);
  const outcomes = [fixture.commit('g', { 'a-0': 2 }), fixture.commit('g', { 'a-1': 2 })];
  t.same(await Promise.all(outcomes), [ErrorCode.NOT_COORDINATOR, ErrorCode.NOT_COORDINATOR]);
  t.equal(fixture.offsets('g'), ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
  await fixture.loaded();
  t.same(fixture.offsets('g'), { 'a-0': 1 });
  t.equal(coordinator.heartbeat('h', member.memberId, null, 1), ErrorCode.NONE);
  t.equal(await fixture.commit('g', { 'a-0': 3 }), ErrorCode.NONE);
  await coordinator.close();
});

t.test('a log that takes nothing is tried again, and never said to be empty', async (t) => {
  const fixture = await readyFixture();
  await fixture.commit('g', { 'a-0': 1 });
  await fixture.restart();
  for (let i = 0; i < 3; i++) {
    fixture.memory.failures.push(ErrorCode.KAFKA_STORAGE_ERROR);
    t.equal(await fixture.commit('g', { 'a-0': 2 }), ErrorCode.NOT_COORDINATOR);
    t.equal(fixture.offsets('g'), ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
    await fixture.loaded();
    t.same(fixture.offsets('g'), { 'a-0': 1 });
  }
  await fixture.coordinator.close();
});

t.test('who waits for a rebalance is sent away when the state is dropped', async (t) => {
  const fixture = await readyFixture();
  const { coordinator, memory } = fixture;
  const { memberId, generationId } = await fixture.formGroup('g');
  const joining = coordinator.joinGroup('g', {
    ...EMPTY_JOIN,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: new Uint8Array() }],
  });
  memory.failures.push(-1);
  t.equal(await fixture.commit('other', { 'a-0': 2 }), ErrorCode.COORDINATOR_NOT_AVAILABLE);
  t.equal((await joining).errorCode, ErrorCode.NOT_COORDINATOR);
  await fixture.loaded();
  t.match(coordinator.group('g'), { state: 'Stable', generationId });
  t.equal(coordinator.heartbeat('g', memberId, null, generationId), ErrorCode.NONE);
  await coordinator.close();
});

t.test(
  'an append in doubt when its partition goes out of service is found when it is back',
  async (t) => {
    const fixture = await readyFixture();
    const { coordinator, memory } = fixture;
    const ref = memory.refs[0]!;
    memory.holds = true;
    const doubtful = fixture.commit('g', { 'a-0': 1 });
    await turn();
    ref.online = false;
    coordinator.onPartitionOffline(ref);
    t.equal(fixture.offsets('g'), ErrorCode.NOT_COORDINATOR);
    memory.holds = false;
    memory.held.shift()!();
    t.equal(await doubtful, ErrorCode.NOT_COORDINATOR);
    ref.online = true;
    coordinator.onPartitionOnline(ref);
    await fixture.loaded();
    t.same(fixture.offsets('g'), { 'a-0': 1 }, 'it was written after all');
    await coordinator.close();
  },
);

t.test('a load that is overtaken by another has no effect', async (t) => {
  const fixture = await readyFixture();
  const { coordinator, memory } = fixture;
  await fixture.commit('g', { 'a-0': 1 });
  memory.holdsReads = true;
  coordinator.onPartitionOnline(memory.refs[0]!);
  await turn();
  const first = memory.heldReads.splice(0);
  coordinator.onPartitionOnline(memory.refs[0]!);
  await turn();
  for (const finish of first) finish();
  for (let i = 0; i < 5; i++) await turn();
  t.equal(fixture.offsets('g'), ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
  memory.holdsReads = false;
  for (const finish of memory.heldReads.splice(0)) finish();
  await fixture.loaded();
  t.same(fixture.offsets('g'), { 'a-0': 1 });
  await coordinator.close();
});

t.test('requests that can be refused at once are', async (t) => {
  const fixture = await readyFixture();
  const { coordinator } = fixture;
  for (const options of [{}, { sessionTimeoutMs: 0 }]) {
    await t.rejects(fixture.formGroup('', 't', options), {
      message: `error ${ErrorCode.INVALID_GROUP_ID}`,
    });
  }
  for (const sessionTimeoutMs of [5_999, 1_800_001]) {
    await t.rejects(fixture.formGroup('g', 't', { sessionTimeoutMs }), {
      message: `error ${ErrorCode.INVALID_SESSION_TIMEOUT}`,
    });
  }
  await t.rejects(fixture.formGroup('g', 't', { memberId: 'x' }), {
    message: `error ${ErrorCode.UNKNOWN_MEMBER_ID}`,
  });
  t.equal(coordinator.heartbeat('nope', 'x', null, 1), ErrorCode.UNKNOWN_MEMBER_ID);
  const leaving = [{ memberId: 'x', groupInstanceId: null, reason: null }];
  t.same(coordinator.leaveGroup('nope', leaving), [ErrorCode.UNKNOWN_MEMBER_ID]);
  t.equal(fixture.offsets('g'.repeat(20_000)), ErrorCode.INVALID_GROUP_ID);
  const long = [{ name: 'x'.repeat(40_000), metadata: new Uint8Array() }];
  await t.rejects(fixture.formGroup('long', 't', { protocols: long }), {
    message: `error ${ErrorCode.UNKNOWN_SERVER_ERROR}`,
  });
  await coordinator.close();
  t.equal(await fixture.commit('g', { 'a-0': 1 }), ErrorCode.COORDINATOR_NOT_AVAILABLE);
});

t.test('a group that nobody came back to is forgotten, unless it has offsets', async (t) => {
  const fixture = await readyFixture();
  const { coordinator } = fixture;
  await fixture.commit('kept', { 'a-0': 1 });
  for (const groupId of ['kept', 'left']) {
    await t.rejects(fixture.formGroup(groupId, 't', { requiresMemberId: true }), {
      message: `error ${ErrorCode.MEMBER_ID_REQUIRED}`,
    });
  }
  t.equal(coordinator.listGroups().groups.length, 2);
  fixture.pass(10_000);
  t.same(
    coordinator.listGroups().groups.map(({ groupId }) => groupId),
    ['kept'],
  );
  await coordinator.close();
});

t.test('made-up names do not make groups without end', async (t) => {
  const fixture = await readyFixture();
  const { coordinator } = fixture;
  const join = (groupId: string) => fixture.formGroup(groupId, 't', { requiresMemberId: true });
  const { MEMBER_ID_REQUIRED, GROUP_MAX_SIZE_REACHED } = ErrorCode;
  for (let i = 0; i < 100_000; i++) {
    // Refused, and there all the same, as in Kafka.
    void coordinator.joinGroup(`g${i}`, { ...EMPTY_JOIN });
  }
  await t.rejects(join('one-more'), { message: `error ${GROUP_MAX_SIZE_REACHED}` });
  await t.rejects(join('g7'), { message: `error ${MEMBER_ID_REQUIRED}` });
  await coordinator.expireOffsets();
  await t.rejects(join('one-more'), { message: `error ${MEMBER_ID_REQUIRED}` });
  await coordinator.close();
});

t.test('deleting the offsets topic forgets everything, and it can be made anew', async (t) => {
  const fixture = await readyFixture();
  await fixture.commit('g', { 'a-0': 1 });
  fixture.coordinator.onTopicDeleted('__consumer_offsets');
  t.equal(fixture.offsets('g'), ErrorCode.NOT_COORDINATOR);
  fixture.memory.batches[0] = [];
  await fixture.coordinator.ensureReady();
  t.same(fixture.offsets('g'), {});
  await fixture.coordinator.close();
});

t.test('a broker that closes sends waiting members away and finishes what it writes', async (t) => {
  const fixture = await readyFixture();
  const { coordinator, memory } = fixture;
  const joining = fixture.formGroup('g', 't', { memberId: '' });
  memory.holds = true;
  const committing = fixture.commit('other', { 'a-0': 1 });
  await turn();
  const syncing = joining.catch((error: Error) => error.message);
  coordinator.retire();
  t.equal(await syncing, `error ${ErrorCode.COORDINATOR_NOT_AVAILABLE}`);
  memory.held.shift()!();
  t.equal(await committing, ErrorCode.NONE);
  await coordinator.close();
});

t.test('a step of the wall clock neither ends a session nor holds a rebalance up', async (t) => {
  const fixture = await readyFixture();
  const { memberId, generationId } = await fixture.formGroup('g');
  fixture.nowMs += DAY_MS;
  fixture.pass(1);
  t.equal(fixture.coordinator.heartbeat('g', memberId, null, generationId), ErrorCode.NONE);
  fixture.nowMs -= 2 * DAY_MS;
  const other = await fixture.formGroup('h');
  t.equal(other.generationId, 1);
  await fixture.coordinator.close();
});
