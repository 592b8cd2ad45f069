/** Clients that are slow, deaf, half gone or too many: the others notice nothing, and nothing stays behind. */
import { once } from 'node:events';
import t from 'tap';
import { fetchExchange, metadataExchange } from '../exchanges.js';
import { frameOf, RawClient } from '../raw-client.js';
import { batchOf, createTopic, produce } from '../whole/records.js';
import { Neighbour } from './neighbour.js';
import { answersUntilClosed, closed, WatchedBroker } from './watched-broker.js';

// All of it together, on a machine with other work to do.
t.setTimeout(120_000);

const mebibyte = 2 ** 20;

t.test('a client that sends byte by byte is answered', async (t) => {
  const broker = await WatchedBroker.start(t);
  const client = await broker.connect(t);
  await createTopic(client, 'a', 1);
  const frame = frameOf(metadataExchange, { topics: [{ name: 'a' }] }, 12, 7);
  const whole = await client.exchange(frame);
  const answer = client.exchange(frame.subarray(0, 1));
  for (const byte of frame.subarray(1)) {
    client.socket.write(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.same(await answer, whole);
});

t.test(
  'half-closed sockets: before, within and after a request, and during a long poll',
  async (t) => {
    const broker = await WatchedBroker.start(t);
    const neighbour = await Neighbour.start(t, broker);
    const client = await broker.connect(t);
    await createTopic(client, 'quiet', 1);
    const before = await broker.holdings();
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 9 }];
    const poll = { topics: [{ topic: 'quiet', partitions }], maxWaitMs: 2 ** 31 - 1, minBytes: 1 };
    const request = frameOf(metadataExchange, { topics: [{ name: 'quiet' }] }, 12, 7);
    const frames: [string, Buffer][] = [
      ['nothing', Buffer.alloc(0)],
      ['a byte', request.subarray(0, 1)],
      ['half a request', request.subarray(0, request.length - 1)],
      ['a request', request],
      ['a long poll', frameOf(fetchExchange, poll, 11, 8)],
    ];
    for (const [what, bytes] of frames) {
      const peers = Array.from({ length: 20 }, () => {
        const peer = broker.peer();
        peer.end(bytes);
        return answersUntilClosed(peer);
      });
      await Promise.all(peers);
      t.pass(what);
    }
    await neighbour.stop();
    t.strictSame(await broker.excess(before), {});
  },
);

t.test('clients that ask for much and never read', async (t) => {
  const broker = await WatchedBroker.start(t, { requestTimeoutMs: 2_000 });
  const client = await broker.connect(t);
  await createTopic(client, 'big', 2);
  const value = 'x'.repeat(mebibyte / 2);
  for (let at = 0; at < 32; at++) await produce(client, 'big', at % 2, batchOf(value));
  const neighbour = await Neighbour.start(t, broker);
  const before = await broker.holdings();
  const partitions = [0, 1].map((partition) => ({
    partition,
    fetchOffset: 0,
    partitionMaxBytes: 16 * mebibyte,
  }));
  const asked = { topics: [{ topic: 'big', partitions }], maxBytes: 32 * mebibyte, minBytes: 1 };
  const peers = await Promise.all(
    Array.from({ length: 30 }, async () => {
      const peer = broker.peer().pause();
      await once(peer, 'connect');
      for (let id = 0; id < 20; id++) peer.write(frameOf(fetchExchange, asked, 11, id));
      return peer;
    }),
  );
  const closedLines = () => broker.lines.filter(({ msg }) => /takes no reply bytes/.test(msg));
  const counted = () =>
    broker.lines.reduce((sum, { closed }) => sum + Number(closed ?? 0), closedLines().length);
  await broker.until(() => counted() === peers.length);
  t.equal(counted(), peers.length, 'each is told of');
  for (const peer of peers) peer.destroy();
  await neighbour.stop();
  t.strictSame(await broker.excess(before), {});
  t.strictSame(broker.errors, []);
});

t.test(
  'beyond maxConnections they are refused, and room is for others as soon as there is',
  async (t) => {
    const maxConnections = 20;
    const broker = await WatchedBroker.start(t, { maxConnections });
    const neighbour = await Neighbour.start(t, broker);
    const before = await broker.holdings();
    const peers = Array.from({ length: 200 }, () => broker.peer());
    const all = peers.map(closed);
    const counted = () =>
      broker.lines.filter(({ msg }) => /maxConnections/.test(msg)).length +
      broker.lines.reduce((sum, { closed }) => sum + Number(closed ?? 0), 0);
    const refusedCount = peers.length - (maxConnections - 1);
    await broker.until(() => counted() === refusedCount);
    t.equal(counted(), refusedCount, 'each is told of or counted');
    for (const peer of peers) peer.destroy();
    await Promise.all(all);
    await broker.excess(before);
    const late = await RawClient.connect(broker.port);
    t.strictSame((await late.ask(metadataExchange, { topics: [] }, 4)).topics, []);
    late.close();
    await neighbour.stop();
    t.strictSame(await broker.excess(before), {});
  },
);
