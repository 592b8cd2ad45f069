/** A script of requests about groups, whose answers from a real Kafka are in test/golden/groups. */
import type { Encodable } from '../../../../engine/protocol/kafka/encodable.js';
import {
  deleteGroupsExchange,
  describeGroupsExchange,
  findCoordinatorExchange,
  heartbeatExchange,
  joinGroupExchange,
  leaveGroupExchange,
  listGroupsExchange,
  offsetCommitExchange,
  offsetDeleteExchange,
  offsetFetchExchange,
  syncGroupExchange,
} from '../../../exchanges.js';
import type { Exchange } from '../../../raw-client.js';

/** A broker to be asked. There is a topic `name` of three partitions with this id. */
export interface Asked {
  /** Asks on one of several connections. */
  ask<Request, Response>(
    connection: number,
    exchange: Exchange<Request, Response>,
    request: Encodable<Request>,
    version: number,
  ): Promise<Response>;
  /** Lets time pass: for the initial rebalance delay, and until requests sent before have arrived. */
  pass(ms: number): Promise<void>;
  readonly topic: { readonly name: string; readonly id: string };
}

/** What was asked, and the answer with everything taken out that differs from run to run. */
export interface Exchanged {
  readonly step: string;
  readonly answer: unknown;
}

/** The initial rebalance delay of the broker that is asked, ms. */
export const INITIAL_DELAY_MS = 300;
/** Fields that differ from broker to broker, or whose words are a broker's own. */
const VOLATILE: readonly string[] = [
  'throttleTimeMs',
  'host',
  'port',
  'errorMessage',
  'clientHost',
];
/** Long enough for a request to be in before the next one is sent. */
const SOON_MS = 100;

export async function runScenario(asked: Asked): Promise<Exchanged[]> {
  const script = new Script(asked);
  await unknownGroups(script);
  await simpleCommits(script);
  await refusedJoins(script);
  await dynamicMembers(script);
  await staticMembers(script);
  await olderVersions(script);
  await endings(script);
  return script.exchanged;
}

class Script {
  readonly exchanged: Exchanged[] = [];
  readonly asked: Asked;
  private readonly names = new Map<string, string>();

  constructor(asked: Asked) {
    this.asked = asked;
    this.names.set(asked.topic.id, 'TOPIC-ID');
  }

  async ask<Request, Response>(
    step: string,
    exchange: Exchange<Request, Response>,
    version: number,
    request: Encodable<Request>,
    connection = 0,
  ): Promise<Response> {
    const answer = await this.asked.ask(connection, exchange, request, version);
    this.exchanged.push({ step: `${step} v${version}`, answer: this.settled(answer) });
    return answer;
  }

  /** Gives an id that the broker made up a name of its own. */
  name(id: string, name: string): string {
    this.names.set(id, name);
    return id;
  }

  private settled(answer: unknown): unknown {
    if (answer instanceof Uint8Array) return Buffer.from(answer).toString('hex');
    if (typeof answer === 'string') return this.names.get(answer) ?? answer;
    if (Array.isArray(answer)) {
      const settled = answer.map((each) => this.settled(each));
      // Neither broker promises an order of members, topics or groups.
      return settled
        .map((each): [string, unknown] => [JSON.stringify(each), each])
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, each]) => each);
    }
    if (typeof answer !== 'object' || answer === null) return answer;
    const entries = Object.entries(answer).filter(([key]) => !VOLATILE.includes(key));
    return Object.fromEntries(entries.map(([key, value]) => [key, this.settled(value)]));
  }
}

