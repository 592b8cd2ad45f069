import { setTimeout as delay } from 'node:timers/promises';
import { deleteTopicsExchange, fetchExchange } from '../../exchanges.js';
import { buildBatch } from '../../workers/batch/build-batch.js';
import type { Peer } from '../peer.js';
import type { Scenario } from '../scenario.js';
import { fetchOf, fill, makeTopic } from '../topic.js';

const records = (count: number) =>
  buildBatch({ records: Array.from({ length: count }, () => ({ key: 'k' })) });

/** Batches of 1, 3 and 2 records: offsets 0, 1-3, 4-5. */
const batches = [records(1), records(3), records(2)];

/** Versions before this name topics, later ones give their ids. */
const firstWithIds = 13;
/** Above the sessions that a broker of default settings keeps. */
const mostSessions = 4_000;
/** So many refusals in a row mean that no slot is left: Kafka keeps slots in eight shards. */
const refusals = 100;
const kafkaShards = 8;
/** Kafka's two minutes, which no setting changes, and a little more. */
const idleMs = 122_000;

async function sessionSteps(peer: Peer, version: number): Promise<void> {
  const topic = await makeTopic(peer, `fetch-session-${version}`, { partitions: 3 });
  const none = { ...fetchOf(topic, []), topics: [] };
  const ask = (name: string, request: object) =>
    peer.ask(name, fetchExchange, { ...fetchOf(topic, []), ...request }, version);
  const partition = (index: number, fetchOffset = 0) =>
    fetchOf(topic, [{ partition: index, fetchOffset }]).topics;
  for (let index = 0; index < 2; index++) await fill(peer, topic, batches, index);
  const both = fetchOf(topic, [{ partition: 0 }, { partition: 1 }]).topics;
  const made = await ask('create', { topics: both, sessionEpoch: 0 });
  const sessionId = made?.sessionId ?? 0;
  const go = (name: string, sessionEpoch: number, request: object) =>
    ask(name, { ...none, sessionId, sessionEpoch, ...request });
  await go('nothing new', 1, {});
  await go('moved on', 2, { topics: partition(0, 6) });
  await go('moved on too', 3, { topics: partition(1, 6) });
  await go('only what changed', 4, {});
  await fill(peer, topic, [records(2)], 1);
  await go('one has news', 5, {});
  await go('add a partition', 6, { topics: partition(2) });
  const forgotten = { topic: topic.name, topicId: topic.topicId, partitions: [1] };
  await go('forget', 7, { forgottenTopicsData: [forgotten] });
  await go('forget again', 8, { forgottenTopicsData: [forgotten] });
  await go('add an unknown partition', 9, { topics: partition(7) });
  await go('with the unknown partition', 10, {});
  await go('beyond the end', 11, { topics: partition(0, 999) });
  await go('still beyond the end', 12, {});
  await go('epoch too old', 3, {});
  await go('epoch too new', 99, {});
  await go('right epoch after wrong ones', 13, {});
  await go('full request with the session', 0, { topics: both });
  await go('after the full request', 14, {});
  await ask('unknown session', { ...none, sessionId: 12_345, sessionEpoch: 1 });
  await ask('epoch without session', { ...none, sessionEpoch: 5 });
  await ask('close an unknown session', { ...none, sessionId: 4_242, sessionEpoch: -1 });
  await ask('negative epoch', { ...none, sessionEpoch: -2 });
  const next = await ask('create again', { topics: both, sessionEpoch: 0 });
  await ask('close', { ...none, sessionId: next?.sessionId ?? 0, sessionEpoch: -1 });
  await ask('after the close', { ...none, sessionId: next?.sessionId ?? 0, sessionEpoch: 1 });
  await ask('create of nothing', { ...none, sessionEpoch: 0 });
}

const sessions: Scenario = {
  name: 'fetch/sessions',
  async run(peer) {
    for (const version of peer.versions(fetchExchange)) {
      if (version >= 7) await sessionSteps(peer, version);
    }
  },
};

const names: Scenario = {
  name: 'fetch/sessions of names and of ids',
  async run(peer) {
    const topic = await makeTopic(peer, 'fetch-session-kinds');
    const none = { ...fetchOf(topic, []), topics: [] };
    const start = { ...fetchOf(topic, [{}]), sessionEpoch: 0 };
    for (const [made, used] of [
      [firstWithIds - 1, firstWithIds],
      [firstWithIds, firstWithIds - 1],
    ] as const) {
      const answer = await peer.ask('create', fetchExchange, start, made);
      const sessionId = answer?.sessionId ?? 0;
      const go = (step: string, sessionEpoch: number, version: number, request: object = {}) =>
        peer.ask(
          `${step} of v${made}`,
          fetchExchange,
          { ...none, sessionId, sessionEpoch, ...request },
          version,
        );
      await go('other kind', 1, used);
      await go('other kind with a partition', 1, used, { topics: start.topics });
      await go('own kind', 1, made);
      await go('own kind again', 2, made);
    }
  },
};

