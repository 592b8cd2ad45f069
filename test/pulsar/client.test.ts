/** Our client against a real broker: what the fake one of test/workers/log/pulsar is believed to do. */
import t, { type Test } from 'tap';
import { AccessMode } from '../../engine/protocol/pulsar/commands.js';
import { ExclusiveWriter, type WriterEvents } from '../../workers/log/pulsar/exclusive-writer.js';
import type { Lookup } from '../../workers/log/pulsar/lookup.js';
import { type OutgoingEntry, PulsarProducer } from '../../workers/log/pulsar/producer.js';
import { earliest, PulsarReader } from '../../workers/log/pulsar/reader.js';
import { storedOf } from '../../workers/log/pulsar/settle.js';
import { admin, lookupOf, newTopic } from './peer.js';

// A broker that was just started takes seconds for its first topics.
t.setTimeout(180_000);

/** An entry of so many messages, in no format that anybody could read; `publish_time` is 1. */
function entryOf(messageCount: number, text = 'payload'): OutgoingEntry {
  const payload = Buffer.from(text);
  const metadata = Buffer.from([0x0a, 0, 0x10, 0, 0x18, 1, 0x58, messageCount]);
  return {
    messageCount,
    metadata,
    payload: [payload],
    payloadBytes: payload.length,
    checksum: null,
  };
}

class Writing {
  readonly offsets: number[] = [];
  readonly ended: Promise<{ reason: Error; inDoubt: readonly OutgoingEntry[] }>;
  writer!: ExclusiveWriter;
  #end: (value: { reason: Error; inDoubt: readonly OutgoingEntry[] }) => void = () => {};
  #wake: () => void = () => {};

  private constructor() {
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  static async open(lookup: Lookup, topic: string, topicEpoch: number | null): Promise<Writing> {
    const writing = new Writing();
    const options = { topic, lookup, admin };
    const events: WriterEvents = {
      acknowledged: (_, baseOffset) => {
        writing.offsets.push(baseOffset);
        writing.#wake();
      },
      ended: (reason, inDoubt) => {
        writing.#end({ reason, inDoubt });
        writing.#wake();
      },
      room: () => writing.#wake(),
    };
    writing.writer =
      topicEpoch === null
        ? await ExclusiveWriter.takeOver(options, events, Date.now())
        : await ExclusiveWriter.comeBack(options, events, topicEpoch);
    return writing;
  }

  /** Sends, each as early as it is taken, and waits until all are acknowledged. */
  async write(...counts: number[]): Promise<void> {
    const expected = this.offsets.length + counts.length;
    for (const count of counts) {
      while (!this.writer.send(entryOf(count))) await this.news();
    }
    while (this.offsets.length < expected) await this.news();
  }

  news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** [index, payload] of the first entries of a topic. */
async function readAll(t: Test, topic: string, entries: number): Promise<[number, string][]> {
  const connection = await lookupOf(t).connectionFor(topic, 'read');
  const seen: [number, string][] = [];
  await new Promise<void>((resolve, reject) => {
    PulsarReader.open(connection, topic, earliest, 2 ** 20, {
      entry(view, { index, payloadStart, end }) {
        seen.push([index, view.toString('latin1', payloadStart, end)]);
        if (seen.length === entries) resolve();
      },
      ended: reject,
    }).catch(reject);
  });
  return seen.slice(0, entries);
}

t.test('a topic that is not there', async (t) => {
  await t.rejects(lookupOf(t).partitionsOf(newTopic()), { name: 'PulsarError', code: 11 });
});

t.test('what is written is read, with the offsets that were counted', async (t) => {
  const topic = newTopic();
  const writing = await Writing.open(lookupOf(t), topic, null);
  t.equal(writing.writer.topicEpoch, 0);
  await writing.write(3, 1, 5);
  t.strictSame(writing.offsets, [0, 3, 4]);
  t.strictSame(
    (await readAll(t, topic, 3)).map(([index]) => index),
    [2, 3, 8],
  );
  await writing.writer.close();
});

t.test('a new ledger: the count goes on', async (t) => {
  const topic = newTopic();
  const first = await Writing.open(lookupOf(t), topic, null);
  await first.write(2, 2);
  await first.writer.close();
  // Every opening of a topic begins a ledger.
  const unloaded = await fetch(
    `${process.env['KOPJE_TEST_PULSAR_ADMIN_URL']}/admin/v2/${topic.replace('://', '/')}/unload`,
    { method: 'PUT' },
  );
  t.ok(unloaded.ok);
  const second = await Writing.open(lookupOf(t), topic, first.writer.topicEpoch);
  t.equal(second.writer.topicEpoch, 0, 'the same owner');
  t.equal(second.writer.endOffset, 4);
  await second.write(1, 1);
  t.strictSame(second.offsets, [4, 5]);
  await second.writer.close();
});

t.test(
  'a new owner fences the old one, and no acknowledged entry is lost between them',
  async (t) => {
    const topic = newTopic();
    const old = await Writing.open(lookupOf(t), topic, null);
    await old.write(1);
    const pump = (async () => {
      while (
        old.writer.send(entryOf(2)) ||
        (await Promise.race([old.news(), old.ended])) === undefined
      );
    })();
    const next = await Writing.open(lookupOf(t), topic, null);
    t.equal(next.writer.topicEpoch, 1);
    await next.write(1, 1);
    const { reason } = await old.ended;
    await pump;
    t.match(reason.name, /ConnectionLost|PulsarError/);
    t.ok(
      (old.offsets.at(-1) ?? 0) < (next.offsets[0] ?? 0),
      'the old owner is in front of the new',
    );
    await t.rejects(Writing.open(lookupOf(t), topic, 0), { name: 'PulsarError', code: 25 });
    const stored = await readAll(t, topic, old.offsets.length);
    t.strictSame(
      stored.map(([index]) => index),
      old.offsets.map((offset, at) => (at === 0 ? offset : offset + 1)),
      'what the old owner acknowledged is where it said',
    );
    await next.writer.close();
  },
);

t.test('sends of a lost connection are settled', async (t) => {
  const topic = newTopic();
  const lookup = lookupOf(t);
  const writing = await Writing.open(lookup, topic, null);
  await writing.write(1);
  const connection = await lookup.connectionFor(topic, 'write');
  const sent = [2, 3, 4].map((count) => entryOf(count));
  for (const entry of sent) t.ok(writing.writer.send(entry));
  // What was written reaches the broker, or not; no receipt comes any more.
  setImmediate(() => connection.close());
  const { inDoubt } = await writing.ended;
  const again = await Writing.open(lookup, topic, writing.writer.topicEpoch);
  const stored = storedOf(topic, inDoubt, writing.writer.endOffset, again.writer.endOffset);
  t.ok(stored <= inDoubt.length, `${stored} of ${inDoubt.length} were stored`);
  const { endOffset } = again.writer;
  await again.write(1);
  t.strictSame(again.offsets, [endOffset]);
  await again.writer.close();
});

t.test('a plain producer is kept out while the topic is owned', async (t) => {
  const topic = newTopic();
  const writing = await Writing.open(lookupOf(t), topic, null);
  const connection = await lookupOf(t).connectionFor(topic, 'write');
  const options = { topic, accessMode: AccessMode.shared, topicEpoch: null };
  const opening = PulsarProducer.open(connection, options, { acknowledged() {}, ended() {} });
  await t.rejects(opening, { name: 'PulsarError', code: 16, message: /ProducerBusy/ });
  await writing.writer.close();
});
