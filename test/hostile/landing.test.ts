/** Peers that hold memory which others need: it is taken from them in seconds, not when their own time is up. */
import t, { type Test } from 'tap';
import { fetchExchange } from '../exchanges.js';
import { frameOf } from '../raw-client.js';
import { createTopic, produce } from '../whole/records.js';
import { framed, headed } from './frames.js';
import { Neighbour } from './neighbour.js';
import { closed, WatchedBroker } from './watched-broker.js';

// All of it together, on a machine with other work to do.
t.setTimeout(120_000);

const mebibyte = 2 ** 20;
const landingBytes = 8 * mebibyte;
/** Far beyond the time of a test: whoever holds memory so long is not waited for. */
const requestTimeoutMs = 600_000;
/** Two sweeps, and what a busy machine adds. */
const relievedWithinMs = 10_000;

const start = (t: Test): Promise<WatchedBroker> =>
  WatchedBroker.start(t, { landingBytes, smallFrameBytes: mebibyte, requestTimeoutMs });

/** Sends a frame that needs nearly all of the landing memory; resolves with how long its answer took. */
async function timeOfLargeFrame(t: Test, broker: WatchedBroker): Promise<number> {
  const client = await broker.connect(t);
  const started = performance.now();
  const { errorCode } = await produce(client, 'none', 0, Buffer.alloc(6 * mebibyte));
  t.equal(errorCode, 3, 'an unknown topic: refused after all of it has landed');
  client.close();
  return performance.now() - started;
}

t.test('a large frame announced and never sent', async (t) => {
  const broker = await start(t);
  const before = await broker.holdings();
  const peers = [2, 3].map((megabytes) => {
    const peer = broker.peer();
    peer.write(framed(Buffer.alloc(100), megabytes * mebibyte));
    return closed(peer);
  });
  await broker.untilHeld('kopje_landing_used_bytes', 5 * mebibyte);
  t.ok((await timeOfLargeFrame(t, broker)) < relievedWithinMs);
  await Promise.all(peers);
  t.strictSame(await broker.excess(before), {});
  t.match(broker.lines, [{ peer: '/127.0.0.1', msg: /memory that others wait for/ }]);
});

t.test('a large frame of which a byte comes now and then', async (t) => {
  const broker = await start(t);
  const peer = broker.peer();
  peer.write(framed(Buffer.alloc(100), 5 * mebibyte));
  const dripping = setInterval(() => peer.write(Buffer.alloc(1)), 100);
  const ended = closed(peer);
  await broker.untilHeld('kopje_landing_used_bytes', 5 * mebibyte);
  t.ok((await timeOfLargeFrame(t, broker)) < relievedWithinMs);
  await ended;
  clearInterval(dripping);
});

t.test('large frames behind a Fetch that waits for weeks', async (t) => {
  const broker = await start(t);
  const client = await broker.connect(t);
  await createTopic(client, 'quiet', 1);
  const before = await broker.holdings();
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 }];
  const waiting = { topics: [{ topic: 'quiet', partitions }], maxWaitMs: 2 ** 31 - 1, minBytes: 1 };
  const peer = broker.peer();
  peer.write(frameOf(fetchExchange, waiting, 11, 0));
  for (let frame = 0; frame < 6; frame++) peer.write(headed(0, 9, true, Buffer.alloc(mebibyte)));
  const ended = closed(peer);
  await broker.untilHeld('kopje_request_queue_size', 6);
  t.ok((await timeOfLargeFrame(t, broker)) < relievedWithinMs);
  await ended;
  t.strictSame(await broker.excess(before), {});
});

t.test('requests behind a Fetch that waits for weeks, of a client that is gone', async (t) => {
  const connectionMaxIdleMs = 1_000;
  const broker = await WatchedBroker.start(t, { connectionMaxIdleMs, maxQueuedRequests: 3 });
  const client = await broker.connect(t);
  await createTopic(client, 'quiet', 1);
  client.close();
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 }];
  const waiting = { topics: [{ topic: 'quiet', partitions }], maxWaitMs: 2 ** 31 - 1, minBytes: 1 };
  const before = { ...(await broker.holdings()), kopje_connections: 0 };
  const peer = broker.peer();
  for (let id = 0; id < 9; id++) peer.write(frameOf(fetchExchange, waiting, 11, id));
  await broker.untilHeld('kopje_request_queue_size', 2);
  peer.destroy();
  t.strictSame(await broker.excess(before), {});
});

t.test('a client that is slow while nobody waits is left alone', async (t) => {
  const broker = await start(t);
  const neighbour = await Neighbour.start(t, broker);
  const client = await broker.connect(t);
  const frame = headed(3, 1, false, Buffer.alloc(300_000));
  frame.writeInt32BE(0, 14);
  frame.writeInt32BE(299_996 + 14, 0);
  const answer = client.exchange(frame.subarray(0, 100_000));
  // Longer than it takes to find one that lags.
  for (let sweep = 0; sweep < 4; sweep++) await new Promise((next) => setTimeout(next, 1_000));
  client.socket.write(frame.subarray(100_000));
  t.ok((await answer).length > 0);
  await neighbour.stop();
  t.strictSame(broker.lines, []);
});
