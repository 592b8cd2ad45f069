/** Single scenes of bad weather, and what Kafka's clients see of them. Kills are in `npm run test:weather`. */
import t, { type Test } from 'tap';
import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import { AccessMode } from '../../engine/protocol/pulsar/commands.js';
import { PulsarProducer } from '../../workers/log/pulsar/producer.js';
import { CuttingProxy } from '../clients/proxy.js';
import { adminUrl, lookupOf, serviceUrl } from './peer.js';
import { patienceMs, retriable, Scene } from './scene.js';

t.setTimeout(240_000);

/** Where Kopje misses what a watch tells, or asks for what is being deleted, it takes 30 s. */
const toldWithinMs = 8_000;

/** Sends entries as they are, as a producer of somebody else's, with the numbers of messages that it says they have. */
async function sendRaw(
  t: Test,
  topic: string,
  accessMode: AccessMode,
  entries: readonly { messageCount: number; metadata: Buffer; payload: Buffer }[],
): Promise<void> {
  const connection = await lookupOf(t).connectionFor(topic, 'write');
  let left = entries.length;
  await new Promise<void>((resolve, reject) => {
    const events = {
      acknowledged: () => {
        if (--left === 0) resolve();
      },
      ended: reject,
    };
    PulsarProducer.open(connection, { topic, accessMode, topicEpoch: null }, events).then(
      (producer) => {
        for (const { payload, ...entry } of entries) {
          const payloadBytes = payload.length;
          producer.send({ ...entry, payload: [payload], payloadBytes, checksum: null });
        }
        if (left === 0) resolve();
      },
      reject,
    );
  });
  connection.close();
}

/** Metadata of one message: no producer's name, sequence 0, publishing time 1. */
const plainMetadata = Buffer.from([0x0a, 0, 0x10, 0, 0x18, 1]);
/** The same with the property that says Kafka's batches follow. */
const kafkaMetadata = Buffer.concat([
  plainMetadata,
  Buffer.from([0x22, 0x15, 0x0a, 0x0c]),
  Buffer.from('entry.format'),
  Buffer.from([0x12, 0x05]),
  Buffer.from('kafka'),
  Buffer.from([0x58, 0x02]),
]);

t.test('connections to Pulsar that are cut, again and again', async (t) => {
  const proxy = await CuttingProxy.start(Number(new URL(serviceUrl).port));
  t.teardown(() => proxy.close());
  const scene = await Scene.open(t, { settings: { backend: `pulsar://127.0.0.1:${proxy.port}` } });
  const acknowledged = new Map<number, string>();
  for (let number = 0; number < 100; number++) {
    const value = `v${number}`;
    if (number % 10 === 5) setTimeout(() => proxy.cut(), number % 7);
    const { offset, errors } = await scene.produceAtLast(value);
    acknowledged.set(offset, value);
    t.ok(
      errors.every((error) => retriable.has(error)),
      `${errors}`,
    );
  }
  t.ok(proxy.cuts > 10);
  const stored = new Map((await scene.readAll()).map(({ offset, value }) => [offset, value]));
  for (const [offset, value] of acknowledged) t.equal(stored.get(offset), value);
});

t.test('another owner takes the topic', async (t) => {
  const scene = await Scene.open(t);
  t.equal(await scene.produce('first'), 0);
  const { pulsarTopic } = scene;
  await sendRaw(t, pulsarTopic, AccessMode.exclusiveWithFencing, [
    { messageCount: 1, metadata: plainMetadata, payload: Buffer.from('of another') },
  ]);
  const { offset, errors } = await scene.produceAtLast('second');
  t.ok(
    errors.every((error) => retriable.has(error)),
    `${errors}`,
  );
  t.ok(errors.includes(ErrorCode.NOT_LEADER_OR_FOLLOWER), 'clients look for the other one');
  const records = await scene.readAll();
  t.strictSame(
    records.map(({ value }) => value),
    ['first', 'of another', 'second'],
  );
  t.equal(records.at(-1)?.offset, offset);
});

t.test('a topic that is moved between brokers', async (t) => {
  const scene = await Scene.open(t);
  const offsets: number[] = [];
  for (let number = 0; number < 30; number++) {
    if (number % 10 === 5) void scene.admin('PUT', 'unload');
    const { offset, errors } = await scene.produceAtLast(`v${number}`);
    offsets.push(offset);
    t.ok(
      errors.every((error) => retriable.has(error)),
      `${errors}`,
    );
  }
  const stored = new Map((await scene.readAll()).map(({ offset, value }) => [offset, value]));
  for (const [number, offset] of offsets.entries()) t.equal(stored.get(offset), `v${number}`);
});

t.test('a topic that is deleted under its readers', async (t) => {
  const scene = await Scene.open(t);
  t.equal(await scene.produce('first'), 0);
  const reading = scene.fetch(1);
  const url = `${adminUrl}/admin/v2/persistent/public/default/${scene.topic}/partitions?force=true`;
  t.equal((await fetch(url, { method: 'DELETE' })).status, 204);
  const told = new Set([0, ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
  t.ok(told.has((await reading).errorCode));
  const deletedMs = performance.now();
  const deadlineMs = deletedMs + patienceMs;
  let last = 0;
  while (last !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION && performance.now() < deadlineMs) {
    last = (await scene.fetch(1)).errorCode;
    if (!told.has(last)) t.fail(`error ${last}`);
  }
  t.equal(last, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const tookMs = performance.now() - deletedMs;
  t.ok(tookMs < toldWithinMs, `readers were told after ${Math.round(tookMs)} ms`);
  t.equal(await scene.produce('second'), -ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const createdMs = performance.now();
  await scene.create();
  const { offset, errors } = await scene.produceAtLast('anew');
  // Pulsar may still be at the deletion; an opening that is tried again writes a barrier before it.
  t.ok(offset <= 1, `one that is made anew begins anew: ${offset}`);
  t.ok(
    errors.every((error) => retriable.has(error)),
    `${errors}`,
  );
  t.ok(performance.now() - createdMs < toldWithinMs, 'it did not wait for the old one');
});

t.test('damaged entries are passed', async (t) => {
  const scene = await Scene.of(t, (topic) =>
    sendRaw(t, topic, AccessMode.shared, [
      { messageCount: 1, metadata: plainMetadata, payload: Buffer.from('before') },
      { messageCount: 2, metadata: kafkaMetadata, payload: Buffer.from('no batch at all') },
      { messageCount: 1, metadata: plainMetadata, payload: Buffer.from('behind') },
    ]),
  );
  const { offset } = await scene.produceAtLast('ours');
  t.strictSame(
    (await scene.readAll()).map(({ offset: at, value }) => [at, value]),
    [
      [0, 'before'],
      [3, 'behind'],
      [offset, 'ours'],
    ],
  );
});

t.test('entries without an index', async (t) => {
  const scene = await Scene.of(t, (topic) =>
    sendRaw(t, topic, AccessMode.shared, [
      { messageCount: 1, metadata: plainMetadata, payload: Buffer.from('before') },
      { messageCount: 0, metadata: plainMetadata, payload: Buffer.from('uncounted') },
      { messageCount: 1, metadata: plainMetadata, payload: Buffer.from('behind') },
      { messageCount: 0, metadata: plainMetadata, payload: Buffer.from('uncounted, too') },
    ]),
  );
  const { offset } = await scene.produceAtLast('ours');
  t.strictSame(
    (await scene.readAll()).map(({ offset: at, value }) => [at, value]),
    [
      [0, 'before'],
      [1, 'behind'],
      [offset, 'ours'],
    ],
  );
});
