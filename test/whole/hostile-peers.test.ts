/** Peers that send rubbish, stop halfway, never read or come and go: nobody else notices, and no memory stays behind. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { apis } from '../../engine/api/served.js';
import { apiVersionsExchange, fetchExchange, metadataExchange } from '../exchanges.js';
import fc from '../fast-check.js';
import { framed, headed } from '../hostile/frames.js';
import { frameOf, type RawClient } from '../raw-client.js';
import { batchOf, createTopic, produce } from './records.js';
import { type RunningBroker, runBroker } from './running-broker.js';

const mebibyte = 2 ** 20;
const landingBytes = 4 * mebibyte;
const smallFrameBytes = mebibyte;

/** Sends bytes as a peer of its own and waits until the broker closes it. */
async function closedAfter(port: number, bytes: Uint8Array): Promise<void> {
  const socket = quietPeer(port);
  socket.write(bytes);
  await closed(socket);
}

/** A peer that says what it is told to. */
function quietPeer(port: number): Socket {
  return connect(port, '127.0.0.1')
    .on('error', () => {})
    .resume();
}

/** Unlike `once`, without minding an error before it. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** A frame that needs nearly all landing memory gets it only if nothing of it is held. */
async function provesEmpty(t: Test, client: RawClient): Promise<void> {
  const body = Buffer.alloc(landingBytes - 200 * 1024);
  // An unknown topic: refused, after the whole frame has landed.
  const { errorCode } = await produce(client, 'none', 0, body);
  t.equal(errorCode, 3, 'a frame of the whole landing memory was read');
}

function start(t: Test, settings = {}): Promise<RunningBroker> {
  const socketRequestMaxBytes = landingBytes;
  return runBroker(t, { landingBytes, smallFrameBytes, socketRequestMaxBytes, ...settings });
}

t.test('what is no request closes its own connection only', async (t) => {
  const { connect, port } = await start(t);
  const other = await connect();
  const rubbish: [string, Buffer][] = [
    ['a web request', Buffer.from('GET / HTTP/1.1\r\nHost: kopje\r\n\r\n')],
    ['a TLS hello', Buffer.from('160301020001000001fc0303', 'hex')],
    ['an endless frame', framed(Buffer.alloc(0), 2 ** 31 - 1)],
    ['a negative length', framed(Buffer.alloc(8), -1)],
    ['an empty frame', framed(Buffer.alloc(0))],
    ['half a header', framed(Buffer.from([0, 3, 0]))],
    ['an unknown API', headed(999, 0, false, Buffer.alloc(4))],
    ['an API of brokers', headed(4, 0, false, Buffer.alloc(4))],
    ['a version to come', headed(3, 99, true, Buffer.alloc(4))],
    ['a body cut short', headed(3, 1, false, Buffer.from([0, 0, 0, 9]))],
    ['a list beyond the frame', headed(3, 1, false, Buffer.from([127, 255, 255, 255]))],
  ];
  for (const [what, bytes] of rubbish) {
    await closedAfter(port, bytes);
    t.pass(what);
  }
  const { topics } = await other.ask(metadataExchange, { topics: null }, 4);
  t.strictSame(topics, []);
  await provesEmpty(t, other);
});

t.test('a name that is no UTF-8 and grows when it is echoed closes the connection', async (t) => {
  const { connect, port } = await start(t);
  const body = Buffer.alloc(6 + 20_000, 0xff);
  body.writeInt32BE(1, 0);
  body.writeInt16BE(20_000, 4);
  await closedAfter(port, headed(3, 1, false, body));
  await provesEmpty(t, await connect());
});

t.test('any bytes behind any header are answered or end the connection', async (t) => {
  const { connect, port } = await start(t);
  const other = await connect();
  const api = fc.constantFrom(...apis.values());
  const pieces = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom([255, 255, 255, 255], [0, 0, 0, 1], [255, 255], [0, 3, 97, 98, 99], [2], [0]),
    ),
    { maxLength: 12 },
  );
  const versionOf = fc.nat(30);
  await fc.assert(
    fc.asyncProperty(api, versionOf, pieces, async (asked, version, parts) => {
      const range = asked.maxVersion - asked.minVersion + 1;
      const chosen = asked.minVersion + (version % range);
      const body = Buffer.concat(parts.map((part) => Uint8Array.from(part)));
      const socket = quietPeer(port);
      socket.write(headed(asked.key, chosen, chosen >= asked.flexibleFrom, body));
      // Ends the connection even where the answer waits for something.
      socket.end();
      await closed(socket);
    }),
    { numRuns: 400, seed: 3 },
  );
  await provesEmpty(t, other);
});

t.test('thousands of requests in one write are answered in order', async (t) => {
  const { connect } = await start(t);
  const client = await connect();
  const count = 20_000;
  const frames = Array.from({ length: count }, (_, id) => frameOf(apiVersionsExchange, {}, 0, id));
  const answers = frames.slice(0, -1).map(() => client.exchange(Buffer.alloc(0)));
  answers.push(client.exchange(Buffer.concat(frames)));
  const ids = (await Promise.all(answers)).map((answer) => answer.readInt32BE(0));
  t.ok(ids.every((id, at) => id === at));
  await provesEmpty(t, client);
});

t.test('half a request and silence, or a peer that reads nothing, is closed', async (t) => {
  const { connect, port } = await start(t, { requestTimeoutMs: 1_500 });
  const other = await connect();
  await createTopic(other, 'big', 1);
  const value = 'x'.repeat(mebibyte / 2);
  for (let at = 0; at < 32; at++) await produce(other, 'big', 0, batchOf(value));
  const half = quietPeer(port);
  half.write(framed(Buffer.alloc(10), 3 * mebibyte));
  const deaf = quietPeer(port);
  deaf.pause();
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 16 * mebibyte }];
  const asked = { topics: [{ topic: 'big', partitions }], maxBytes: 16 * mebibyte, minBytes: 1 };
  for (let id = 0; id < 50; id++) deaf.write(frameOf(fetchExchange, asked, 11, id));
  const ends = Promise.all([closed(half), closed(deaf)]);
  const few = { topics: [{ topic: 'big', partitions: [{ partition: 0, fetchOffset: 0 }] }] };
  const heard = await other.ask(fetchExchange, { ...few, maxBytes: 1, minBytes: 1 }, 11);
  t.ok((heard.responses[0]?.partitions[0]?.records?.length ?? 0) > value.length);
  // A socket that is not read learns of its end from a write.
  const nudge = setInterval(() => deaf.write(frameOf(fetchExchange, asked, 11, 0)), 100);
  await ends;
  clearInterval(nudge);
  await provesEmpty(t, other);
});

t.test('peers that come and go, at any byte of a request, leave nothing behind', async (t) => {
  const { connect, port } = await start(t);
  const other = await connect();
  const whole = framed(Buffer.alloc(100 * 1024));
  whole.writeInt16BE(3, 4);
  whole.writeInt16BE(1, 6);
  const comeAndGo = async (at: number): Promise<void> => {
    const socket = quietPeer(port);
    await once(socket, 'connect');
    socket.write(whole.subarray(0, (at * 997) % whole.length));
    if (at % 2 === 0) socket.end();
    else socket.resetAndDestroy();
    await closed(socket);
  };
  for (let wave = 0; wave < 5; wave++) {
    await Promise.all(Array.from({ length: 60 }, (_, at) => comeAndGo(wave * 60 + at)));
  }
  await provesEmpty(t, other);
});
