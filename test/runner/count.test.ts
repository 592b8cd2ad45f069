import t from 'tap';
import { createCounter, type Tally } from './count.js';

async function tallyOf(...lines: string[]): Promise<Tally> {
  const { parser, tally, ended } = createCounter();
  parser.end(['TAP version 14', ...lines, ''].join('\n'));
  await ended;
  return tally;
}

t.test('counts the assertions of subtests, not their summaries', async (t) => {
  const tally = await tallyOf(
    'ok 1 - plain',
    '# Subtest: outer',
    '    # Subtest: inner',
    '        ok 1 - a',
    '        not ok 2 - b',
    '        1..2',
    '    not ok 1 - inner',
    '    ok 2 - c # SKIP no',
    '    1..2',
    'not ok 2 - outer',
    '1..2',
  );
  t.match(tally, { passed: 2, failed: 1, skipped: 1 });
  t.equal(tally.failures[0]?.path, 'outer › inner › b');
});

t.test('a subtest without assertions counts once', async (t) => {
  const held = await tallyOf('# Subtest: p', '    1..0', 'ok 1 - p', '1..1');
  t.match(held, { passed: 1, failed: 0 });
  const broken = await tallyOf('# Subtest: p', '    1..0', 'not ok 1 - p', '1..1');
  t.match(broken, { passed: 0, failed: 1 });
});

t.test('a subtest that fails as a whole is a failure', async (t) => {
  const tally = await tallyOf('# Subtest: p', '    ok 1 - a', '    1..2', 'not ok 1 - p', '1..1');
  t.match(tally, { passed: 1 });
  t.ok(tally.failed > 0);
});
