/** The packed package, installed elsewhere, does what docs/testing.md says: under every test runner that it names. */
import { type ExecFileException, execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const testLimitMs = 280_000;
const run = promisify(execFile);

interface Section {
  readonly title: string;
  /** Text by file name: blocks that begin with a comment that names a file. */
  readonly files: ReadonlyMap<string, string>;
  readonly commands: readonly string[];
}

function sectionsOf(page: string): Section[] {
  return page.split(/^## /m).map((text) => ({
    title: text.slice(0, text.indexOf('\n')),
    files: new Map(
      [...text.matchAll(/```js\n\/\/ (\S+)\n(.*?)```/gs)].map(([, name = '', code = '']) => [
        name,
        code,
      ]),
    ),
    commands: [...text.matchAll(/```sh\n(.*?)\n```/gs)].map(([, command = '']) => command),
  }));
}

/** Runs a command line of plain words, with variables in front; resolves with what it printed if it failed. */
async function failureOf(command: string, cwd: string): Promise<string> {
  const words = command.split(' ');
  const variables = words.filter((word) => /^[A-Z_]+=/.test(word)).map((word) => word.split('='));
  const [program = '', ...rest] = words.slice(variables.length);
  // Set by the tests' own runner; they change what runners inside do.
  const { TAP: _, NODE_OPTIONS: __, NODE_TEST_CONTEXT: ___, ...inherited } = process.env;
  const env = { ...inherited, ...Object.fromEntries(variables) };
  try {
    await run(program, rest, { cwd, env });
    return '';
  } catch (error) {
    const { stdout, stderr } = error as ExecFileException;
    return `${stdout}${stderr}` || String(error);
  }
}

t.setTimeout(testLimitMs);
t.test('the package works under every documented test runner', async (t) => {
  // Outside of the repository, whose own packages would be found in place of missing ones.
  const cwd = mkdtempSync(join(tmpdir(), 'kopje-package-'));
  t.teardown(() => rmSync(cwd, { recursive: true }));
  writeFileSync(join(cwd, 'package.json'), '{ "type": "module", "private": true }');
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', root], { cwd });
  const [packed] = JSON.parse(stdout) as { filename: string }[];
  const [intro, ...sections] = sectionsOf(readFileSync(join(root, 'docs/testing.md'), 'utf8'));
  const runners = sections.filter(({ commands }) => commands.length > 0);
  t.strictSame(
    runners.map(({ title }) => title),
    ['node:test', 'tap', 'vitest', 'jest'],
  );
  const install = `${intro?.commands[0]} tap typescript@5 vitest jest`.replace(
    ' kopje ',
    ` ./${packed?.filename} `,
  );
  t.equal(await failureOf(`${install} --no-audit --no-fund --loglevel=error`, cwd), '', install);
  for (const { title, files, commands } of runners) {
    for (const [name, code] of [...(intro?.files ?? []), ...files])
      writeFileSync(join(cwd, name), code);
    for (const command of commands) t.equal(await failureOf(command, cwd), '', title);
  }
});
