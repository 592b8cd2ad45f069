import t from 'tap';
import { blankLiterals } from './blank.js';
import { functionsOf } from './functions.js';

// biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source of a template
const template = '`{${c({ d: "}" })}`';

t.test('literals and comments are blanked, lines stay', async (t) => {
  const source = `const a = '{'; // {\nconst b = ${template}; /* {\n */ e = /[/{]\\//g; f / g;`;
  const blanked = blankLiterals(source);
  t.equal(blanked.length, source.length);
  t.equal(blanked.split('\n').length, 3);
  t.notMatch(blanked, '{');
  t.match(blanked, 'f / g;');
});

t.test('functions of every form are found, statements and types are not', async (t) => {
  const source = [
    'function plain(a: number): string {',
    '  if (a) {',
    '    return x.map((b) => {',
    '      return b;',
    '    });',
    '  }',
    '}',
    'class C {',
    '  constructor() {',
    '  }',
    '  get size(): number {',
    '    return 1;',
    '  }',
    '  async *walk(): AsyncGenerator<Map<string, number>> {',
    '    for (const x of y()) {',
    '    }',
    '  }',
    '}',
    'const arrow = async (',
    '  a: { b: number },',
    ') => {',
    '};',
    'interface I {',
    '  f(): void;',
    '}',
  ].join('\n');
  const found = functionsOf(source).sort((a, b) => a.line - b.line);
  t.strictSame(
    found.map(({ line, lines }) => [line, lines]),
    [
      [1, 7],
      [3, 3],
      [9, 2],
      [11, 3],
      [14, 4],
      [21, 2],
    ],
  );
});

t.test('a brace too many or too few is told', async (t) => {
  t.throws(() => functionsOf('a }'), { message: 'line 1: a brace too many' });
  t.throws(() => functionsOf('\nf() {'), { message: 'line 2: a brace is not closed' });
});
