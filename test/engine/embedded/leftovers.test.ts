/** What a broker inside a process costs, and that nothing of it stays. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { ended } from '../cli/kopje.js';
import type { Report } from './leftovers-process.js';

/** From the call to the first answer, of the least disturbed of twenty starts. */
const startLimitMs = 150;
/**
 * What a thread without work takes on an idle machine with two cores, Node 20. Where it takes longer the machine is that much
 * slower or busier, and a start is allowed as much more; where it does not, the limit is the limit.
 */
const bareThreadMs = 20;
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
  const bestMs = Math.min(...report.startsMs);
  const bareMs = median(report.bareThreadsMs);
  const figures =
    `call to first answer: best ${bestMs.toFixed(0)} ms, median ${median(report.startsMs).toFixed(0)} ms, ` +
    `${median(report.startsCpuMs).toFixed(0)} ms of CPU; a bare thread ${bareMs.toFixed(0)} ms`;
  t.comment(figures);
  t.ok(bestMs <= startLimitMs * Math.max(1, bareMs / bareThreadMs), figures);
  const rssMebibytes = Math.round(rssBytes / 2 ** 20);
  t.comment(`20 brokers at once: ${rssMebibytes} MiB`);
  t.ok(rssBytes < rssLimitBytes, `${rssMebibytes} MiB`);
  t.strictSame(after, { ...before, resources: [] });
});
