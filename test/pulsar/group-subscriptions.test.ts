/** Committed offsets of groups, as Pulsar's own tools see them. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import t, { type Test } from 'tap';
import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import { topicPath } from '../../workers/log/pulsar/admin.js';
import { findCoordinatorExchange, offsetCommitExchange } from '../exchanges.js';
import { type RunningBroker, runBroker } from '../whole/running-broker.js';
import { adminUrl, admin as pulsar, serviceUrl } from './peer.js';

t.setTimeout(180_000);

const namespace = `groups-${randomUUID()}`;

/** A namespace that keeps everything, and bounds no backlog. */
async function makeNamespace(): Promise<void> {
  const path = `namespaces/public/${namespace}`;
  await pulsar.http.ask({ method: 'PUT', path });
  const forEver = { retentionTimeInMinutes: -1, retentionSizeInMB: -1 };
  await pulsar.http.ask({ method: 'POST', path: `${path}/retention`, body: forEver });
  for (const kind of ['destination_storage', 'message_age']) {
    const body = { limitSize: -1, limitTime: -1, policy: 'producer_request_hold' };
    const quota = `${path}/backlogQuota?backlogQuotaType=${kind}`;
    await pulsar.http.ask({ method: 'POST', path: quota, body });
  }
}

async function start(t: Test): Promise<RunningBroker> {
  await makeNamespace();
  return runBroker(t, {
    backend: serviceUrl,
    pulsarAdminUrl: adminUrl,
    kafkaNamespace: namespace,
    kafkaMetadataNamespace: `${namespace}-metadata`,
    offsetsTopicNumPartitions: 1,
  });
}

/** Entries that a subscription has before it; undefined where there is none of that name. */
async function backlogOf(topic: string, name: string): Promise<number | undefined> {
  const partition = `${topicPath(`persistent://public/${namespace}/${topic}`)}-partition-0`;
  const { subscriptions } = await pulsar.http.get<{
    subscriptions: Record<string, { msgBacklog: number }>;
  }>(`${partition}/stats?getPreciseBacklog=true`);
  return subscriptions[name]?.msgBacklog;
}

/** Asks until it is so; that it comes to be is what is tested, and the test's own time limit ends it. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await delay(100);
}

t.test("a group's backlog, in Pulsar", async (t) => {
  const broker = await start(t);
  const kafka = new Kafka({
    brokers: [`127.0.0.1:${broker.port}`],
    logLevel: logLevel.NOTHING,
  });
  const client = await broker.connect();
  const admin = kafka.admin();
  const producer = kafka.producer();
  t.teardown(() => Promise.all([admin.disconnect(), producer.disconnect()]));
  await Promise.all([admin.connect(), producer.connect()]);
  const topic = 'orders';
  const forEver = [
    { name: 'retention.ms', value: '-1' },
    { name: 'retention.bytes', value: '-1' },
  ];
  await admin.createTopics({
    topics: [
      { topic, numPartitions: 1, configEntries: forEver },
      { topic: 'short', numPartitions: 1 },
    ],
  });
  // Each in an entry of its own, of three records.
  for (let entry = 0; entry < 10; entry++) {
    const messages = ['a', 'b', 'c'].map((value) => ({ value }));
    for (const name of [topic, 'short']) await producer.send({ topic: name, messages });
  }
  const groupId = 'a group/of 100% Kafka+';
  await client.ask(findCoordinatorExchange, { key: groupId }, 0);
  const commit = async (group: string, offset: number, of = topic) => {
    const partitions = [{ partitionIndex: 0, committedOffset: offset }];
    const request = { groupId: group, topics: [{ name: of, partitions }] };
    await until(async () => {
      const answer = await client.ask(offsetCommitExchange, request, 2);
      return answer.topics[0]?.partitions[0]?.errorCode === ErrorCode.NONE;
    });
  };

  for (const [offset, backlog] of [
    [0, 10],
    [12, 6],
    [14, 6],
    [30, 0],
    [3, 9],
  ] as const) {
    await commit(groupId, offset);
    await until(async () => (await backlogOf(topic, groupId)) === backlog);
    t.pass(`a commit of ${offset} leaves ${backlog} entries`);
  }

  const theirs = `${topicPath(`persistent://public/${namespace}/${topic}`)}-partition-0/subscription`;
  const earliest = { ledgerId: -1, entryId: -1 };
  await pulsar.http.ask({ method: 'PUT', path: `${theirs}/theirs`, body: earliest });
  await commit('theirs', 30);
  await commit('limited', 30, 'short');
  await commit(groupId, 30);
  await until(async () => (await backlogOf(topic, groupId)) === 0);
  t.equal(await backlogOf(topic, 'theirs'), 10, "somebody else's is not moved");
  t.equal(await backlogOf('short', 'limited'), undefined, 'nor one made where retention is finite');

  await admin.deleteGroups([groupId, 'theirs']);
  await until(async () => (await backlogOf(topic, groupId)) === undefined);
  t.equal(await backlogOf(topic, 'theirs'), 10);
});
