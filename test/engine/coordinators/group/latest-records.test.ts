import t from 'tap';
import { LatestRecords } from '../../../../engine/coordinators/group/latest-records.js';
import fc from '../../../fast-check.js';

/** What the table says of keys that lie one after another in one view, with a position as value. */
function latestOf(keys: readonly string[]): [string, number][] {
  const view = Buffer.from(keys.join(''), 'latin1');
  const latest = new LatestRecords();
  latest.open(view);
  let start = 0;
  for (const [i, key] of keys.entries()) {
    latest.note(start, start + key.length, i, i);
    start += key.length;
  }
  const found: [string, number][] = [];
  latest.each((keyStart, keyEnd, value) => {
    found.push([view.toString('latin1', keyStart, keyEnd), value]);
  });
  return found;
}

t.test('agrees with a Map, whatever the keys', (t) => {
  const key = fc.string({ unit: fc.constantFrom('a', 'b', '\0', 'ÿ'), maxLength: 6 });
  fc.assert(
    fc.property(fc.array(key, { maxLength: 60 }), (keys) => {
      const expected = [...new Map(keys.map((name, i) => [name, i]))];
      return JSON.stringify(latestOf(keys)) === JSON.stringify(expected);
    }),
  );
  t.end();
});

t.test('grows, and begins anew with another view', (t) => {
  const keys = Array.from({ length: 10_000 }, (_, i) => `key-${i}-`);
  t.equal(latestOf([...keys, ...keys]).length, 10_000);
  const latest = new LatestRecords();
  latest.open(Buffer.from('ab'));
  latest.note(0, 1, 5, 6);
  latest.open(Buffer.from('a'));
  t.equal(latest.size, 0);
  latest.note(0, 1, -1, -1);
  t.equal(latest.size, 1);
  t.end();
});
