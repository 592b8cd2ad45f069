import { once } from 'node:events';
import t from 'tap';
import { earliest, PulsarReader } from '../../../../workers/log/pulsar/reader.js';
import { messageFrame } from '../../../engine/protocol/pulsar/hot-messages.js';
import { FakeBroker, type Peer } from './fake-broker.js';
import { connectionTo } from './setup.js';

const topic = 'persistent://a/b/c';

/** Entry `entryId` of three messages, with a payload of that many bytes. */
function deliver(peer: Peer, consumerId: number, entryId: number, payloadBytes: number): void {
  const frame = messageFrame(
    { consumerId, messageId: { ledgerId: 1, entryId } },
    {
      index: 3 * entryId + 2,
      metadata: Buffer.from([0x58, 3]),
      payload: Buffer.alloc(payloadBytes, entryId),
    },
  );
  peer.socket.write(frame);
}

t.test('entries of every length come whole and in order, however they are cut', async (t) => {
  const sizes = [0, 10, 300_000, 1, 262_144, 700_000, 5];
  const broker = await FakeBroker.start(t, {
    connect: (_, peer) =>
      peer.tell('connected', { serverVersion: 'fake', maxMessageSize: 1_000_000 }),
    flow: ({ consumerId }, peer) => {
      if (broker.commands.filter(({ name }) => name === 'flow').length > 1) return;
      for (const [entryId, size] of sizes.entries()) deliver(peer, consumerId, entryId, size);
    },
  });
  const connection = await connectionTo(t, broker);
  const seen: [number, number, number][] = [];
  await new Promise<void>((resolve, reject) => {
    PulsarReader.open(connection, topic, earliest, 2 ** 20, {
      entry(view, entry) {
        const payload = view.subarray(entry.payloadStart, entry.end);
        if (!payload.every((byte) => byte === entry.entryId)) reject(new Error('other bytes'));
        seen.push([entry.entryId, entry.index, payload.length]);
        if (seen.length === sizes.length) resolve();
      },
      ended: reject,
    }).catch(reject);
  });
  t.strictSame(
    seen,
    sizes.map((size, entryId) => [entryId, 3 * entryId + 2, size]),
  );
});

t.test('permits follow the size of messages, in portions, and not while paused', async (t) => {
  const flows: number[] = [];
  let delivered = 0;
  const broker = await FakeBroker.start(t, {
    flow: ({ messagePermits, consumerId }, peer) => {
      flows.push(messagePermits);
      // A whole entry always comes.
      const entries = Math.max(1, Math.floor(messagePermits / 3));
      for (let i = 0; i < entries && delivered < 8; i++) deliver(peer, consumerId, delivered++, 24);
    },
  });
  const connection = await connectionTo(t, broker);
  let count = 0;
  let eighth: () => void = () => {};
  const all = new Promise<void>((resolve) => {
    eighth = resolve;
  });
  // Messages of 10 bytes: 24 of them.
  const reader: PulsarReader = await PulsarReader.open(connection, topic, earliest, 240, {
    entry() {
      if (++count === 5) reader.pause();
      if (count === 8) eighth();
    },
    ended: (reason) => t.fail(reason.message),
  });
  await all;
  t.strictSame(flows, [1, 26]);
  const granted = broker.next('flow');
  reader.resume();
  await granted;
  t.strictSame(flows, [1, 26, 21]);
  const closed = broker.next('closeConsumer');
  reader.close();
  await closed;
});

t.test('a topic that is not there, and an end in the middle', async (t) => {
  const missing = await FakeBroker.start(t, {
    subscribe: ({ requestId, durable, forceTopicCreation, startMessageId }, peer) => {
      t.equal(durable, false);
      t.equal(forceTopicCreation, false);
      t.strictSame(startMessageId, { ledgerId: -1, entryId: -1 });
      peer.tell('error', { requestId, error: 11, message: 'no such topic' });
    },
  });
  const events = { entry() {}, ended: () => t.fail('it never began') };
  const opening = PulsarReader.open(await connectionTo(t, missing), topic, earliest, 1, events);
  await t.rejects(opening, { code: 11, message: /TopicNotFound/ });
  const broker = await FakeBroker.start(t);
  const connection = await connectionTo(t, broker);
  const ended = new Promise<Error>((resolve) => {
    void PulsarReader.open(connection, topic, earliest, 1, { entry() {}, ended: resolve });
  });
  await broker.next('flow');
  const [peer] = broker.peers;
  peer?.socket.end();
  if (peer) await once(peer.socket, 'close');
  t.equal((await ended).name, 'ConnectionLost');
});
