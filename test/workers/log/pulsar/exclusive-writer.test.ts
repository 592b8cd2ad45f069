import t, { type Test } from 'tap';
import {
  ExclusiveWriter,
  type ExclusiveWriterOptions,
  type WriterEvents,
} from '../../../../workers/log/pulsar/exclusive-writer.js';
import { Lookup } from '../../../../workers/log/pulsar/lookup.js';
import type { OutgoingEntry } from '../../../../workers/log/pulsar/producer.js';
import fc from '../../../fast-check.js';
import { FakeTopic } from './fake-topic.js';
import { connectionsOf } from './setup.js';

function entryOf(messageCount: number): OutgoingEntry {
  const payload = [Buffer.alloc(1)];
  const metadata = Buffer.from([0x0a, 0]);
  return { messageCount, metadata, payload, payloadBytes: 1, checksum: null };
}

/** A writer, what it said, and a way to send that waits for its turn. */
class Session {
  readonly offsets: [number, number][] = [];
  readonly ended: Promise<{ reason: Error; inDoubt: number[] }>;
  writer!: ExclusiveWriter;
  #end: (value: { reason: Error; inDoubt: number[] }) => void = () => {};
  #wake: () => void = () => {};

  private constructor() {
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  static async open(t: Test, topic: FakeTopic, topicEpoch: number | null = null): Promise<Session> {
    const session = new Session();
    const lookup = new Lookup(connectionsOf(t), [topic.broker.address]);
    const options: ExclusiveWriterOptions = { topic: topic.name, lookup, admin: topic };
    const events: WriterEvents = {
      acknowledged: ({ messageCount }, baseOffset) => {
        session.offsets.push([baseOffset, messageCount]);
        session.#wake();
      },
      ended: (reason, inDoubt) => {
        session.#end({ reason, inDoubt: inDoubt.map(({ messageCount }) => messageCount) });
        session.#wake();
      },
      room: () => session.#wake(),
    };
    session.writer =
      topicEpoch === null
        ? await ExclusiveWriter.takeOver(options, events, 1_000)
        : await ExclusiveWriter.comeBack(options, events, topicEpoch);
    return session;
  }

  /** Sends entries of so many records each, as early as the writer takes them. */
  async send(...counts: number[]): Promise<void> {
    for (const count of counts) {
      while (!this.writer.send(entryOf(count))) await this.#news();
    }
  }

  async acknowledged(count: number): Promise<void> {
    while (this.offsets.length < count) await this.#news();
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

t.test('the first owner of a topic without entries begins at 0', async (t) => {
  const topic = await FakeTopic.start(t);
  const session = await Session.open(t, topic);
  t.equal(session.writer.topicEpoch, 0);
  t.equal(session.writer.endOffset, 0);
  await session.send(3, 1, 5, 2);
  await session.acknowledged(4);
  t.strictSame(session.offsets, [
    [0, 3],
    [3, 1],
    [4, 5],
    [9, 2],
  ]);
});

t.test('a new owner writes a barrier, and goes on behind it', async (t) => {
  const topic = await FakeTopic.start(t);
  topic.store(7);
  // What a fenced predecessor had sent comes in before the barrier.
  topic.beforeStore = () => {
    topic.store(4);
    topic.beforeStore = () => 'store';
    return 'store';
  };
  const session = await Session.open(t, topic);
  t.equal(session.writer.endOffset, 12);
  t.match(topic.entries.at(-1), { index: 11, messages: 1, isMarker: true });
  await session.send(2, 1);
  await session.acknowledged(2);
  t.strictSame(session.offsets, [
    [12, 2],
    [14, 1],
  ]);
});

t.test('an opening that gets no receipt for its barrier fails', async (t) => {
  const topic = await FakeTopic.start(t);
  topic.store(7);
  topic.beforeStore = (_, peer) => {
    peer.socket.destroy();
    return 'ignore';
  };
  await t.rejects(Session.open(t, topic), { name: 'ConnectionLost' });
});

t.test('the first entry of a ledger is read back before it is acknowledged', async (t) => {
  const topic = await FakeTopic.start(t);
  const session = await Session.open(t, topic);
  await session.send(1);
  await session.acknowledged(1);
  topic.beforeStore = ({ messageCount }) => {
    if (messageCount > 4) topic.rollLedger();
    return 'store';
  };
  await session.send(2, 5, 3, 6, 1);
  await session.acknowledged(6);
  t.strictSame(
    session.offsets.map(([offset]) => offset),
    [0, 1, 3, 8, 11, 17],
  );
});

t.test('a foreign entry is found out, and nothing is acknowledged from then on', async (t) => {
  for (const [where, roll] of [
    ['in the ledger', false],
    ['before a new ledger', true],
  ] as const) {
    const topic = await FakeTopic.start(t);
    const session = await Session.open(t, topic);
    await session.send(1);
    await session.acknowledged(1);
    let count = 0;
    topic.beforeStore = () => {
      if (++count === 2) {
        topic.store(9);
        if (roll) topic.rollLedger();
      }
      return 'store';
    };
    await session.send(2, 3, 4);
    const { reason, inDoubt } = await session.ended;
    t.equal(reason.name, 'OwnershipDoubt', where);
    t.strictSame(inDoubt, [3, 4], where);
    t.strictSame(session.offsets, [
      [0, 1],
      [1, 2],
    ]);
    t.notOk(session.writer.send(entryOf(1)));
  }
});

t.test('one in a thousand is read back though nothing seems wrong', async (t) => {
  const topic = await FakeTopic.start(t);
  const session = await Session.open(t, topic);
  await session.send(1);
  await session.acknowledged(1);
  const stored = topic.entry.bind(topic);
  topic.entry = async (...where) => {
    const facts = await stored(...where);
    return { ...facts, index: facts.index + 5 };
  };
  await session.send(...Array<number>(1_001).fill(1));
  const { reason } = await session.ended;
  t.match(reason, { name: 'OwnershipDoubt', message: /has index 1005, not 1000/ });
});

t.test(
  'a lost connection leaves what was not acknowledged in doubt; an old epoch is fenced',
  async (t) => {
    const topic = await FakeTopic.start(t);
    const session = await Session.open(t, topic);
    await session.send(1);
    await session.acknowledged(1);
    topic.beforeStore = ({ messageCount }, peer) => {
      if (messageCount === 3) peer.socket.destroy();
      return 'ignore';
    };
    await session.send(2, 3, 4);
    const { reason, inDoubt } = await session.ended;
    t.equal(reason.name, 'ConnectionLost');
    t.strictSame(inDoubt, [2, 3, 4]);
    topic.beforeStore = () => 'store';
    const same = await Session.open(t, topic, 0);
    t.equal(same.writer.topicEpoch, 0, 'the same owner came back');
    const other = await Session.open(t, topic);
    t.equal(other.writer.topicEpoch, 1);
    await t.rejects(Session.open(t, topic, 0), { name: 'PulsarError', code: 25 });
  },
);

t.test(
  'any order of ledgers and late entries: every offset is the one that is stored',
  async (t) => {
    const steps = fc.array(
      fc.record({ count: fc.integer({ min: 1, max: 9 }), roll: fc.boolean() }),
      { minLength: 1, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(20), fc.nat(20), async (sends, before, late) => {
        const topic = await FakeTopic.start(t);
        topic.store(before + 1);
        topic.beforeStore = () => {
          if (late > 0) topic.store(late);
          return 'store';
        };
        const session = await Session.open(t, topic);
        let stored = 0;
        topic.beforeStore = () => {
          if (sends[stored++]?.roll) topic.rollLedger();
          return 'store';
        };
        const first = topic.entries.length;
        await session.send(...sends.map(({ count }) => count));
        await session.acknowledged(sends.length);
        await session.writer.close();
        const expected = topic.entries.slice(first).map(({ index }, at) => {
          const count = sends[at]?.count ?? 0;
          return [index - count + 1, count];
        });
        t.strictSame(session.offsets, expected);
      }),
      { numRuns: 12 },
    );
  },
);
