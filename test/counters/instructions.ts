import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Counts what a process does while `work` goes on, all its threads together, with Linux's perf; null where there is no
 * perf, or the machine has no such event (virtual machines mostly have none).
 */
export async function countEvent(
  event: string,
  pid: number,
  work: () => Promise<void>,
): Promise<number | null> {
  // perf counts for as long as its command runs, which is until we close its input.
  const perf = spawn('perf', ['stat', '-x', ',', '-e', event, '-p', `${pid}`, '--', 'cat'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  });
  let report = '';
  perf.stderr.on('data', (bytes: Buffer) => {
    report += bytes.toString();
  });
  const ended = new Promise<void>((resolve) => {
    perf.on('error', () => resolve());
    perf.on('close', () => resolve());
  });
  perf.stdin.on('error', () => {});
  perf.stdin.write('begin\n');
  // What is echoed says that the command runs, and that it is being counted.
  await Promise.race([once(perf.stdout, 'data'), ended]);
  await work();
  perf.stdin.end();
  await ended;
  const count = /^(\d+)(?:\.\d+)?,/m.exec(report)?.[1];
  return count === undefined ? null : Number(count);
}