/** Goes on with a session until its partition has another error than before. */
async function awaitError(
  peer: Peer,
  next: { readonly sessionId: number },
  from: { readonly sessionEpoch: number; readonly errorCode: number },
  version: number,
) {
  for (let sessionEpoch = from.sessionEpoch; sessionEpoch < mostSessions; sessionEpoch++) {
    const answer = await peer.probe(fetchExchange, { ...next, sessionEpoch }, version);
    const partitions = answer.responses.flatMap((one) => one.partitions);
    const errorCode = partitions.find((one) => one.errorCode !== from.errorCode)?.errorCode;
    if (errorCode !== undefined) return { sessionEpoch: sessionEpoch + 1, errorCode };
  }
  throw new Error('the session has no news of the topic');
}

const deleted: Scenario = {
  name: 'fetch/sessions of a deleted topic',
  async run(peer) {
    for (const version of [firstWithIds - 1, firstWithIds]) {
      const suffix = `fetch-session-deleted-${version}`;
      const topic = await makeTopic(peer, suffix);
      await fill(peer, topic, batches);
      const start = { ...fetchOf(topic, [{}]), sessionEpoch: 0 };
      const made = await peer.probe(fetchExchange, start, version);
      const named = { topics: [{ name: topic.name }], timeoutMs: 10_000 };
      await peer.ask('delete', deleteTopicsExchange, named);
      // Kafka's broker learns of it a little later than its controller, and says so in an answer.
      const next = { ...start, topics: [], sessionId: made.sessionId };
      const before = { sessionEpoch: 1, errorCode: 0 };
      const gone = await awaitError(peer, next, before, version);
      peer.note(`after the deletion v${version}`, { errorCode: gone.errorCode });
      await makeTopic(peer, suffix);
      const again = await awaitError(peer, next, gone, version);
      peer.note(`when it is there again v${version}`, { errorCode: again.errorCode });
    }
  },
};

/** Opens sessions until no slot is left: their ids, oldest first. */
async function fillSlots(peer: Peer, open: () => Promise<number>): Promise<number[]> {
  const sessionIds: number[] = [];
  let refused = 0;
  for (let count = 0; count < mostSessions && refused < refusals; count++) {
    const sessionId = await open();
    refused = sessionId === 0 ? refused + 1 : 0;
    if (sessionId !== 0) sessionIds.push(sessionId);
  }
  peer.note('no slot is left', { refused });
  return sessionIds;
}

const slots: Scenario = {
  name: 'fetch/sessions without a slot',
  comesLast: true,
  async run(peer) {
    const topic = await makeTopic(peer, 'fetch-session-slots');
    const start = { ...fetchOf(topic, [{}]), maxWaitMs: 0, sessionEpoch: 0 };
    const open = async () => (await peer.probe(fetchExchange, start, 11)).sessionId;
    const sessionId = (await fillSlots(peer, open)).at(-1) ?? 0;
    await peer.ask('a fetch that gets no session', fetchExchange, start);
    const close = { ...start, topics: [], sessionId, sessionEpoch: -1 };
    await peer.ask('close one', fetchExchange, close);
    let opened = 0;
    for (let count = 0; count < refusals && opened === 0; count++) opened = await open();
    peer.note('a closed one gives its slot', { opened: opened !== 0 });
  },
};

const idle: Scenario = {
  name: 'fetch/sessions that idle',
  onlyNamed: true,
  async run(peer) {
    const topic = await makeTopic(peer, 'fetch-session-idle');
    const start = { ...fetchOf(topic, [{}]), maxWaitMs: 0, sessionEpoch: 0 };
    const open = async () => (await peer.probe(fetchExchange, start, 11)).sessionId;
    const sessionIds = await fillSlots(peer, open);
    await delay(idleMs);
    for (let shard = 0; shard < kafkaShards; shard++) {
      peer.note('an idle one gives its slot', { opened: (await open()) !== 0 });
    }
    for (const sessionId of sessionIds.slice(0, kafkaShards + 2)) {
      const next = { ...start, topics: [], sessionId, sessionEpoch: 1 };
      await peer.ask('the longest idle are gone', fetchExchange, next, 11);
    }
  },
};

export const fetchSessionScenarios = [sessions, names, deleted, slots, idle];
