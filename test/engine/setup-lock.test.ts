import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import t from 'tap';

// Plain JavaScript, which runs before anything is compiled: it lies beside its source.
const lockModule = new URL('../../../engine/setup-lock.mjs', import.meta.url).href;

/** A process that takes the lock of a checkout, says so, and keeps it until it is told to end. */
function holder(root: string): ChildProcess {
  const source = `
    const { holdSetupLock } = await import(${JSON.stringify(lockModule)});
    const say = (line) => console.log('waiting: ' + line);
    const release = await holdSetupLock(${JSON.stringify(root)}, say);
    console.log('held');
    process.stdin.once('data', () => { release(); process.exit(0); });`;
  const words = ['--input-type=module', '--eval', source];
  return spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
}

/** The lines that a process writes, one at a time. */
function linesOf(child: ChildProcess): () => Promise<string> {
  if (child.stdout === null) throw new Error('standard output is not piped');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => String((await lines.next()).value);
}

t.test('one setup at a time', async (t) => {
  const root = t.testdir({});
  const first = holder(root);
  t.equal(await linesOf(first)(), 'held');
  const second = holder(root);
  t.teardown(() => second.kill('SIGKILL'));
  const nextLine = linesOf(second);
  t.equal(await nextLine(), `waiting: waiting for another setup (pid ${first.pid})`);
  first.stdin?.end('go\n');
  t.equal(await nextLine(), 'held', 'as soon as the first gives it back');
});

t.test('the lock of a process that was killed does not count', async (t) => {
  const root = t.testdir({});
  const killed = holder(root);
  t.equal(await linesOf(killed)(), 'held');
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  const contenders = [holder(root), holder(root)];
  t.teardown(() => {
    for (const child of contenders) child.kill('SIGKILL');
  });
  const lines = contenders.map(linesOf);
  const first = lines.map((nextLine) => nextLine());
  const winner = await Promise.any(
    first.map(async (line, n) => ((await line) === 'held' ? n : Promise.reject())),
  );
  contenders[winner]?.stdin?.end('go\n');
  // Of two that find it, one waits for the other, and says so if it has to wait for long.
  const loser = 1 - winner;
  const said = await first[loser];
  t.equal(said === 'held' ? said : await lines[loser]?.(), 'held');
});

t.test('another checkout has a lock of its own', async (t) => {
  const children = [holder(t.testdir({})), holder(`${t.testdirName}-other`)];
  t.teardown(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  for (const child of children) t.equal(await linesOf(child)(), 'held');
});