async function unknownGroups(script: Script): Promise<void> {
  const { topic } = script.asked;
  for (const keyType of [0, 5]) {
    for (const version of [0, 1, 2, 3, 4, 5, 6]) {
      if (version === 0 && keyType > 0) continue;
      const keys = version < 4 ? { key: 'g' } : { coordinatorKeys: ['g', 'h'] };
      const step = `find coordinator of type ${keyType}`;
      await script.ask(step, findCoordinatorExchange, version, { keyType, ...keys });
    }
  }
  for (const version of [0, 5, 6]) {
    const request = { groups: ['nope', ''], includeAuthorizedOperations: version >= 3 };
    await script.ask('describe unknown', describeGroupsExchange, version, request);
  }
  for (const version of [0, 2]) {
    await script.ask('delete unknown', deleteGroupsExchange, version, { groupsNames: ['nope'] });
  }
  for (const version of [1, 2, 5, 7]) {
    const topics = [{ name: topic.name, partitionIndexes: [0, 9] }];
    const request = { groupId: 'nope', topics };
    await script.ask('fetch offsets of unknown', offsetFetchExchange, version, request);
    const all = { groupId: 'nope', topics: null };
    if (version > 1) await script.ask('fetch all of unknown', offsetFetchExchange, version, all);
  }
  for (const version of [8, 9, 10]) {
    const name = version < 10 ? { name: topic.name } : { topicId: topic.id };
    const groups = [
      { groupId: 'nope', topics: [{ ...name, partitionIndexes: [0, 9] }] },
      { groupId: 'nope2', topics: null },
    ];
    await script.ask('fetch offsets of unknown', offsetFetchExchange, version, { groups });
  }
  const deletion = {
    groupId: 'nope',
    topics: [{ name: topic.name, partitions: [{ partitionIndex: 0 }] }],
  };
  await script.ask('delete offset of unknown', offsetDeleteExchange, 0, deletion);
}

async function simpleCommits(script: Script): Promise<void> {
  const { topic } = script.asked;
  const partition = (partitionIndex: number, committedMetadata: string | null = null) => ({
    partitionIndex,
    committedOffset: 40 + partitionIndex,
    committedLeaderEpoch: 2,
    committedMetadata,
  });
  const partitions = [
    partition(0, 'note'),
    partition(1),
    partition(9),
    partition(2, 'x'.repeat(4097)),
  ];
  for (const version of [2, 4, 5, 8, 9]) {
    const topics = [
      { name: topic.name, partitions },
      { name: 'no-such-topic', partitions: [partition(0)] },
    ];
    await script.ask('simple commit', offsetCommitExchange, version, {
      groupId: `s${version}`,
      topics,
    });
  }
  const byId = [
    { topicId: topic.id, partitions },
    { topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partitions: [partition(0)] },
  ];
  await script.ask('simple commit', offsetCommitExchange, 10, { groupId: 's10', topics: byId });
  const stale = { generationIdOrMemberEpoch: 3, memberId: 'x' };
  const topics = [{ name: topic.name, partitions: [partition(0)] }];
  for (const version of [8, 9]) {
    const request = { groupId: 'nope', ...stale, topics };
    await script.ask('commit to unknown', offsetCommitExchange, version, request);
    const simple = { groupId: 's8', ...stale, topics };
    await script.ask('commit as stranger', offsetCommitExchange, version, simple);
  }
  const wanted = { topics: [{ name: topic.name, partitionIndexes: [0, 1, 2] }] };
  await script.ask('fetch offsets', offsetFetchExchange, 1, { groupId: 's2', ...wanted });
  await script.ask('fetch offsets', offsetFetchExchange, 7, { groupId: 's8', ...wanted });
  await script.ask('fetch all offsets', offsetFetchExchange, 5, { groupId: 's8', topics: null });
  const groups = [
    {
      groupId: 's10',
      topics: [
        { topicId: topic.id, partitionIndexes: [0, 2] },
        { topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partitionIndexes: [0] },
      ],
    },
    { groupId: 's9', topics: null },
  ];
  await script.ask('fetch offsets', offsetFetchExchange, 10, { groups });
  await script.ask('describe simple', describeGroupsExchange, 6, { groups: ['s8'] });
  const filter = { statesFilter: ['empty'], typesFilter: ['CLASSIC'] };
  await script.ask('list simple', listGroupsExchange, 5, filter);
  const others = { statesFilter: [], typesFilter: ['consumer'] };
  await script.ask('list others', listGroupsExchange, 5, others);
  const deletion = (partitionIndex: number) => ({
    groupId: 's8',
    topics: [
      { name: topic.name, partitions: [{ partitionIndex }, { partitionIndex: 2 }] },
      { name: 'no-such-topic', partitions: [{ partitionIndex: 0 }] },
    ],
  });
  await script.ask('delete offset', offsetDeleteExchange, 0, deletion(0));
  await script.ask('fetch offsets', offsetFetchExchange, 7, { groupId: 's8', ...wanted });
  await script.ask('delete simple', deleteGroupsExchange, 2, { groupsNames: ['s8', 'nope'] });
  await script.ask('fetch offsets', offsetFetchExchange, 7, { groupId: 's8', ...wanted });
}

