import t, { type Test } from 'tap';
import type { ProduceShape } from '../../../bench/load/channel.js';
import { RawConnection } from '../../../bench/load/kafka/raw-connection.js';
import { batchOf, produceRequest } from '../../../bench/load/kafka/requests.js';
import { ProduceLoad } from '../../../bench/load/produce-load.js';
import { shapeFor } from './shape.js';

const partitions = 2;
const sends = 40;

/** Starts a load, and ends it once it has been acknowledged so often. */
async function loaded(shape: ProduceShape): Promise<ProduceLoad> {
  let begun = 0;
  const enough: { reached?: () => void } = {};
  const reached = new Promise<void>((resolve) => {
    enough.reached = resolve;
  });
  const load = await ProduceLoad.start(shape, {
    failed: (error) => {
      throw error;
    },
    began: () => {
      if (++begun === sends) enough.reached?.();
    },
  });
  await reached;
  await load.stop();
  return load;
}

/** Produces a batch beside the load. */
async function addRecord(
  t: Test,
  { address, topic }: ProduceShape,
  partition: number,
  batch: Uint8Array,
): Promise<void> {
  if (address.protocol !== 'kafka') throw new Error('not Kafka');
  const connection = await RawConnection.open(address.host, address.port);
  t.teardown(() => connection.close());
  await connection.ask(produceRequest(topic, -1, [{ partition, batch }]));
}

for (const compression of ['none', 'lz4', 'zstd'] as const) {
  t.test(`what was produced with ${compression} is read back, record by record`, async (t) => {
    const load = await loaded(await shapeFor(t, { compression }));
    const { requests, records, payloadBytes } = load.progress();
    t.ok(requests >= sends - 4);
    t.equal(records, requests * partitions * 16);
    t.equal(payloadBytes, records * 1_000);
    t.ok((load.latencies.summary()?.p50 ?? 0) > 0);
    await t.resolves(load.verify());
  });
}

t.test('a record that is there once too often is found', async (t) => {
  const shape = await shapeFor(t);
  const load = await loaded(shape);
  await addRecord(t, shape, 0, batchOf(1, 1_000, 7));
  await t.rejects(load.verify(), { message: /^record 7 was acknowledged \d+ times and is there/ });
});

t.test('a record that was changed is found', async (t) => {
  const shape = await shapeFor(t);
  const load = await loaded(shape);
  await addRecord(t, shape, 1, batchOf(1, 999, 3));
  await t.rejects(load.verify(), { message: 'record 3 is not what was sent' });
});

t.test('a pace of its own does not wait for answers', async (t) => {
  const shape = await shapeFor(t, { connections: 1, pace: { sendsPerSecond: 500 } });
  const load = await loaded(shape);
  t.ok(load.progress().requests >= sends);
  await t.resolves(load.verify());
});

t.test('more sends on their way than were prepared keep their own numbers', async (t) => {
  const shape = await shapeFor(t, {
    connections: 1,
    pace: { inFlight: 64 },
    batchBytes: 128_000,
    distinctBytes: 512_000,
  });
  const load = await loaded(shape);
  await t.resolves(load.verify());
});

t.test('more partitions than a request holds take turns, and all get the same', async (t) => {
  const shape = await shapeFor(t, { partitions: 50, batchBytes: 2_000 });
  const load = await loaded(shape);
  const { requests, records } = load.progress();
  t.equal(records, requests * 40 * 2);
  await t.resolves(load.verify());
});
