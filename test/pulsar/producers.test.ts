/** Idempotent producers over a change of owner, with a real Pulsar. */
import t, { type Test } from 'tap';
import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import { SnapshotTopic } from '../../workers/log/pulsar/snapshot-topic.js';
import type { ProducerState } from '../../workers/partition/producer-state.js';
import { recordsOf } from '../workers/log/batches.js';
import { flushed } from '../workers/log/read-log.js';
import { append, Session } from '../workers/log/session.js';
import { newProducers, openLog } from './open-log.js';
import { admin, backend, lookupOf, newTopic } from './peer.js';

// A broker that was just started takes seconds for its first topics.
t.setTimeout(280_000);

const formats = ['kafka', 'mixed_kafka', 'pulsar'] as const;
const { DUPLICATE_SEQUENCE_NUMBER, OUT_OF_ORDER_SEQUENCE_NUMBER, NONE } = ErrorCode;

interface Owner {
  readonly session: Session;
  readonly producers: ProducerState;
  readonly notices: string[];
}

async function ownerOf(
  t: Test,
  topic: string,
  entryFormat: (typeof formats)[number],
): Promise<Owner> {
  const producers = newProducers();
  const notices: string[] = [];
  const report = ({ message }: { message: string }) => notices.push(message);
  const log = await openLog(lookupOf(t), topic, { config: { entryFormat }, producers, report });
  t.teardown(() => log.close());
  const session = new Session({ log, reopen: () => Promise.reject(new Error('not here')) });
  return { session, producers, notices };
}

/** Appends `count` batches of two records, as a partition does; returns their last offsets. */
async function produce(
  { session, producers }: Owner,
  from: number,
  count: number,
): Promise<number[]> {
  const lastOffsets: number[] = [];
  for (let i = 0; i < count; i++) {
    const spec = { producerId: 4001, producerEpoch: 1, baseSequence: from + 2 * i };
    producers.batch(append(session.log, recordsOf(2), spec), 0);
    lastOffsets.push(session.log.logEndOffset - 1);
  }
  const { logEndOffset } = session.log;
  await session.until(() => session.log.stableEndOffset === logEndOffset);
  return lastOffsets;
}

/** What the producer sends again is known with its offsets, and a gap is one. */
function knows(t: Test, { producers }: Owner, lastOffsets: readonly number[], next: number): void {
  for (const [index, lastOffset] of lastOffsets.slice(-5).entries()) {
    const sequence = next - 2 * (5 - index);
    t.equal(producers.check(4001, 1, sequence, 2), DUPLICATE_SEQUENCE_NUMBER);
    t.equal(producers.duplicateLastOffset, lastOffset);
    t.equal(producers.duplicateBaseOffset, lastOffset - 1);
  }
  t.equal(producers.check(4001, 1, next + 2, 2), OUT_OF_ORDER_SEQUENCE_NUMBER);
  t.equal(producers.check(4001, 1, next, 2), NONE);
}

for (const entryFormat of formats) {
  t.test(`the owner closes, and is fenced, in ${entryFormat}`, async (t) => {
    const topic = newTopic();
    const first = await ownerOf(t, topic, entryFormat);
    const known = await produce(first, 0, 20);
    await first.session.log.close();
    t.strictSame(first.notices, []);
    const second = await ownerOf(t, topic, entryFormat);
    knows(t, second, known, 40);
    known.push(...(await produce(second, 40, 5)));
    // Nobody closes the second one.
    const third = await ownerOf(t, topic, entryFormat);
    t.strictSame(third.notices, []);
    knows(t, third, known, 50);
    const written = Object.keys(await admin.properties(topic)).filter((name) =>
      name.startsWith('kopje'),
    );
    t.strictSame(written, ['kopjeProducers.1']);
    known.push(...(await produce(third, 50, 1)));
    await third.session.log.close();
    const properties = Object.keys(await admin.properties(topic));
    t.notOk(properties.includes('kopjeProducers.1'), 'needless ones are removed');
    t.ok(properties.includes('kopjeProducers.3'));
    knows(t, await ownerOf(t, topic, entryFormat), known, 52);
  });
}

t.test('what was written is read by its place, however large', async (t) => {
  const lookup = lookupOf(t);
  const store = new SnapshotTopic(backend.snapshotTopic, lookup, admin);
  const bytes = Buffer.alloc(2 ** 20, 'kopje');
  const place = await store.write('persistent://a/b/c', bytes, Date.now());
  t.same(await store.read(place), bytes);
  await t.rejects(store.read({ ledgerId: place.ledgerId, entryId: 2 ** 20 }), {
    name: 'AdminError',
  });
});

t.test(
  'a partition that Pulsar has lost does not use its offsets again, whoever opens it',
  async (t) => {
    const parent = newTopic();
    const path = parent.replace('://', '/');
    await admin.http.ask({ method: 'PUT', path: `${path}/partitions`, body: 1 });
    const topic = `${parent}-partition-0`;
    const first = await ownerOf(t, topic, 'kafka');
    await produce(first, 0, 3);
    await first.session.log.close();
    const ends = await admin.properties(parent);
    t.strictSame(ends, { 'kopjeEndOffset-0': '6' });
    await admin.http.ask({ method: 'DELETE', path: `${path}-partition-0?force=true` });
    const message = /ends at 0, and readers have seen 6: .* take the property kopjeEndOffset-0/;
    for (let tries = 0; tries < 3; tries++) {
      await t.rejects(ownerOf(t, topic, 'kafka'), { code: 'corrupt', message });
    }
    await admin.removeProperty(parent, 'kopjeEndOffset-0');
    const next = await ownerOf(t, topic, 'kafka');
    t.equal(next.session.log.logEndOffset, 0, 'the operator has said so');
  },
);

t.test('a log start that was answered is that of the next owner', async (t) => {
  const topic = newTopic();
  const first = await ownerOf(t, topic, 'kafka');
  await produce(first, 0, 10);
  const { log } = first.session;
  log.trim(7);
  await flushed(log);
  // Nobody closes the first one.
  const next = await ownerOf(t, topic, 'kafka');
  t.equal(next.session.log.logStartOffset, 7);
});