/** A subscription of the consumer protocol, version 1, to one topic. */
function subscription(topic: string): Uint8Array {
  const name = Buffer.from(topic);
  return Buffer.concat([Buffer.of(0, 1, 0, 0, 0, 1, 0, name.length), name, Buffer.alloc(8)]);
}

function joinRequest(script: Script, memberId: string) {
  return {
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 20_000,
    memberId,
    protocolType: 'consumer',
    protocols: [
      { name: 'range', metadata: subscription(script.asked.topic.name) },
      { name: 'sticky', metadata: subscription(script.asked.topic.name) },
    ],
  };
}

async function refusedJoins(script: Script): Promise<void> {
  const join = joinRequest(script, '');
  for (const version of [0, 5, 6, 7, 9]) {
    const ask = (step: string, change: object) =>
      script.ask(step, joinGroupExchange, version, { ...join, ...change });
    await ask('join without group', { groupId: '' });
    await ask('join for too short', { sessionTimeoutMs: 5_999 });
    await ask('join without protocol', { groupId: 'r', protocols: [] });
    await ask('join without protocol type', { groupId: 'r', protocolType: '' });
    await ask('join as unknown', { groupId: 'r', memberId: 'x' });
  }
  for (const version of [0, 4]) {
    const strange = { groupId: 'nope', memberId: 'x', generationId: 1 };
    await script.ask('heartbeat to unknown', heartbeatExchange, version, strange);
    await script.ask('heartbeat without group', heartbeatExchange, version, {
      ...strange,
      groupId: '',
    });
    await script.ask('sync to unknown', syncGroupExchange, version, strange);
  }
  const named = { protocolType: 'consumer', protocolName: 'range' };
  const strange = { groupId: 'nope', memberId: 'x', generationId: 1, ...named };
  await script.ask('sync to unknown', syncGroupExchange, 5, strange);
  await script.ask('sync without protocol', syncGroupExchange, 5, {
    ...strange,
    protocolType: null,
  });
  await script.ask('sync without group', syncGroupExchange, 5, { ...strange, groupId: '' });
  for (const version of [0, 2]) {
    await script.ask('leave unknown', leaveGroupExchange, version, {
      groupId: 'nope',
      memberId: 'x',
    });
    await script.ask('leave nothing', leaveGroupExchange, version, { groupId: '', memberId: 'x' });
  }
  const members = [{ memberId: 'x' }, { memberId: '', groupInstanceId: 'i' }];
  for (const version of [3, 5]) {
    await script.ask('leave unknown', leaveGroupExchange, version, { groupId: 'nope', members });
    await script.ask('leave nothing', leaveGroupExchange, version, { groupId: '', members });
  }
}

async function dynamicMembers(script: Script): Promise<void> {
  const a = await firstGeneration(script);
  await stableGroup(script, a);
  await secondGeneration(script, a);
}

/** The protocol that every SyncGroup from v5 names. */
const NAMED = { protocolType: 'consumer', protocolName: 'range' };

function syncRequest(memberId: string) {
  return { groupId: 'g', memberId, generationId: 1, ...NAMED };
}

function commitRequest(script: Script, memberId: string) {
  const partitions = [{ partitionIndex: 0, committedOffset: 7 }];
  return {
    groupId: 'g',
    memberId,
    generationIdOrMemberEpoch: 1,
    topics: [{ name: script.asked.topic.name, partitions }],
  };
}

async function firstGeneration(script: Script): Promise<string> {
  const join = (memberId: string) => joinRequest(script, memberId);
  const required = await script.ask('ask for member id', joinGroupExchange, 9, join(''));
  script.exchanged.pop();
  const a = script.name(required.memberId, 'A');
  await script.asked.pass(SOON_MS);
  await script.ask('describe pending', describeGroupsExchange, 6, { groups: ['g'] });
  const joinA = script.ask('join A', joinGroupExchange, 9, join(a));
  await script.asked.pass(SOON_MS);
  await script.ask('describe preparing', describeGroupsExchange, 6, { groups: ['g'] }, 1);
  await script.asked.pass(4 * INITIAL_DELAY_MS);
  await joinA;
  await script.ask('describe completing', describeGroupsExchange, 6, { groups: ['g'] });
  const sync = syncRequest(a);
  await script.ask('sync of another', syncGroupExchange, 5, { ...sync, memberId: 'x' });
  await script.ask('sync of generation 2', syncGroupExchange, 5, { ...sync, generationId: 2 });
  await script.ask('sync of sticky', syncGroupExchange, 5, { ...sync, protocolName: 'sticky' });
  await script.ask('heartbeat completing', heartbeatExchange, 4, sync);
  const commit = commitRequest(script, a);
  await script.ask('commit completing', offsetCommitExchange, 8, commit);
  await script.ask('join again completing', joinGroupExchange, 9, join(a));
  const assignments = [{ memberId: a, assignment: Uint8Array.of(1, 2) }];
  await script.ask('sync', syncGroupExchange, 5, { ...sync, assignments });
  await script.ask('sync again', syncGroupExchange, 5, sync);
  await script.ask('sync again', syncGroupExchange, 3, sync);
  return a;
}

