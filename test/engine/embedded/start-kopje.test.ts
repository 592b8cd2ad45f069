/** The broker that a test suite starts inside its own process. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import t from 'tap';
import { type Kopje, SettingsError, startKopje } from '../../../engine/embedded/start-kopje.js';
import { RecordBatchBuilder } from '../../../engine/protocol/kafka/record-batch-builder.js';
import { deleteTopicsExchange, metadataExchange } from '../../exchanges.js';
import { RawClient } from '../../raw-client.js';
import * as topics from '../../soak/load/topics.js';
import { batchOf, createTopic, fetch, produce, valuesIn } from '../../whole/records.js';

async function roundTrip(kopje: Kopje, value: string): Promise<string[]> {
  const client = await RawClient.connect(kopje.port, kopje.host);
  await createTopic(client, 'r', 1);
  await produce(client, 'r', 0, batchOf(value));
  const values = await valuesOf(client);
  client.close();
  return values;
}

async function valuesOf(client: RawClient, fetchOffset = 0): Promise<string[]> {
  const place = { partition: 0, fetchOffset, partitionMaxBytes: 10_000_000 };
  // More than there is: the answer comes after the wait, not at once again and again.
  const { responses } = await fetch(client, 'r', [place], { minBytes: 5e6, maxWaitMs: 200 });
  const { values, nextOffset } = valuesIn(responses[0]?.partitions[0]?.records);
  // Compaction leaves an empty batch where nothing is left of a segment: a consumer reads on behind it.
  return values.length > 0 || nextOffset === -1 ? values : valuesOf(client, nextOffset);
}

t.test('brokers in memory know nothing of each other, and each has a port', async (t) => {
  await using one = await startKopje();
  await using other = await startKopje();
  t.not(one.port, other.port);
  t.equal(one.bootstrapServers, `127.0.0.1:${one.port}`);
  t.strictSame(await roundTrip(one, 'first'), ['first']);
  t.strictSame(await roundTrip(other, 'second'), ['second']);
});

t.test('a topic is deleted and made anew at once', async (t) => {
  await using kopje = await startKopje();
  t.strictSame(await roundTrip(kopje, 'old'), ['old']);
  const client = await RawClient.connect(kopje.port);
  await client.ask(deleteTopicsExchange, { topicNames: ['r'], timeoutMs: 5_000 }, 5);
  client.close();
  t.strictSame(await roundTrip(kopje, 'new'), ['new']);
});

t.test('a topic in memory is compacted', async (t) => {
  await using kopje = await startKopje({ messageMaxBytes: 1_000_000 });
  const client = await RawClient.connect(kopje.port);
  const configs = { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0.01' };
  await topics.createTopic(client, 'r', 1, { ...configs, 'segment.bytes': '1048576' });
  const written = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(400_000));
  for (const value of written) {
    const builder = new RecordBatchBuilder();
    builder.append(Date.now(), Buffer.from('key'), Buffer.from(value));
    await produce(client, 'r', 0, builder.finish());
  }
  const endMs = performance.now() + 20_000;
  let first = written[0];
  while (first === written[0] && performance.now() < endMs) [first] = await valuesOf(client);
  t.not(first, written[0], 'the oldest value of the key is gone');
  t.ok(first !== undefined && written.includes(first), 'and a later one is there');
  client.close();
});

t.test('a thread that dies takes its records along, and no offset comes twice', async (t) => {
  const threads: Worker[] = [];
  const keep = (thread: Worker) => threads.push(thread);
  process.on('worker', keep);
  t.teardown(() => process.off('worker', keep));
  await using kopje = await startKopje();
  const client = await RawClient.connect(kopje.port);
  await createTopic(client, 'r', 1);
  await produce(client, 'r', 0, batchOf('lost'));
  await threads[0]?.terminate();
  const endMs = performance.now() + 60_000;
  let { errorCode } = await produce(client, 'r', 0, batchOf('refused'));
  while (errorCode === 6 && performance.now() < endMs) {
    await setTimeout(20);
    ({ errorCode } = await produce(client, 'r', 0, batchOf('refused')));
  }
  t.equal(errorCode, 56, 'its topics are offline once there is another thread');
  await createTopic(client, 'later', 1);
  t.equal((await produce(client, 'later', 0, batchOf('kept'))).baseOffset, 0);
  await client.ask(deleteTopicsExchange, { topicNames: ['r'], timeoutMs: 5_000 }, 5);
  t.strictSame(await roundTrip(kopje, 'new'), ['new']);
  client.close();
});

t.test('in a dataDir records outlive the broker, as those of `kopje serve`', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'kopje-test-'));
  t.teardown(() => rm(dataDir, { recursive: true }));
  const first = await startKopje({ dataDir });
  t.strictSame(await roundTrip(first, 'kept'), ['kept']);
  await t.rejects(startKopje({ dataDir }), { name: 'DirectoryLocked' });
  await first.close();
  t.ok((await readdir(dataDir)).includes('r-0'));
  await using second = await startKopje({ dataDir });
  const client = await RawClient.connect(second.port);
  t.strictSame(await valuesOf(client), ['kept']);
  client.close();
});

t.test('options are settings by name, as a file would write them', async (t) => {
  await using kopje = await startKopje({
    kafkaListeners: ['PLAINTEXT://127.0.0.1:0', 'OTHER://127.0.0.1:0'],
    httpListener: '127.0.0.1:0',
    clusterId: 'of-the-test',
    logCleanupPolicy: ['compact', 'delete'],
    numPartitions: undefined,
  });
  const health = await globalThis.fetch(`http://${kopje.httpAddress}/ready`);
  t.equal(health.status, 200);
  await health.text();
  const client = await RawClient.connect(kopje.port);
  const { clusterId } = await client.ask(metadataExchange, { topics: [] }, 4);
  t.equal(clusterId, 'of-the-test');
  client.close();
});

t.test('what cannot be started says why, and leaves nothing behind', async (t) => {
  const wrong = { workers: 0, numPartition: 3 } as object;
  const error: unknown = await startKopje(wrong).catch((reason: unknown) => reason);
  t.type(error, SettingsError);
  t.match(String(error), 'option workers: workers must be 1 to 64, not 0');
  t.match(String(error), "unknown setting 'numPartition'; did you mean numPartitions?");
  await using kopje = await startKopje();
  const kafkaListeners = `PLAINTEXT://127.0.0.1:${kopje.port}`;
  await t.rejects(startKopje({ kafkaListeners }), {
    name: 'ListenError',
    message: `listener PLAINTEXT cannot bind 127.0.0.1:${kopje.port}: another process listens there already`,
  });
});
