/** Idempotent producers over a change of owner, with a real Pulsar. */
import t, { type Test } from 'tap';
import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import type { LogConfig } from '../../workers/log/log.js';
import { SnapshotTopic } from '../../workers/log/pulsar/snapshot-topic.js';
import { PartitionOwner } from './partition-owner.js';
import { admin, backend, lookupOf, newTopic } from './peer.js';

// A broker that was just started takes seconds for its first topics.
t.setTimeout(280_000);

const formats = ['kafka', 'mixed_kafka', 'pulsar'] as const;
const writers = ['exclusive', 'shared'] as const;

function ownerOf(t: Test, topic: string, config: Partial<LogConfig> = {}): Promise<PartitionOwner> {
  return PartitionOwner.open(t, topic, { config });
}

function sendOne(owner: PartitionOwner, baseSequence: number) {
  return owner.send(2, { producerId: 4001, producerEpoch: 1, baseSequence });
}

/** Sends `count` batches of two records, five at a time as Java's clients do; returns their base offsets. */
async function produce(owner: PartitionOwner, from: number, count: number): Promise<number[]> {
  const offsets: number[] = [];
  for (let i = 0; i < count; i += 5) {
    const some = Array.from({ length: Math.min(5, count - i) }, (_, at) => from + 2 * (i + at));
    const answers = await Promise.all(some.map((sequence) => sendOne(owner, sequence)));
    for (const { errorCode, baseOffset } of answers) {
      if (errorCode !== ErrorCode.NONE) throw new Error(`answered with ${errorCode}`);
      offsets.push(baseOffset);
    }
  }
  return offsets;
}

/** The last five batches, sent again, are known with their offsets, and a gap is one. */
async function knows(t: Test, owner: PartitionOwner, offsets: readonly number[], next: number) {
  const end = owner.log.logEndOffset;
  for (const [index, baseOffset] of offsets.slice(-5).entries()) {
    const answer = await sendOne(owner, next - 2 * (5 - index));
    t.strictSame(answer, { errorCode: ErrorCode.NONE, baseOffset, lastOffset: baseOffset + 1 });
  }
  const { errorCode } = await sendOne(owner, next + 2);
  t.equal(errorCode, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
  t.equal(owner.log.logEndOffset, end, 'nothing of it is stored');
}

async function snapshotsOf(topic: string): Promise<string[]> {
  const names = Object.keys(await admin.properties(topic));
  return names.filter((name) => name.startsWith('kopjeProducers.'));
}

for (const [pulsarWriters, entryFormat] of writers.flatMap((mode) =>
  formats.map((format) => [mode, format] as const),
)) {
  t.test(`the owner closes, and dies, ${pulsarWriters}, in ${entryFormat}`, async (t) => {
    const topic = newTopic();
    const config = { pulsarWriters, entryFormat };
    const first = await ownerOf(t, topic, config);
    const known = await produce(first, 0, 20);
    await first.close();
    t.strictSame(first.notices, []);
    t.equal((await snapshotsOf(topic)).length, 1);
    const second = await ownerOf(t, topic, config);
    await knows(t, second, known, 40);
    known.push(...(await produce(second, 40, 7)));
    await second.kill();
    const third = await ownerOf(t, topic, config);
    t.strictSame(third.notices, []);
    await knows(t, third, known, 54);
    known.push(...(await produce(third, 54, 1)));
    const before = await snapshotsOf(topic);
    await third.close();
    const after = await snapshotsOf(topic);
    t.equal(after.length, 1, 'needless ones are removed');
    t.notSame(after, before);
    await knows(t, await ownerOf(t, topic, config), known, 56);
  });
}

t.test('a fenced owner hides nothing', async (t) => {
  const topic = newTopic();
  const first = await ownerOf(t, topic);
  const known = await produce(first, 0, 5);
  const second = await ownerOf(t, topic);
  known.push(...(await produce(second, 10, 5)));
  await second.close();
  // Nobody has told the first one, which writes its own.
  await first.close();
  t.equal((await snapshotsOf(topic)).length, 2);
  await knows(t, await ownerOf(t, topic), known, 20);
});

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
    const first = await ownerOf(t, topic);
    await produce(first, 0, 3);
    await first.close();
    const ends = await admin.properties(parent);
    t.strictSame(ends, { 'kopjeEndOffset-0': '6' });
    await admin.http.ask({ method: 'DELETE', path: `${path}-partition-0?force=true` });
    const message = /ends at 0, and readers have seen 6: .* take the property kopjeEndOffset-0/;
    for (let tries = 0; tries < 3; tries++) {
      await t.rejects(ownerOf(t, topic), { code: 'corrupt', message });
    }
    await admin.removeProperty(parent, 'kopjeEndOffset-0');
    const next = await ownerOf(t, topic);
    t.equal(next.log.logEndOffset, 0, 'the operator has said so');
  },
);

t.test('a log start that was answered is that of the next owner', async (t) => {
  const topic = newTopic();
  const first = await ownerOf(t, topic);
  await produce(first, 0, 10);
  t.same(await first.trim(7), { errorCode: 0, logStartOffset: 7 });
  // Nobody closes the first one.
  const next = await ownerOf(t, topic);
  t.equal(next.log.logStartOffset, 7);
});
