/** Peers that are turned away: each with one log line that names it, after the answers to what came before. */
import t from 'tap';
import { produceExchange } from '../exchanges.js';
import { frameOf } from '../raw-client.js';
import { batchOf, createTopic } from '../whole/records.js';
import { correlationIdsIn, framed, headed } from './frames.js';
import { Neighbour } from './neighbour.js';
import { WatchedBroker } from './watched-broker.js';

// All of it together, on a machine with other work to do.
t.setTimeout(120_000);

const apiVersions = (id: number): Buffer => headed(18, 0, false, Buffer.alloc(0), id);
const httpRequest = Buffer.from('GET / HTTP/1.1\r\nHost: kopje\r\n\r\n');
const tlsHello = Buffer.from('160301020001000001fc0303', 'hex');

/** What no broker can answer, and what the log says of it. */
const unanswerable: readonly [string, Buffer, RegExp][] = [
  ['HTTP', httpRequest, /bytes was announced/],
  ['TLS', tlsHello, /bytes was announced/],
  ['zeros', Buffer.alloc(64), /frame of 0 bytes/],
  ['a frame of 2 GiB', framed(Buffer.alloc(0), 2 ** 31 - 1), /2147483647 bytes was announced/],
  ['a negative length', framed(Buffer.alloc(8), -2), /frame of -2 bytes/],
  ['half a header', framed(Buffer.from([0, 3, 0])), /has no header/],
  ['no client id', framed(Buffer.from([0, 3, 0, 1, 0, 0, 0, 1])), /header .* cannot be read/],
  ['an unknown API', headed(999, 0, false, Buffer.alloc(4)), /API key 999/],
  ['a negative API', headed(-1, 0, false, Buffer.alloc(4)), /API key -1/],
  ['an API between brokers', headed(6, 0, false, Buffer.alloc(4)), /API key 6/],
  ['a version to come', headed(3, 99, true, Buffer.alloc(4)), /Metadata version 99/],
  ['a version of the past', headed(0, 2, false, Buffer.alloc(40)), /Produce version 2/],
  ['a negative version', headed(1, -1, false, Buffer.alloc(40)), /Fetch version -1/],
  ['a body cut short', headed(3, 1, false, Buffer.from([0, 0, 0, 9])), /Metadata v1/],
  [
    'a list beyond the frame',
    headed(3, 1, false, Buffer.from([127, 255, 255, 255])),
    /Metadata v1/,
  ],
  ['a negative string', headed(3, 1, false, Buffer.from([0, 0, 0, 1, 0x80, 0])), /Metadata v1/],
];

t.test('each is closed with one line that names it', async (t) => {
  const broker = await WatchedBroker.start(t);
  const neighbour = await Neighbour.start(t, broker);
  const before = await broker.holdings();
  for (const [what, bytes, reason] of unanswerable) {
    const told = broker.lines.length;
    const answered = await broker.sayAndListen(bytes);
    t.equal(answered.length, 0, what);
    const lines = broker.lines.slice(told);
    t.equal(lines.length, 1, `${what}: one line`);
    t.match(lines[0], { level: 40, peer: '/127.0.0.1', msg: reason }, what);
  }
  const { rounds } = await neighbour.stop();
  t.ok(rounds > 0);
  t.strictSame(await broker.excess(before), {});
});

t.test('what came before it on the connection is answered, in order', async (t) => {
  const broker = await WatchedBroker.start(t);
  const client = await broker.connect(t);
  await createTopic(client, 'a', 1);
  const topicData = [{ name: 'a', partitionData: [{ index: 0, records: batchOf('x') }] }];
  const produce = (id: number): Buffer =>
    frameOf(produceExchange, { acks: -1, timeoutMs: 1_000, topicData }, 9, id);
  for (const [what, bytes] of unanswerable) {
    const told = broker.lines.length;
    const earlier = Buffer.concat([apiVersions(1), produce(2), produce(3)]);
    // What follows it is never begun.
    const answered = await broker.sayAndListen(Buffer.concat([earlier, bytes, produce(4)]));
    t.strictSame(correlationIdsIn(answered), [1, 2, 3], what);
    t.equal(broker.lines.length - told, 1, `${what}: one line`);
  }
  const { baseOffset } = await produceOne();
  t.equal(baseOffset, 2 * unanswerable.length, 'nothing behind it was appended');

  async function produceOne(): Promise<{ baseOffset: number }> {
    const answer = await client.ask(produceExchange, { acks: -1, timeoutMs: 1_000, topicData }, 9);
    return answer.responses[0]!.partitionResponses[0]!;
  }
});

t.test('a hundred of them in one write make one line', async (t) => {
  const broker = await WatchedBroker.start(t);
  for (const [what, bytes] of unanswerable) {
    const told = broker.lines.length;
    await broker.sayAndListen(Buffer.concat(Array.from({ length: 100 }, () => bytes)));
    t.equal(broker.lines.length - told, 1, what);
  }
});

t.test('ApiVersions of any unknown version is answered with version 0', async (t) => {
  const broker = await WatchedBroker.start(t);
  const client = await broker.connect(t);
  for (const version of [5, 99, 32_767]) {
    const body = await client.exchange(headed(18, version, true, Buffer.alloc(9), version));
    t.equal(body.readInt32BE(0), version, 'its correlation id');
    t.equal(body.readInt16BE(4), 35, 'UNSUPPORTED_VERSION');
    t.equal(body.length, 10 + 6 * body.readInt32BE(6), 'a list of version 0 behind it');
  }
});

t.test('a flood of peers that are turned away does not flood the log', async (t) => {
  const broker = await WatchedBroker.start(t);
  const neighbour = await Neighbour.start(t, broker);
  const before = await broker.holdings();
  const waves = 20;
  const peers = 50;
  for (let wave = 0; wave < waves; wave++) {
    await Promise.all(Array.from({ length: peers }, () => broker.sayAndListen(httpRequest)));
  }
  await neighbour.stop();
  t.strictSame(await broker.excess(before), {});
  const toldOf = (pattern: RegExp) => broker.lines.filter(({ msg }) => pattern.test(msg));
  const counted = () =>
    toldOf(/further connections/).reduce((sum, line) => sum + Number(line['closed']), 0);
  const named = () => toldOf(/was announced/).length;
  await broker.until(() => named() + counted() === waves * peers);
  t.equal(named() + counted(), waves * peers, 'every one is told of or counted');
  t.ok(named() < (waves * peers) / 2, `${named()} lines`);
});
