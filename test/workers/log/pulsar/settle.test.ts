import t from 'tap';
import type { OutgoingEntry } from '../../../../workers/log/pulsar/producer.js';
import { storedOf } from '../../../../workers/log/pulsar/settle.js';

function entriesOf(...counts: number[]): OutgoingEntry[] {
  const empty = new Uint8Array(0);
  return counts.map((messageCount) => ({
    messageCount,
    metadata: empty,
    payload: [empty],
    payloadBytes: 0,
    checksum: null,
  }));
}

t.test('all, some and none of them were stored', async (t) => {
  const sent = entriesOf(3, 1, 5);
  t.equal(storedOf('t', sent, 4, 13), 3);
  t.equal(storedOf('t', sent, 4, 8), 2);
  t.equal(storedOf('t', sent, 4, 4), 0);
  t.equal(storedOf('t', [], 4, 4), 0);
});

t.test('anything else at the end is no business of ours to explain', async (t) => {
  const sent = entriesOf(3, 1, 5);
  for (const endOffset of [3, 5, 12, 14]) {
    t.throws(() => storedOf('t', sent, 4, endOffset), { name: 'OwnershipDoubt' });
  }
});
