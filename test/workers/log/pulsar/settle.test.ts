import t, { type Test } from 'tap';
import type { OutgoingEntry } from '../../../../workers/log/pulsar/producer.js';
import { settleInDoubt } from '../../../../workers/log/pulsar/settle.js';
import fc from '../../../fast-check.js';
import { FakeTopic } from './fake-topic.js';
import { connectionTo } from './setup.js';

function entriesOf(counts: readonly number[]): OutgoingEntry[] {
  const empty = new Uint8Array(0);
  return counts.map((messageCount) => ({
    messageCount,
    metadata: empty,
    payload: [empty],
    payloadBytes: 0,
    checksum: null,
  }));
}

/** A topic with `acknowledged`, then `stored` of what is in doubt, then the barrier. */
async function settle(
  t: Test,
  acknowledged: readonly number[],
  stored: readonly number[],
  inDoubt: readonly number[],
): Promise<number[]> {
  const topic = await FakeTopic.start(t);
  const before = acknowledged.map((count) => topic.store(count));
  const last = before.at(-1);
  const startOffset = last === undefined ? 0 : last.index + 1;
  stored.forEach((count, at) => {
    if (at % 3 === 1) topic.rollLedger();
    topic.store(count);
  });
  const barrierOffset = topic.store(1).index;
  topic.store(4);
  return settleInDoubt({
    connection: await connectionTo(t, topic.broker),
    topic: topic.name,
    after: last ?? null,
    startOffset,
    inDoubt: entriesOf(inDoubt),
    barrierOffset,
    timeoutMs: 5_000,
  });
}

t.test('all, some and none of them were stored', async (t) => {
  const sent = [3, 1, 5];
  t.strictSame(await settle(t, [2, 2], sent, sent), [4, 7, 8]);
  t.strictSame(await settle(t, [2, 2], [3, 1], sent), [4, 7, -1]);
  t.strictSame(await settle(t, [2, 2], [], sent), [-1, -1, -1]);
  t.strictSame(await settle(t, [], [3], sent), [0, -1, -1]);
});

t.test('anything else in their place is no business of ours to explain', async (t) => {
  for (const stored of [[2], [3, 2], [3, 1, 5, 1]]) {
    await t.rejects(settle(t, [2], stored, [3, 1, 5]), { name: 'OwnershipDoubt' });
  }
});

t.test('any first part of anything', async (t) => {
  const counts = fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(counts, counts, fc.nat(30), async (acknowledged, inDoubt, some) => {
      const found = await settle(t, acknowledged, inDoubt.slice(0, some), inDoubt);
      let next = acknowledged.reduce((sum, count) => sum + count, 0);
      const expected = inDoubt.map((count, index) => {
        if (index >= some) return -1;
        next += count;
        return next - count;
      });
      t.strictSame(found, expected);
    }),
    { numRuns: 30 },
  );
});
