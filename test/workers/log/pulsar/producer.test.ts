import t, { type Test } from 'tap';
import { AccessMode } from '../../../../engine/protocol/pulsar/commands.js';
import {
  maxPendingSends,
  type OutgoingEntry,
  PulsarProducer,
} from '../../../../workers/log/pulsar/producer.js';
import { maxPendingSendsPerConnection } from '../../../../workers/log/pulsar/send-window.js';
import { FakeBroker, type Peer, type Sent } from './fake-broker.js';
import { connectionTo } from './setup.js';

const options = {
  topic: 'persistent://a/b/c',
  accessMode: AccessMode.exclusiveWithFencing,
  topicEpoch: null,
};

function entry(text: string): OutgoingEntry {
  const payload = Buffer.from(text);
  const metadata = Buffer.from('meta');
  return {
    messageCount: 3,
    metadata,
    payload: [payload],
    payloadBytes: payload.length,
    checksum: null,
  };
}

const textOf = ({ payload }: OutgoingEntry) => String(payload[0]);

interface Opened {
  readonly producer: PulsarProducer;
  readonly acknowledged: string[];
  /** Why it ended, and what was in doubt. */
  readonly ended: Promise<{ reason: Error; inDoubt: string[] }>;
}

async function open(t: Test, broker: FakeBroker): Promise<Opened> {
  const connection = await connectionTo(t, broker);
  const acknowledged: string[] = [];
  let end: (value: { reason: Error; inDoubt: string[] }) => void;
  const ended = new Promise<{ reason: Error; inDoubt: string[] }>((resolve) => {
    end = resolve;
  });
  const producer = await PulsarProducer.open(connection, options, {
    acknowledged: (sent, ledgerId, entryId) =>
      acknowledged.push(`${textOf(sent)}@${ledgerId}:${entryId}`),
    ended: (reason, inDoubt) => end({ reason, inDoubt: inDoubt.map(textOf) }),
  });
  return { producer, acknowledged, ended };
}

t.test('entries are stored in order and acknowledged with their place', async (t) => {
  const stored: Sent[] = [];
  const broker = await FakeBroker.start(t, {
    send: (sent, peer) => {
      stored.push(sent);
      peer.receipt(sent, 5, stored.length - 1);
      if (stored.length === 3)
        peer.tell('closeProducer', { producerId: sent.producerId, requestId: -1 });
    },
  });
  const { producer, acknowledged, ended } = await open(t, broker);
  t.equal(producer.topicEpoch, 0);
  for (const text of ['a', 'b', 'c']) t.ok(producer.send(entry(text)));
  const { inDoubt } = await ended;
  t.strictSame(acknowledged, ['a@5:0', 'b@5:1', 'c@5:2']);
  t.strictSame(inDoubt, []);
  t.strictSame(
    stored.map(({ sequenceId, messageCount }) => [sequenceId, messageCount]),
    [
      [0, 3],
      [1, 3],
      [2, 3],
    ],
  );
  t.equal(stored[1]?.entry.toString('latin1'), '\0\0\0\x04metab');
  t.notOk(producer.send(entry('d')), 'it has ended');
});

t.test('what is unanswered when it ends is in doubt, oldest first', async (t) => {
  const broker = await FakeBroker.start(t, {
    send: (sent, peer) => {
      if (sent.sequenceId === 0) peer.receipt(sent, 5, 0);
      else if (sent.sequenceId === 2) peer.socket.destroy();
    },
  });
  const { producer, acknowledged, ended } = await open(t, broker);
  for (const text of ['a', 'b', 'c']) producer.send(entry(text));
  const { reason, inDoubt } = await ended;
  t.equal(reason.name, 'ConnectionLost');
  t.strictSame(acknowledged, ['a@5:0']);
  t.strictSame(inDoubt, ['b', 'c']);
});

t.test('a receipt that cannot be believed ends it', async (t) => {
  const cases: [string, RegExp, (sent: Sent, peer: Peer) => void][] = [
    [
      'out of order',
      /a receipt for 1, not for 0/,
      (sent, peer) => peer.receipt({ ...sent, sequenceId: 1 }, 5, 0),
    ],
    ['a dropped duplicate', /stored nothing/, (sent, peer) => peer.receipt(sent, -1, -1)],
    [
      'an error',
      /PersistenceError: Producer is closed/,
      ({ producerId, sequenceId }, peer) =>
        peer.tell('sendError', { producerId, sequenceId, error: 2, message: 'Producer is closed' }),
    ],
  ];
  for (const [name, expected, send] of cases) {
    const broker = await FakeBroker.start(t, { send });
    const { producer, acknowledged, ended } = await open(t, broker);
    const closed = broker.next('closeProducer');
    producer.send(entry('a'));
    const { reason, inDoubt } = await ended;
    t.match(reason.message, expected, name);
    t.strictSame(inDoubt, ['a']);
    t.strictSame(acknowledged, []);
    await closed;
  }
});

