/**
 * Asks a freshly started Kafka what the script of requests about groups asks, and keeps the answers. Start it with
 * group.initial.rebalance.delay.ms=300, then
 *
 *     node dist/test/golden/groups/ask-kafka.js 9092 test/golden/groups/answers.json
 */
import { writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { runScenario } from '../../engine/coordinators/group/scenario.js';
import { createTopicsExchange, findCoordinatorExchange } from '../../exchanges.js';
import { RawClient } from '../../raw-client.js';

const [port = '9092', file = 'answers.json'] = argv.slice(2);
const name = 'golden-groups';
const clients = [await RawClient.connect(Number(port)), await RawClient.connect(Number(port))];
const topics = [{ name, numPartitions: 3, replicationFactor: 1 }];
const created = await clients[0]!.ask(createTopicsExchange, { topics, timeoutMs: 10_000 }, 7);
const id = created.topics[0]!.topicId;

// The first question makes the offsets topic, which takes a moment to be there.
for (let isReady = false; !isReady; await setTimeout(200)) {
  const request = { keyType: 0, coordinatorKeys: ['any'] };
  const found = await clients[0]!.ask(findCoordinatorExchange, request, 4);
  isReady = found.coordinators[0]?.errorCode === 0;
}
await setTimeout(3_000);

const exchanged = await runScenario({
  ask: (connection, exchange, request, version) =>
    clients[connection]!.ask(exchange, request, version),
  pass: (ms) => setTimeout(ms),
  topic: { name, id },
});
writeFileSync(file, `${JSON.stringify(exchanged, null, 1)}\n`);
for (const client of clients) client.close();
