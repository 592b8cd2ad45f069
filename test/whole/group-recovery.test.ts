/** Partition threads die under groups that commit: members stay members, and no offset is lost. */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import {
  createTopicsExchange,
  findCoordinatorExchange,
  heartbeatExchange,
  joinGroupExchange,
  offsetCommitExchange,
  offsetFetchExchange,
  syncGroupExchange,
} from '../exchanges.js';
import { RawClient } from '../raw-client.js';
import type { Death } from '../workers/pool/crash-hook.js';
import { startMortalBroker } from '../workers/pool/mortal-broker.js';

const topic = 'work';
const groupCount = 8;
/** What a client of a group that moves or loads is told, to come again. */
const retriable: ReadonlySet<number> = new Set([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
]);

/** The only member of a group, which commits 0, 1, 2 … and comes again when it is told to. */
class Member {
  acknowledged = -1;
  readonly errors = new Set<number>();
  stopping = false;
  readonly groupId: string;
  private readonly client: RawClient;
  private memberId = '';

  constructor(client: RawClient, groupId: string) {
    this.client = client;
    this.groupId = groupId;
  }

  async join(): Promise<void> {
    const { client, groupId } = this;
    const request = {
      groupId,
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 30_000,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: new Uint8Array(6) }],
    };
    const joined = await client.ask(joinGroupExchange, request, 3);
    this.memberId = joined.memberId;
    const assignments = [{ memberId: this.memberId, assignment: Uint8Array.of(1) }];
    const sync = { groupId, memberId: this.memberId, generationId: 1, assignments };
    const synced = await client.ask(syncGroupExchange, sync, 3);
    if (synced.errorCode !== 0) throw new Error(`SyncGroup: ${synced.errorCode}`);
  }

  async work(): Promise<void> {
    const { client, groupId, memberId } = this;
    for (let offset = 0; !this.stopping; ) {
      const partitions = [{ partitionIndex: 0, committedOffset: offset }];
      const topics = [{ name: topic, partitions }];
      const request = { groupId, memberId, generationIdOrMemberEpoch: 1, topics };
      const answer = await client.ask(offsetCommitExchange, request, 8);
      const errorCode = answer.topics[0]?.partitions[0]?.errorCode ?? -1;
      const beat = await client.ask(heartbeatExchange, { groupId, memberId, generationId: 1 }, 3);
      this.errors.add(errorCode).add(beat.errorCode);
      if (errorCode === 0) this.acknowledged = offset++;
      else await setTimeout(10);
    }
  }

  async advance(count: number): Promise<void> {
    const target = this.acknowledged + count;
    while (this.acknowledged < target) await setTimeout(5);
  }
}

t.test('groups outlive the threads that keep them', async (t) => {
  const broker = await startMortalBroker(t.testdir(), [
    'workers=2',
    'offsetsTopicNumPartitions=4',
    'groupInitialRebalanceDelayMs=0',
  ]);
  t.teardown(async () => {
    broker.process.kill('SIGKILL');
    await once(broker.process, 'exit');
  });
  const admin = await RawClient.connect(broker.port);
  const topics = [{ name: topic, numPartitions: 1, replicationFactor: 1 }];
  await admin.ask(createTopicsExchange, { topics, timeoutMs: 10_000 }, 5);
  await admin.ask(findCoordinatorExchange, { coordinatorKeys: ['g'] }, 4);
  const clients = await Promise.all(
    Array.from({ length: groupCount }, () => RawClient.connect(broker.port)),
  );
  const members = clients.map((client, i) => new Member(client, `group-${i}`));
  await Promise.all(members.map((member) => member.join()));
  const working = members.map((member) => member.work());

  const deaths: readonly Death[] = ['throw', 'write', 'exit', 'write'];
  for (const death of deaths) {
    await Promise.all(members.map((member) => member.advance(10)));
    for (const member of members) member.errors.clear();
    broker.process.send(death);
    while (members.every(({ errors }) => [...errors].every((code) => code === 0))) {
      await setTimeout(5);
    }
    await Promise.all(members.map((member) => member.advance(10)));
    const seen = new Set(members.flatMap(({ errors }) => [...errors]));
    seen.delete(0);
    t.ok(
      [...seen].every((code) => retriable.has(code)),
      `${death}: ${[...seen]}`,
    );
  }

  for (const member of members) member.stopping = true;
  await Promise.all(working);
  for (const { groupId, acknowledged } of members) {
    const groups = [{ groupId, topics: null }];
    const fetched = await admin.ask(offsetFetchExchange, { groups }, 8);
    const found = fetched.groups[0]?.topics[0]?.partitions[0]?.committedOffset;
    t.equal(found, acknowledged, `${groupId} is where it said it is`);
  }
  for (const client of [admin, ...clients]) client.close();
});
