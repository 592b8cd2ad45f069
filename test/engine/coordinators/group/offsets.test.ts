import t from 'tap';
import { ErrorCode } from '../../../../engine/protocol/kafka/errors.js';
import { DAY_MS, readyFixture } from './coordinator-fixture.js';

t.test('offsets are there once they are on disk, and after a restart', async (t) => {
  const fixture = await readyFixture();
  t.same(fixture.offsets('g'), {});
  fixture.memory.holds = true;
  const first = fixture.commit('g', { 'a-0': 1, 'a-1': 2 });
  await new Promise((resolve) => setImmediate(resolve));
  t.same(fixture.offsets('g'), {}, 'not while they are written');
  fixture.memory.holds = false;
  fixture.memory.held.shift()!();
  t.equal(await first, ErrorCode.NONE);
  t.same(fixture.offsets('g'), { 'a-0': 1, 'a-1': 2 });
  await fixture.commit('g', { 'a-0': 5 });
  await fixture.restart();
  t.same(fixture.offsets('g'), { 'a-0': 5, 'a-1': 2 });
  const committed = fixture.coordinator.offsetsOf('g');
  t.match(typeof committed !== 'number' && committed.get('a')?.get(0), {
    offset: 5,
    leaderEpoch: 3,
    metadata: 'm',
    commitTimestampMs: fixture.nowMs,
    expireTimestampMs: -1,
  });
  await fixture.coordinator.close();
});

t.test('commits that wait together are one batch', async (t) => {
  const fixture = await readyFixture();
  await Promise.all(Array.from({ length: 100 }, (_, i) => fixture.commit(`g${i}`, { 'a-0': i })));
  t.equal(fixture.memory.batches[0]?.length, 1);
  t.equal(fixture.memory.records(0).length, 100);
  await fixture.coordinator.close();
});

t.test('only members of the generation commit to a group that has members', async (t) => {
  const fixture = await readyFixture();
  const stranger = { generationId: 4, memberId: 'x' };
  t.equal(await fixture.commit('g', { 'a-0': 1 }, stranger), ErrorCode.GROUP_ID_NOT_FOUND);
  t.equal(
    await fixture.commit('g', { 'a-0': 1 }, { ...stranger, knowsGroupIdNotFound: false }),
    ErrorCode.ILLEGAL_GENERATION,
  );
  const member = await fixture.formGroup('g');
  t.equal(await fixture.commit('g', { 'a-0': 1 }, member), ErrorCode.NONE);
  t.equal(await fixture.commit('g', { 'a-0': 1 }), ErrorCode.UNKNOWN_MEMBER_ID);
  t.equal(
    await fixture.commit('g', { 'a-0': 1 }, { ...member, memberId: 'x' }),
    ErrorCode.UNKNOWN_MEMBER_ID,
  );
  t.equal(
    await fixture.commit('g', { 'a-0': 1 }, { ...member, generationId: 0 }),
    ErrorCode.ILLEGAL_GENERATION,
  );
  t.equal(
    await fixture.commit('g', { 'a-0': 1 }, { ...member, groupInstanceId: 'i' }),
    ErrorCode.UNKNOWN_MEMBER_ID,
  );
  const group = fixture.coordinator.group('g');
  if (typeof group !== 'object') throw new Error('no group');
  group.state = 'CompletingRebalance';
  t.equal(await fixture.commit('g', { 'a-0': 1 }, member), ErrorCode.REBALANCE_IN_PROGRESS);
  t.same(fixture.offsets('g'), { 'a-0': 1 });
  await fixture.coordinator.close();
});

t.test('a commit keeps the session', async (t) => {
  const fixture = await readyFixture();
  const member = await fixture.formGroup('g');
  for (let i = 0; i < 4; i++) {
    fixture.pass(6_000);
    t.equal(await fixture.commit('g', { 'a-0': i }, member), ErrorCode.NONE);
  }
  fixture.pass(10_000);
  t.equal(await fixture.commit('g', { 'a-0': 9 }, member), ErrorCode.UNKNOWN_MEMBER_ID);
  await fixture.coordinator.close();
});

t.test('an empty group is deleted with its offsets, one with members is not', async (t) => {
  const fixture = await readyFixture();
  const { coordinator } = fixture;
  t.equal(await coordinator.deleteGroup('g'), ErrorCode.GROUP_ID_NOT_FOUND);
  const { memberId, generationId } = await fixture.formGroup('g');
  await fixture.commit('g', { 'a-0': 1, 'b-0': 2 }, { memberId, generationId });
  t.equal(await coordinator.deleteGroup('g'), ErrorCode.NON_EMPTY_GROUP);
  coordinator.leaveGroup('g', [{ memberId, groupInstanceId: null, reason: null }]);
  // A commit that is still to be written when the deletion comes goes with it.
  const [committed, deleted] = await Promise.all([
    fixture.commit('g', { 'c-0': 3 }),
    coordinator.deleteGroup('g'),
  ]);
  t.same([committed, deleted], [ErrorCode.NONE, ErrorCode.NONE]);
  t.same(fixture.offsets('g'), {});
  t.equal(coordinator.group('g'), undefined);
  t.same(fixture.memory.records(0).slice(-4), ['g a-0 x', 'g b-0 x', 'g c-0 x', 'g x']);
  await fixture.restart();
  t.equal(fixture.coordinator.group('g'), undefined);
  await fixture.coordinator.close();
});