t.test('sends beyond the window wait', async (t) => {
  const sends: Sent[] = [];
  let full: () => void = () => {};
  const all = new Promise<void>((resolve) => {
    full = resolve;
  });
  const broker = await FakeBroker.start(t, {
    send: (sent) => {
      if (sends.push(sent) === maxPendingSends) full();
    },
  });
  const { producer, ended } = await open(t, broker);
  for (let index = 0; index < maxPendingSends; index++) t.ok(producer.send(entry('x')));
  t.notOk(producer.send(entry('one more')));
  t.equal(producer.pendingSends, maxPendingSends);
  await all;
  await producer.close();
  t.equal((await ended).inDoubt.length, maxPendingSends);
});

t.test('producers of one connection share its window, and wait in turn', async (t) => {
  const sends: Sent[] = [];
  let full: () => void = () => {};
  const all = new Promise<void>((resolve) => {
    full = resolve;
  });
  let teller: Peer | null = null;
  const broker = await FakeBroker.start(t, {
    send: (sent, peer) => {
      teller = peer;
      if (sends.push(sent) === maxPendingSendsPerConnection) full();
    },
  });
  const connection = await connectionTo(t, broker);
  const turns: string[] = [];
  const opened: PulsarProducer[] = [];
  const room = (name: string) => {
    turns.push(name);
    const producer = opened['abc'.indexOf(name)] as PulsarProducer;
    while (producer.send(entry(name)));
  };
  for (const name of 'abc') {
    const events = { acknowledged() {}, ended() {}, room: () => room(name) };
    opened.push(await PulsarProducer.open(connection, options, events));
  }
  const [a, b, c] = opened as [PulsarProducer, PulsarProducer, PulsarProducer];
  for (const producer of opened) while (producer.send(entry('x')));
  t.strictSame(
    opened.map(({ pendingSends }) => pendingSends),
    [maxPendingSends, maxPendingSendsPerConnection - maxPendingSends, 0],
  );
  c.sendFirst(entry('a barrier waits for nobody'));
  await all;
  // Of the first one: the others have their turns before it, one each.
  const { producerId } = sends[0] as Sent;
  const six = new Promise<void>((resolve) => {
    const acknowledged = () => turns.length === 6 && resolve();
    connection.addProducer(producerId, {
      topic: '',
      receipt: (receipt) => {
        a.receipt(receipt);
        acknowledged();
      },
      sendFailed() {},
      closed() {},
    });
  });
  // The barrier had taken one place more.
  for (let sequenceId = 0; sequenceId < 7; sequenceId++) {
    (teller as Peer | null)?.receipt({ producerId, sequenceId }, 5, sequenceId);
  }
  await six;
  t.equal(turns.join(''), 'bcbcbc');
  t.ok(b.pendingSends + c.pendingSends === maxPendingSendsPerConnection - maxPendingSends + 7);
  await a.close();
  t.ok(turns.length > 6, 'what one leaves is for the others');
});

t.test('an epoch that has moved on is refused', async (t) => {
  const broker = await FakeBroker.start(t, {
    producer: ({ requestId, topicEpoch }, peer) => {
      t.equal(topicEpoch, 4);
      peer.tell('error', { requestId, error: 25, message: 'Topic epoch has already moved' });
    },
  });
  const connection = await connectionTo(t, broker);
  const events = { acknowledged() {}, ended() {} };
  const opening = PulsarProducer.open(connection, { ...options, topicEpoch: 4 }, events);
  await t.rejects(opening, { name: 'PulsarError', code: 25 });
});

t.test('WaitForExclusive is granted by the second answer', async (t) => {
  let granted = false;
  const broker = await FakeBroker.start(t, {
    producer: ({ requestId }, peer) => {
      peer.tell('producerSuccess', { requestId, producerName: 'p', producerReady: false });
      setImmediate(() => {
        granted = true;
        peer.tell('producerSuccess', { requestId, producerName: 'p', topicEpoch: 9 });
      });
    },
  });
  const connection = await connectionTo(t, broker);
  const producer = await PulsarProducer.open(
    connection,
    { ...options, accessMode: AccessMode.waitForExclusive },
    { acknowledged() {}, ended() {} },
  );
  t.ok(granted);
  t.equal(producer.topicEpoch, 9);
});
