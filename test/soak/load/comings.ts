/** Topics, connections, sessions and groups that come and go, and what administrators ask meanwhile. */
import kafkajs from 'kafkajs';
import { loadCodecs } from '../../../native/index.js';
import { packBatch } from '../../crash/load/batches.js';
import {
  apiVersionsExchange,
  deleteRecordsExchange,
  deleteTopicsExchange,
  describeConfigsExchange,
  describeLogDirsExchange,
  incrementalAlterConfigsExchange,
  listGroupsExchange,
  listOffsetsExchange,
  metadataExchange,
} from '../../exchanges.js';
import { fetch, produce } from '../../whole/records.js';
import type { Stage } from './stage.js';
import { createTopic } from './topics.js';

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs;
const connectionsAtOnce = 15;
/** A member that does not come back from a rebalance in time is left out, long before the stage gives up. */
const memberTimes = { sessionTimeout: 10_000, rebalanceTimeout: 10_000, heartbeatInterval: 1_000 };
const topicResource = 2;
const maxInflatedBytes = 2 ** 26;

// kafkajs brings gzip alone, and a consumer that meets anything else crashes.
const codecs = loadCodecs();
for (const codec of [CompressionTypes.Snappy, CompressionTypes.LZ4, CompressionTypes.ZSTD]) {
  const decompress = async (bytes: Buffer) =>
    Buffer.from(codecs.inflate(codec, bytes, 0, bytes.length, maxInflatedBytes));
  Object.assign(CompressionCodecs, { [codec]: () => ({ decompress }) });
}

/** Topics that are made, used, waited at and deleted, under the same few names. */
export async function comeAndGoTopics(stage: Stage): Promise<void> {
  const [client, waiting] = await Promise.all([stage.connect(), stage.connect()]);
  for (let round = 0; stage.active; round++) {
    const name = `passing-${round % 3}`;
    await createTopic(client, name, 3);
    await produce(client, name, 1, packBatch(['a', 'b'], {}, round % 5));
    const place = [{ partition: 1, fetchOffset: 2 }];
    const waited = fetch(waiting, name, place, { maxWaitMs: 2_000, minBytes: 1 });
    await client.ask(deleteTopicsExchange, { topicNames: [name], timeoutMs: 10_000 }, 5);
    await waited;
    stage.count('topics made and deleted');
    await stage.pause(50);
  }
}

/** Connections that ask a little, begin a fetch session and go without a word, some in the middle of a request. */
export async function comeAndGoConnections(stage: Stage): Promise<void> {
  while (stage.active) {
    const clients = await Promise.all(
      Array.from({ length: connectionsAtOnce }, () => stage.connect()),
    );
    await Promise.all(
      clients.map(async (client, index) => {
        await client.ask(apiVersionsExchange, {}, 2);
        await client.ask(metadataExchange, { topics: null }, 4);
        await fetch(client, 'short', [{ partition: 0, fetchOffset: 0 }], { sessionEpoch: 0 });
        if (index % 2 === 0) client.socket.write(Buffer.alloc(7));
        client.close();
        stage.count('connections');
      }),
    );
    await stage.pause(100);
  }
}

/** Real consumers that join, take over from each other, commit and leave. */
export function comeAndGoMembers(groupId: string) {
  return async function join(stage: Stage): Promise<void> {
    const brokers = [`127.0.0.1:${stage.port}`];
    const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
    for (let round = 0; stage.active; round++) {
      const members = [0, 1].map(() => kafka.consumer({ groupId, ...memberTimes }));
      const crashes: Error[] = [];
      for (const member of members) {
        // A consumer of kafkajs that is told to leave before it has joined may go on fetching.
        const joined = new Promise<void>((resolve) => {
          member.on(member.events.GROUP_JOIN, () => resolve());
          member.on(member.events.CRASH, ({ payload }) => {
            if (payload.restart) return;
            crashes.push(payload.error);
            resolve();
          });
        });
        await member.connect();
        await member.subscribe({ topic: 'short', fromBeginning: round % 2 === 0 });
        await member.run({
          autoCommitInterval: 100,
          eachBatch: async () => stage.count('batches of members'),
        });
        await joined;
        await stage.pause(500);
      }
      for (const member of members) await member.disconnect();
      // It ends by itself with an error that it takes for good; others are tried again.
      if (crashes[0] !== undefined) throw crashes[0];
      stage.count('members');
    }
  };
}

/** What tools ask: configs, offsets, sizes, groups; and they change and delete a little. */
export async function administer(stage: Stage): Promise<void> {
  const client = await stage.connect();
  for (let round = 0; stage.active; round++) {
    const resource = { resourceType: topicResource, resourceName: 'short' };
    await client.ask(
      describeConfigsExchange,
      { resources: [{ ...resource, configurationKeys: null }] },
      4,
    );
    const configs = [
      { name: 'max.message.bytes', configOperation: 0, value: `${2_000_000 + round}` },
    ];
    await client.ask(incrementalAlterConfigsExchange, { resources: [{ ...resource, configs }] }, 1);
    await client.ask(describeLogDirsExchange, { topics: null }, 2);
    await client.ask(listGroupsExchange, {}, 4);
    const partitions = [
      { partitionIndex: 0, timestamp: Date.now() - 1_000, currentLeaderEpoch: -1 },
    ];
    const listing = { replicaId: -1, topics: [{ name: 'short', partitions }] };
    await client.ask(listOffsetsExchange, listing, 5);
    const cut = [{ name: 'short', partitions: [{ partitionIndex: 3, offset: -1 }] }];
    await client.ask(deleteRecordsExchange, { topics: cut, timeoutMs: 5_000 }, 2);
    stage.count('rounds of admin requests');
    await stage.pause(200);
  }
}