t.test('a commit behind a deletion makes the group anew', async (t) => {
  const fixture = await readyFixture();
  await fixture.commit('g', { 'a-0': 1 });
  const outcomes = await Promise.all([
    fixture.coordinator.deleteGroup('g'),
    fixture.commit('g', { 'a-1': 2 }),
  ]);
  t.same(outcomes, [ErrorCode.NONE, ErrorCode.NONE]);
  t.same(fixture.offsets('g'), { 'a-1': 2 });
  t.match(fixture.coordinator.group('g'), { state: 'Empty' });
  await fixture.coordinator.close();
});

t.test('single offsets are deleted unless someone subscribes to their topic', async (t) => {
  const fixture = await readyFixture();
  const { coordinator } = fixture;
  const wanted = [
    { topic: 'used', partition: 0 },
    { topic: 'other', partition: 0 },
    { topic: 'other', partition: 9 },
  ];
  t.match(await coordinator.deleteOffsets('g', wanted), {
    errorCode: ErrorCode.GROUP_ID_NOT_FOUND,
  });
  const member = await fixture.formGroup('g', 'used');
  await fixture.commit('g', { 'used-0': 1, 'other-0': 2 }, member);
  t.same(await coordinator.deleteOffsets('g', wanted), {
    errorCode: ErrorCode.NONE,
    partitions: [ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC, ErrorCode.NONE, ErrorCode.NONE],
  });
  t.same(fixture.offsets('g'), { 'used-0': 1 });
  const connect = [{ name: 'range', metadata: new Uint8Array() }];
  await fixture.formGroup('h', '', { protocolType: 'connect', protocols: connect });
  t.match(await coordinator.deleteOffsets('h', wanted), { errorCode: ErrorCode.NON_EMPTY_GROUP });
  await coordinator.close();
});

t.test('the offsets of a deleted topic go, of every group', async (t) => {
  const fixture = await readyFixture();
  await fixture.commit('g', { 'gone-0': 1, 'gone-1': 1, 'a-0': 2 });
  await fixture.commit('h', { 'gone-0': 3 });
  fixture.coordinator.onTopicDeleted('gone');
  await fixture.commit('g', { 'a-0': 4 });
  t.same(fixture.offsets('g'), { 'a-0': 4 });
  t.same(fixture.offsets('h'), {});
  await fixture.restart();
  t.same(fixture.offsets('h'), {});
  await fixture.coordinator.close();
});

t.test('offsets of an empty group go when it has been empty for the retention', async (t) => {
  const fixture = await readyFixture({ offsetsRetentionMinutes: 7 * 24 * 60 });
  const { coordinator } = fixture;
  const { memberId, generationId } = await fixture.formGroup('g');
  await fixture.commit('g', { 'topic-0': 1 }, { memberId, generationId });
  await fixture.commit('simple', { 'topic-0': 1 });
  coordinator.leaveGroup('g', [{ memberId, groupInstanceId: null, reason: null }]);
  await fixture.commit('own', { 'topic-0': 1 }, {}, fixture.nowMs + DAY_MS);
  fixture.pass(DAY_MS - 1);
  await coordinator.expireOffsets();
  t.same(fixture.offsets('own'), { 'topic-0': 1 });
  fixture.pass(1);
  await coordinator.expireOffsets();
  t.same(fixture.offsets('own'), {}, 'a retention asked for by the client');
  fixture.pass(6 * DAY_MS - 1);
  await fixture.commit('simple', { 'topic-1': 1 });
  await coordinator.expireOffsets();
  t.same(fixture.offsets('g'), { 'topic-0': 1 });
  fixture.pass(1);
  await coordinator.expireOffsets();
  t.same(fixture.offsets('g'), {});
  t.equal(coordinator.group('g'), undefined);
  t.same(fixture.offsets('simple'), { 'topic-1': 1 }, 'a simple one lives by its commits');
  t.ok(fixture.memory.records(0).includes('g x'));
  await coordinator.close();
});

t.test('a group with members keeps what it subscribes to and forgets the rest', async (t) => {
  const fixture = await readyFixture({ offsetsRetentionMinutes: 60 });
  const member = await fixture.formGroup('g', 'used', { sessionTimeoutMs: 1_800_000 });
  await fixture.commit('g', { 'used-0': 1, 'former-0': 1 }, member);
  for (let i = 0; i < 3; i++) {
    fixture.pass(1_500_000);
    fixture.coordinator.heartbeat('g', member.memberId, null, member.generationId);
  }
  await fixture.coordinator.expireOffsets();
  t.same(fixture.offsets('g'), { 'used-0': 1 });
  t.match(fixture.coordinator.group('g'), { state: 'Stable' });
  await fixture.coordinator.close();
});
