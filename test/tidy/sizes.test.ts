import t from 'tap';
import { functionsOf } from './functions.js';
import { sourceFiles } from './sources.js';

const maxFileLines = 500;
const maxMedianLines = 150;
const maxFunctionLines = 70;
const files = sourceFiles();

t.test('no file is long', async (t) => {
  const long = files.filter(({ lines }) => lines > maxFileLines);
  t.strictSame(
    long.map(({ path, lines }) => `${path}: ${lines} lines`),
    [],
  );
});

t.test('most files are short', async (t) => {
  const lengths = files.map(({ lines }) => lines).sort((a, b) => a - b);
  const median = lengths[Math.floor(lengths.length / 2)] ?? 0;
  t.ok(median < maxMedianLines, `the median file has ${median} lines`);
});

t.test('no function is long', async (t) => {
  const long = files.flatMap(({ path, text }) =>
    functionsOf(text)
      // A suite of tests is a function around functions, which are what counts.
      .filter(
        ({ lines, ownLines }) => (path.startsWith('test/') ? ownLines : lines) > maxFunctionLines,
      )
      .map(({ line, lines, head }) => `${path}:${line}: ${lines} lines: ${head}`),
  );
  t.strictSame(long, []);
});
