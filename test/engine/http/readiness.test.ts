import t from 'tap';
import type { Observed } from '../../../engine/http/metric.js';
import { missingFor } from '../../../engine/http/readiness.js';

function observed(
  accepting: boolean,
  online: readonly boolean[] | null,
  waitsFor: string | null = null,
): Observed {
  const partitions = (online ?? []).map((isOnline) => ({ online: isOnline }));
  const catalog = online && { topics: () => [{ name: 'orders', partitions }] };
  return { front: { accepting }, catalog, waitsFor } as unknown as Observed;
}

t.test('a broker whose listeners accept and whose partitions are open is ready', async (t) => {
  t.strictSame(missingFor(observed(true, [true, true])), []);
  t.strictSame(missingFor(observed(true, [])), []);
});

t.test('what is missing is named', async (t) => {
  const closed = 'the listeners do not accept connections';
  t.strictSame(missingFor(observed(false, null)), [closed], 'before the catalog is open');
  t.strictSame(missingFor(observed(false, [true, false])), [
    closed,
    'partitions are not open: orders-1',
  ]);
});

t.test('a standby says whom it waits for', async (t) => {
  const [line] = missingFor(observed(false, null, 'standby: node 1 has the lock'));
  t.equal(line, 'standby: node 1 has the lock');
});

t.test('not more than a few partitions are named', async (t) => {
  const [line = ''] = missingFor(observed(true, new Array<boolean>(500).fill(false)));
  t.match(line, /orders-9, and 490 more$/);
});
