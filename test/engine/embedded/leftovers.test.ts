/** What a broker inside a process costs, and that nothing of it stays. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { ended } from '../cli/kopje.js';
import type { Report } from './leftovers-process.js';

/** From the call to the first answer, median of twenty starts. */
const startLimitMs = 150;
/** Of the whole test, on a machine that does much else. */
const testLimitMs = 120_000;
const rssLimitBytes = 400 * 2 ** 20;

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}

const skip = process.platform === 'linux' ? false : 'reads /proc';
const options = { skip, timeout: testLimitMs };

t.test('twenty brokers fit into a process, and leave nothing in it', options, async (t) => {
  const program = fileURLToPath(new URL('./leftovers-process.js', import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => child.kill('SIGKILL'));
  const { code, stdout, stderr } = await ended(child);
  t.equal(code, 0, `it ends by itself ${stderr}`);
  t.equal(stderr, '', 'and warns of nothing');
  const report = JSON.parse(stdout) as Report;
  const { rssBytes, before, after } = report;
  const startMs = median(report.startsMs);
  const cpuMs = median(report.startsCpuMs).toFixed(0);
  const figures = `call to first answer: median ${startMs.toFixed(0)} ms, ${cpuMs} ms of CPU`;
  t.comment(figures);
  t.ok(startMs <= startLimitMs, figures);
  const rssMebibytes = Math.round(rssBytes / 2 ** 20);
  t.comment(`20 brokers at once: ${rssMebibytes} MiB`);
  t.ok(rssBytes < rssLimitBytes, `${rssMebibytes} MiB`);
  t.strictSame(after, { ...before, resources: [] });
});
