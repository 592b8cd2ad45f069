/** Partition threads die in every way, under load: nothing acknowledged is lost, the others go on. */
import { once } from 'node:events';
import t from 'tap';
import { lastOffset } from '../../../engine/protocol/kafka/record-batch.js';
import { RecordBatchBuilder } from '../../../engine/protocol/kafka/record-batch-builder.js';
import { RecordCursor } from '../../../engine/protocol/kafka/record-cursor.js';
import { createTopicsExchange, fetchExchange, produceExchange } from '../../exchanges.js';
import { RawClient } from '../../raw-client.js';
import type { Death } from './crash-hook.js';
import { startMortalBroker } from './mortal-broker.js';

const topic = 'survivor';
const workers = 2;
/** Kafka's NOT_LEADER_OR_FOLLOWER. */
const notLeader = 6;

/** One producer for one partition: one record a request, until told to stop. */
class Load {
  /** Values that were acknowledged, in order. */
  readonly acknowledged: number[] = [];
  readonly errors = new Set<number>();
  stopping = false;
  readonly done: Promise<void>;

  constructor(client: RawClient, partition: number) {
    this.done = this.#run(client, partition);
  }

  async #run(client: RawClient, partition: number): Promise<void> {
    for (let value = 0; !this.stopping; value++) {
      const builder = new RecordBatchBuilder();
      builder.append(Date.now(), null, Buffer.from(`${value}`));
      const response = await client.ask(
        produceExchange,
        {
          acks: -1,
          timeoutMs: 10_000,
          topicData: [
            { name: topic, partitionData: [{ index: partition, records: builder.finish() }] },
          ],
        },
        9,
      );
      const errorCode = response.responses[0]?.partitionResponses[0]?.errorCode ?? -1;
      if (errorCode === 0) this.acknowledged.push(value);
      else this.errors.add(errorCode);
    }
  }

  /** Resolves once `count` more values were acknowledged. */
  async advance(count: number): Promise<void> {
    const target = this.acknowledged.length + count;
    while (this.acknowledged.length < target) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function valuesOf(client: RawClient, partition: number): Promise<number[]> {
  const values: number[] = [];
  let offset = 0;
  for (;;) {
    const response = await client.ask(
      fetchExchange,
      {
        replicaId: -1,
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes: 10_000_000,
        sessionEpoch: -1,
        topics: [
          {
            topic,
            partitions: [
              {
                partition,
                fetchOffset: offset,
                partitionMaxBytes: 10_000_000,
                currentLeaderEpoch: -1,
                lastFetchedEpoch: -1,
                logStartOffset: -1,
              },
            ],
          },
        ],
      },
      12,
    );
    const fetched = response.responses[0]?.partitions[0];
    const records = (fetched?.records ?? new Uint8Array(0)) as Uint8Array;
    if (records.length === 0) return values;
    for (let at = 0; at < records.length; ) {
      const size = 12 + Buffer.from(records).readInt32BE(at + 8);
      const cursor = new RecordCursor().openBatch(records, at);
      while (cursor.next()) {
        values.push(
          Number(Buffer.from(records.subarray(cursor.valueStart, cursor.valueEnd)).toString()),
        );
      }
      offset = lastOffset(records, at) + 1;
      at += size;
    }
  }
}

/** True if `some` appears in `all` in order, each value once. */
function holdsInOrder(all: readonly number[], some: readonly number[]): boolean {
  let at = 0;
  for (const value of all) if (value === some[at]) at++;
  return at === some.length && new Set(all).size === all.length;
}

t.test('every way to die', async (t) => {
  const broker = await startMortalBroker(t.testdir(), [`workers=${workers}`]);
  t.teardown(async () => {
    broker.process.kill('SIGKILL');
    await once(broker.process, 'exit');
  });
  const admin = await RawClient.connect(broker.port);
  await admin.ask(
    createTopicsExchange,
    { topics: [{ name: topic, numPartitions: workers, replicationFactor: 1 }], timeoutMs: 10_000 },
    5,
  );
  const clients = await Promise.all(
    Array.from({ length: workers }, () => RawClient.connect(broker.port)),
  );
  const loads = clients.map((client, partition) => new Load(client, partition));
  const deaths: Death[] = ['throw', 'exit', 'write'];
  // Node 24 aborts the whole process when a thread's heap is exhausted; nothing in it can be tested then.
  if (Number(process.versions.node.split('.')[0]) < 24) deaths.push('heap');
  for (const [index, death] of deaths.entries()) {
    await Promise.all(loads.map((load) => load.advance(20)));
    // The hook takes the threads in turn, so both workers die twice.
    const victim = loads[index % workers] as Load;
    const before = new Set(victim.errors);
    victim.errors.clear();
    broker.process.send(death);
    const died = async (): Promise<void> => {
      while (loads.every((load) => load.errors.size === 0)) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await died();
    for (const error of before) victim.errors.add(error);
    const hurt = loads.filter((load) => load.errors.size > 0);
    t.equal(hurt.length, 1, `${death}: only the partitions of one worker saw errors`);
    await Promise.all(loads.map((load) => load.advance(20)));
    for (const load of loads) {
      t.ok(
        [...load.errors].every((error) => error === notLeader),
        `${death}: ${[...load.errors]}`,
      );
      load.errors.clear();
    }
  }
  for (const load of loads) load.stopping = true;
  await Promise.all(loads.map((load) => load.done));
  for (const [partition, load] of loads.entries()) {
    const values = await valuesOf(admin, partition);
    t.ok(
      holdsInOrder(values, load.acknowledged),
      `partition ${partition}: all of ${load.acknowledged.length} acknowledged values, once and in order`,
    );
  }
  for (const client of [admin, ...clients]) client.close();
});