async function stableGroup(script: Script, a: string): Promise<void> {
  const { topic } = script.asked;
  const sync = syncRequest(a);
  const commit = commitRequest(script, a);
  await script.ask('describe stable', describeGroupsExchange, 6, { groups: ['g'] });
  await script.ask('list stable', listGroupsExchange, 4, { statesFilter: ['Stable'] });
  await script.ask('list', listGroupsExchange, 0, {});
  await script.ask('commit', offsetCommitExchange, 8, commit);
  await script.ask('commit of another', offsetCommitExchange, 8, { ...commit, memberId: 'x' });
  const stale = { ...commit, generationIdOrMemberEpoch: 0 };
  await script.ask('commit of generation 0', offsetCommitExchange, 9, stale);
  const simple = { ...commit, memberId: '', generationIdOrMemberEpoch: -1 };
  await script.ask('commit of nobody', offsetCommitExchange, 8, simple);
  await script.ask('commit of A without generation', offsetCommitExchange, 8, {
    ...commit,
    generationIdOrMemberEpoch: -1,
  });
  const instance = { ...commit, groupInstanceId: 'i' };
  await script.ask('commit of instance', offsetCommitExchange, 8, instance);
  await script.ask('heartbeat of generation 0', heartbeatExchange, 4, { ...sync, generationId: 0 });
  await script.ask('heartbeat of another', heartbeatExchange, 4, { ...sync, memberId: 'x' });
  await script.ask('heartbeat of instance', heartbeatExchange, 4, {
    ...sync,
    groupInstanceId: 'i',
  });
  await script.ask('delete stable', deleteGroupsExchange, 2, { groupsNames: ['g'] });
  const deletion = {
    groupId: 'g',
    topics: [{ name: topic.name, partitions: [{ partitionIndex: 0 }] }],
  };
  await script.ask('delete used offset', offsetDeleteExchange, 0, deletion);
  const odd = {
    ...joinRequest(script, ''),
    protocols: [{ name: 'other', metadata: new Uint8Array() }],
  };
  await script.ask('join otherwise', joinGroupExchange, 9, odd);
  await script.ask('join otherwise', joinGroupExchange, 9, {
    ...joinRequest(script, ''),
    protocolType: 'other',
  });
}

async function secondGeneration(script: Script, a: string): Promise<void> {
  const join = (memberId: string) => joinRequest(script, memberId);
  const sync = syncRequest(a);
  const commit = commitRequest(script, a);
  const joinB = script.ask('join B', joinGroupExchange, 3, join(''), 1);
  await script.asked.pass(SOON_MS);
  await script.ask('heartbeat preparing', heartbeatExchange, 4, sync);
  await script.ask('sync preparing', syncGroupExchange, 5, sync);
  await script.ask('commit preparing', offsetCommitExchange, 8, commit);
  const [leading, following] = await Promise.all([
    script.asked.ask(0, joinGroupExchange, join(a), 9),
    joinB,
  ]);
  const b = script.name(following.memberId, 'B');
  // B's answer was kept before its id had a name.
  script.exchanged.splice(-1);
  script.exchanged.push({
    step: 'second generation',
    answer: [
      leading.members.length,
      leading.leader === a,
      following.members.length,
      following.generationId,
    ],
  });
  const second = { ...sync, generationId: 2 };
  const waiting = script.asked.ask(1, syncGroupExchange, { ...second, memberId: b }, 5);
  await script.asked.pass(SOON_MS);
  const shared = [{ memberId: b, assignment: Uint8Array.of(9) }];
  await script.ask('sync A', syncGroupExchange, 5, { ...second, assignments: shared });
  script.exchanged.push({ step: 'sync B', answer: [...(await waiting).assignment] });
  await script.ask('leave B', leaveGroupExchange, 2, { groupId: 'g', memberId: b });
  await script.ask('leave A', leaveGroupExchange, 5, {
    groupId: 'g',
    members: [{ memberId: a }, { memberId: a }],
  });
  await script.ask('describe empty', describeGroupsExchange, 6, { groups: ['g'] });
  await script.ask('join after all', joinGroupExchange, 9, join(a));
}

