/** The checker of the weather finds what it is to find. */
import t from 'tap';
import { Connection } from '../crash/connection.js';
import { Findings } from '../crash/findings.js';
import { packBatch } from '../crash/load/batches.js';
import { markedValue, TopicLedger } from '../crash/load/topic-ledger.js';
import { createTopicsExchange, produceExchange } from '../exchanges.js';
import { runBroker } from '../whole/running-broker.js';
import { memoryFindings, mostResidentBytes } from './memory-watch.js';

const producer = 'plain-pulsar-writer';
const rules = { underway: new Set<number>(), patienceMs: 100, mayHaveHoles: true };

t.test('records whose offsets nobody was told', async (t) => {
  const { port } = await runBroker(t, { workers: 1 });
  const findings = new Findings();
  const connection = await Connection.open(port, findings);
  t.teardown(() => connection.close());
  const topic = 'shared';
  const wanted = { name: topic, numPartitions: 1, replicationFactor: 1 };
  await connection.ask(createTopicsExchange, { topics: [wanted], timeoutMs: 10_000 }, 5);
  const write = async (...numbers: number[]) => {
    const values = numbers.map((number) => markedValue(producer, number, ''));
    const none = { producerId: -1, producerEpoch: -1, baseSequence: -1 };
    const partitionData = [{ index: 0, records: packBatch(values, none, 0) }];
    const topicData = [{ name: topic, partitionData }];
    await connection.ask(produceExchange, { acks: -1, timeoutMs: 10_000, topicData }, 9);
  };
  const ledger = new TopicLedger(topic, 1, findings, rules);
  const found = async () => {
    await ledger.check(connection);
    return findings.texts;
  };
  await write(0, 1, 3);
  ledger.promise(0, { producer, first: 0, count: 2 });
  t.equal(ledger.promisedRecords, 2);
  t.strictSame(await found(), [], 'what was not acknowledged may be there or not');
  await write(1);
  t.strictSame(await found(), [`shared-0: ${producer}'s 1 is there again`]);
  ledger.promise(0, { producer, first: 4, count: 2 });
  t.match((await found()).at(-1), /2 that were stored are nowhere, the first is .*\/4$/);
});

t.test('memory that grows', async (t) => {
  const mebibyte = 2 ** 20;
  const steady = Array.from({ length: 50 }, (_, cycle) => (100 + (cycle % 7) * 10) * mebibyte);
  t.strictSame(memoryFindings(steady), []);
  const growing = steady.map((bytes, cycle) => bytes + 2 * cycle * mebibyte);
  t.match(memoryFindings(growing), [/in the first third, .* in the last$/]);
  t.match(memoryFindings([mostResidentBytes + 1]), [/^a node took \d+ MiB$/]);
});
