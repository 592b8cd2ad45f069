import { posix } from 'node:path';
import t from 'tap';
import { blankLiterals } from './blank.js';
import { type SourceFile, sourceFiles } from './sources.js';

/** Who may import whom; the first rule whose `from` matches holds. */
const rules: readonly { from: RegExp; to: RegExp; why: string }[] = [
  {
    from: /^engine\/protocol\/codegen\//,
    to: /^engine\/protocol\//,
    why: 'the generator knows only the protocol',
  },
  {
    from: /^engine\/protocol\//,
    to: /^engine\/protocol\/(?!codegen)/,
    why: 'the protocol is pure and stands alone',
  },
  {
    from: /^engine\/(catalog|cli|cluster|config)\/.*pulsar/,
    to: /^(engine\/|workers\/(ring|log\/pulsar)[./])/,
    why: 'the catalog of Pulsar shares the client of its log, and nothing else of the workers',
  },
  {
    from: /^engine\//,
    to: /^(engine\/|native\/|workers\/(ring|pool)[./])/,
    why: 'the engine reaches the workers through their rings and their pool',
  },
  {
    from: /^workers\//,
    to: /^(workers\/|native\/|engine\/protocol\/)/,
    why: 'the workers know nothing of the engine but the protocol',
  },
  { from: /^native\//, to: /^native\//, why: 'the addon imports nobody' },
  { from: /^(test|bench)\//, to: /^/, why: 'tests and benchmarks may import all' },
];

/** Looked for where literals are blanked, so that sources written by a generator do not count. */
const importPattern = /\bfrom(?= )|\bimport(?= |\()/g;

interface Import {
  readonly path: string;
  readonly target: string;
}

function importsOf({ path, text }: SourceFile): Import[] {
  return [...blankLiterals(text).matchAll(importPattern)].flatMap((match) => {
    const end = match.index + match[0].length;
    const target = /^[ (\n]+'([^']+)'/.exec(text.slice(end, end + 200))?.[1];
    return target === undefined ? [] : [{ path, target }];
  });
}

const imports = sourceFiles().flatMap(importsOf);

t.test('imports go the way of the record', async (t) => {
  t.ok(imports.length > 0, 'there are imports to judge');
  const wrong = imports
    .filter(({ target }) => target.startsWith('.'))
    .map(({ path, target }) => ({ path, to: posix.join(posix.dirname(path), target) }))
    .flatMap(({ path, to }) => {
      const rule = rules.find(({ from }) => from.test(path));
      return rule === undefined || rule.to.test(to) ? [] : [`${path} imports ${to}: ${rule.why}`];
    });
  t.strictSame(wrong, []);
});

t.test('the protocol does no I/O', async (t) => {
  const io = /^node:(fs|net|tls|http|https|dgram|dns|child_process|worker_threads|process)/;
  const wrong = imports.filter(
    ({ path, target }) =>
      path.startsWith('engine/protocol/') && !path.includes('/codegen/') && io.test(target),
  );
  t.strictSame(wrong, []);
});

t.test(
  'relative imports name the compiled file, built-in modules carry their prefix',
  async (t) => {
    const bare =
      /^(assert|buffer|child_process|crypto|events|fs|net|os|path|stream|url|util|zlib)(\/|$)/;
    const wrong = imports.filter(({ target }) =>
      target.startsWith('.') ? !/\.m?js$/.test(target) : bare.test(target),
    );
    t.strictSame(wrong, []);
  },
);

t.test('properties are tried with the same cases each time', async (t) => {
  const wrong = imports.filter(
    ({ path, target }) => target === 'fast-check' && path !== 'test/fast-check.ts',
  );
  t.strictSame(wrong, []);
});
