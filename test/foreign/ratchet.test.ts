import t from 'tap';
import { extendList, judge, readList } from './ratchet.js';

const text = '# Tests of a suite.\nTestA\nTestB/with_words\n';

t.test('a list is read without its comment', async (t) => {
  t.strictSame(readList(text), ['TestA', 'TestB/with_words']);
  t.strictSame(readList(''), []);
});

t.test('a listed test that does not pass is lost, another that passes is gained', async (t) => {
  t.strictSame(judge(readList(text), new Set(['TestC', 'TestA', 'TestB'])), {
    kept: ['TestA'],
    lost: ['TestB/with_words'],
    gained: ['TestB', 'TestC'],
  });
});

t.test('a list only grows, and stays in order', async (t) => {
  const longer = extendList(text, ['TestA/x', 'TestB', 'TestA']);
  t.equal(longer, '# Tests of a suite.\nTestA\nTestA/x\nTestB\nTestB/with_words\n');
  t.equal(extendList(longer, []), longer);
});