async function staticMembers(script: Script): Promise<void> {
  const join = (memberId: string, groupInstanceId: string) => ({
    ...joinRequest(script, memberId),
    groupId: 'st',
    groupInstanceId,
  });
  const firstJoin = script.asked.ask(0, joinGroupExchange, join('', 'i1'), 9);
  await script.asked.pass(4 * INITIAL_DELAY_MS);
  const a = script.name((await firstJoin).memberId, 'A');
  const sync = { ...syncRequest(a), groupId: 'st', groupInstanceId: 'i1' };
  const assignments = [{ memberId: a, assignment: Uint8Array.of(5) }];
  await script.ask('static sync', syncGroupExchange, 5, { ...sync, assignments });
  const back = await script.asked.ask(0, joinGroupExchange, join('', 'i1'), 9);
  const a2 = script.name(back.memberId, 'A2');
  script.exchanged.push({
    step: 'static back v9',
    answer: {
      ...back,
      throttleTimeMs: 0,
      memberId: 'A2',
      leader: back.leader === a2 ? 'A2' : back.leader,
      members: back.members.length,
    },
  });
  const older = await script.asked.ask(0, joinGroupExchange, join('', 'i1'), 8);
  const a3 = script.name(older.memberId, 'A3');
  script.exchanged.push({
    step: 'static back v8',
    answer: {
      ...older,
      throttleTimeMs: 0,
      memberId: 'A3',
      leader: older.leader === a2 ? 'A2' : older.leader,
      members: older.members.length,
    },
  });
  await script.ask('fenced heartbeat', heartbeatExchange, 4, sync);
  await script.ask('fenced sync', syncGroupExchange, 5, sync);
  await script.ask('fenced join', joinGroupExchange, 9, join(a, 'i1'));
  const commit = {
    ...sync,
    generationIdOrMemberEpoch: 1,
    topics: [
      { name: script.asked.topic.name, partitions: [{ partitionIndex: 0, committedOffset: 7 }] },
    ],
  };
  await script.ask('fenced commit', offsetCommitExchange, 8, commit);
  await script.ask('static sync again', syncGroupExchange, 5, { ...sync, memberId: a3 });
  await script.ask('describe static', describeGroupsExchange, 6, { groups: ['st'] });
  const members = [
    { memberId: a, groupInstanceId: 'i1' },
    { memberId: '', groupInstanceId: 'i2' },
    { memberId: '', groupInstanceId: 'i1' },
  ];
  await script.ask('static leave', leaveGroupExchange, 4, { groupId: 'st', members });
  await script.ask('describe left', describeGroupsExchange, 5, { groups: ['st'] });
}

async function olderVersions(script: Script): Promise<void> {
  for (const version of [0, 2, 5, 6, 7, 8]) {
    const groupId = `old${version}`;
    const request = { ...joinRequest(script, ''), groupId };
    const joining = script.asked.ask(0, joinGroupExchange, request, version);
    await script.asked.pass(4 * INITIAL_DELAY_MS);
    const first = await joining;
    script.exchanged.push({
      step: `join v${version}`,
      answer: {
        ...first,
        throttleTimeMs: 0,
        memberId: '',
        leader: '',
        members: first.members.length,
      },
    });
    const leaving = { groupId, memberId: first.memberId };
    await script.ask('leave', leaveGroupExchange, 1, leaving);
    await script.ask('leave again', leaveGroupExchange, 1, leaving);
  }
}

async function endings(script: Script): Promise<void> {
  const groupsNames = ['g', 'st', 's2', 's4', 's5', 's9', 's10', 'old0', 'old2'];
  await script.ask('delete', deleteGroupsExchange, 2, { groupsNames });
  await script.ask('list at the end', listGroupsExchange, 5, {});
}
