/** Connections cut and topics unloaded at random, while others write: each batch is there once, where it was said. */
import t, { type Test } from 'tap';
import { baseOffset, maxTimestamp } from '../../../../engine/protocol/kafka/record-batch.js';
import { EntryMaker, storedBytes } from '../../../../workers/log/pulsar/entry-maker.js';
import { EntryMemory } from '../../../../workers/log/pulsar/entry-memory.js';
import fc from '../../../fast-check.js';
import { batchAt, codecs, recordsOf } from '../batches.js';
import { append, Session } from '../session.js';
import { FakeTopic } from './fake-topic.js';
import { openFakeLog } from './open-fake-log.js';

type Step =
  /** Batches of ours, at once; so many of them are stored before their receipts are kept back and the connection is cut. */
  | { kind: 'send'; batches: number; cutAfter: number | null }
  | { kind: 'foreign'; records: number }
  | { kind: 'unload' }
  | { kind: 'cut readers' };

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      batches: fc.integer({ min: 1, max: 6 }),
      cutAfter: fc.option(fc.integer({ min: 0, max: 6 })),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('foreign' as const),
      records: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'unload' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'cut readers' as const }) },
) satisfies fc.Arbitrary<Step>;

const config = { pulsarWriters: 'shared', entryFormat: 'pulsar' } as const;
/** Timestamps tell batches apart: ours from 1, those of others have this one. */
const foreignTime = 1_000_000;

class Race {
  readonly #topic: FakeTopic;
  readonly #session: Session;
  #sent = 0;
  #foreign = 0;

  constructor(topic: FakeTopic, session: Session) {
    this.#topic = topic;
    this.#session = session;
  }

  async take(step: Step): Promise<void> {
    const topic = this.#topic;
    if (step.kind === 'send') await this.#send(step.batches, step.cutAfter);
    else if (step.kind === 'unload') topic.unload();
    else if (step.kind === 'cut readers')
      for (const { peer } of topic.readers) peer.socket.destroy();
    else this.#storeForeign(step.records);
    // Some of it happens before the next step, and some after.
    await new Promise((resolve) => setImmediate(resolve));
  }

  async end(t: Test): Promise<void> {
    const session = this.#session;
    const { log } = session;
    await session.until(() => session.fault !== null || session.placed.length === this.#sent);
    t.equal(session.fault, null);
    this.#storeForeign(1);
    // A barrier may come behind it, which no reader is sent.
    const endOffset = this.#endOffset();
    await session.until(() => log.stableEndOffset >= endOffset);
    const all = await session.readAll();
    const ours = all.filter((batch) => maxTimestamp(batch, 0) !== foreignTime);
    t.strictSame(
      ours.map((batch) => [maxTimestamp(batch, 0), baseOffset(batch, 0)]),
      session.placed.map((offset, index) => [index + 1, offset]),
      'each once, in order, where it was said to be',
    );
    t.equal(all.length - ours.length, this.#foreign);
  }

  async #send(batches: number, cutAfter: number | null): Promise<void> {
    const session = this.#session;
    const { log } = session;
    await session.until(() => log.isWritable || session.fault !== null);
    if (cutAfter !== null) this.#cutAfter(cutAfter);
    for (let index = 0; index < batches && log.isWritable; index++) {
      const timestamp = ++this.#sent;
      append(log, [{ timestamp, value: 'v' }]);
    }
  }

  #cutAfter(stored: number): void {
    const topic = this.#topic;
    let seen = 0;
    topic.beforeStore = (sent, peer) => {
      const cut = () => {
        topic.beforeStore = () => 'store';
        peer.socket.destroy();
      };
      // Also where no more is sent: nobody waits for ever for a receipt of a broker that lives.
      if (seen === 0) setTimeout(cut, 5);
      if (seen++ < stored) topic.store(sent.messageCount, sent.entry);
      else cut();
      return 'ignore';
    };
  }

  #storeForeign(records: number): void {
    const maker = new EntryMaker(codecs, 2 ** 20, 2 ** 20, new EntryMemory());
    const batch = batchAt(
      0,
      recordsOf(records).map((record) => ({ ...record, timestamp: foreignTime })),
    );
    const entry = maker.make('pulsar', batch, foreignTime);
    if (entry === null) throw new Error('it does not fit');
    this.#topic.store(records, Buffer.from(storedBytes(entry)));
    this.#foreign++;
  }

  #endOffset(): number {
    return (this.#topic.entries.at(-1)?.index ?? -1) + 1;
  }
}

t.test('steps in any order', async (t) => {
  t.setTimeout(240_000);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 10 }), async (steps) => {
      await t.test(JSON.stringify(steps), async (t) => {
        const topic = await FakeTopic.start(t);
        const log = await openFakeLog(t, topic, { config });
        const race = new Race(topic, new Session({ log, reopen: () => Promise.reject() }));
        for (const one of steps) await race.take(one);
        // What waits for a cut that did not come.
        topic.beforeStore = () => 'store';
        for (const { socket } of topic.broker.peers) socket.destroy();
        await race.end(t);
        await log.close();
      });
    }),
    { numRuns: 40 },
  );
});
