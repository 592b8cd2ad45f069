import { basename } from 'node:path';
import t from 'tap';
import { repositoryFiles, sourceFiles } from './sources.js';

/** Names say the stage or the field's term, never a pattern. */
const banned = ['util', 'utils', 'helper', 'helpers', 'manager', 'impl', 'base', 'misc', 'common'];

/** `landingSlabBase` → landing, slab, base. */
function wordsOf(name: string): string[] {
  return name
    .split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/)
    .map((word) => word.toLowerCase());
}

const isBanned = (name: string) => wordsOf(name).some((word) => banned.includes(word));

t.test('no file and no folder has a name that says nothing', async (t) => {
  const ours = repositoryFiles().filter((path) => !path.startsWith('test/golden/'));
  t.strictSame(
    ours.filter((path) => path.split('/').some((part) => isBanned(part))),
    [],
  );
});

t.test('no class, type or function has one either', async (t) => {
  const declaration = /\b(?:class|interface|type|function|enum)\s+([A-Za-z_]\w*)/g;
  const wrong = sourceFiles().flatMap(({ path, text }) =>
    [...text.matchAll(declaration)]
      .map(([, name = '']) => name)
      // Offsets and timestamps count from a base in Kafka's own terms.
      .filter((name) => isBanned(name) && !/Base(Offset|Timestamp|Sequence)/i.test(name))
      .map((name) => `${path}: ${name}`),
  );
  t.strictSame(wrong, []);
});

t.test('source files are kebab-case', async (t) => {
  const shape = /^(\d{2}-)?[a-z][a-z0-9]*(-[a-z0-9]+)*(\.test)?\.(ts|mjs)$/;
  t.strictSame(
    sourceFiles()
      .map(({ path }) => path)
      .filter((path) => !shape.test(basename(path))),
    [],
  );
});
