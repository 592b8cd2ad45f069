import { readFileSync } from 'node:fs';
import t from 'tap';
import { exitCodes } from '../../../engine/cli/exit-codes.js';
import { kopje } from './kopje.js';

t.test('help names every command and every exit code', async (t) => {
  const { code, stdout } = await kopje(['--help'], { cwd: t.testdir({}) });
  t.equal(code, exitCodes.ok);
  for (const command of ['serve', 'config', 'check']) t.match(stdout, ` ${command} `);
  for (const number of Object.values(exitCodes)) t.match(stdout, new RegExp(`^  ${number}  `, 'm'));
});

t.test("the version is the package's", async (t) => {
  const file = new URL('../../../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  const { code, stdout } = await kopje(['--version'], { cwd: t.testdir({}) });
  t.strictSame([code, stdout], [exitCodes.ok, `${version}\n`]);
});

t.test('what is no command or no option', async (t) => {
  const cwd = t.testdir({});
  const wrong = [[], ['sevre'], ['serve', '--port', '1'], ['serve', '--set'], ['config', 'x']];
  for (const words of wrong) {
    const { code, stdout, stderr } = await kopje(words, { cwd });
    t.equal(code, exitCodes.usage, words.join(' '));
    t.equal(stdout, '', 'nothing on standard output');
    t.not(stderr, '', 'a message on standard error');
  }
});

t.test('every mistake in the settings stops the start, with a line each', async (t) => {
  const cwd = t.testdir({ 'kopje.yaml': 'numPartition: 3\nworkers: 0\n' });
  const env = { KOPJE_DURABILITY: 'maybe' };
  const { code, stdout, stderr } = await kopje(['serve', '--set', 'nmae=1'], { cwd, env });
  t.equal(code, exitCodes.usage);
  t.equal(stdout, '');
  const lines = stderr.trim().split('\n');
  t.strictSame(lines.slice(0, 4), [
    "kopje: kopje.yaml:1: unknown setting 'numPartition'; did you mean numPartitions?",
    'kopje: kopje.yaml:2: workers must be 1 to 64, not 0',
    "kopje: KOPJE_DURABILITY: durability must be one of fsync, os, not 'maybe'",
    "kopje: --set nmae: unknown setting 'nmae'; kopje config lists them",
  ]);
  t.equal(lines.length, 5, 'and one that says that nothing was started');
});

t.test('config shows values, sources and meanings', async (t) => {
  const cwd = t.testdir({ 'my.yaml': 'numPartitions: 3\n' });
  const words = ['config', '--config', 'my.yaml', '--set', 'durability=os'];
  const { code, stdout } = await kopje(words, { cwd, env: { KOPJE_RING_SLOTS: '128' } });
  t.equal(code, exitCodes.ok);
  t.match(stdout, /numPartitions +3 {2}\(my\.yaml:1\)/);
  t.match(stdout, /durability +os {2}\(--set durability\)/);
  t.match(stdout, /ringSlots +128 {2}\(KOPJE_RING_SLOTS\)/);
  t.match(stdout, /When acks=all is answered/);
});

t.test('config --json is for programs', async (t) => {
  const { code, stdout } = await kopje(['config', '--json', '-s', 'workers=3'], {
    cwd: t.testdir({}),
  });
  t.equal(code, exitCodes.ok);
  const rows = JSON.parse(stdout) as { name: string; value: unknown; source: string }[];
  t.match(
    rows.find(({ name }) => name === 'workers'),
    { value: 3, source: '--set workers', environment: 'KOPJE_WORKERS', type: 'integer' },
  );
  t.ok(rows.length > 50);
});
