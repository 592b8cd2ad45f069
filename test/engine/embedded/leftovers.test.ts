/** What a broker inside a process costs, and that nothing of it stays. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { ended } from '../cli/kopje.js';
import type { Report } from './leftovers-process.js';

/**
 * From the call to the first answer: 150 ms on an idle machine, which docs/reliability.md shows. Here tests run side by
 * side, on machines of any speed, so that only a start that has become much slower fails.
 */
const startLimitMs = 400;
const rssLimitBytes = 400 * 2 ** 20;

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}

const skip = process.platform === 'linux' ? false : 'reads /proc';

t.test('twenty brokers fit into a process, and leave nothing in it', { skip }, async (t) => {
  const program = fileURLToPath(new URL('./leftovers-process.js', import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => child.kill('SIGKILL'));
  const { code, stdout, stderr } = await ended(child);
  t.equal(code, 0, `it ends by itself ${stderr}`);
  t.equal(stderr, '', 'and warns of nothing');
  const { startsMs, startsCpuMs, rssBytes, before, after } = JSON.parse(stdout) as Report;
  const figures = `${median(startsMs).toFixed(0)} ms, ${median(startsCpuMs).toFixed(0)} ms of CPU`;
  t.comment(`call to first answer, median: ${figures}`);
  t.ok(Math.min(...startsMs, ...startsCpuMs) <= startLimitMs, figures);
  const rssMebibytes = Math.round(rssBytes / 2 ** 20);
  t.comment(`20 brokers at once: ${rssMebibytes} MiB`);
  t.ok(rssBytes < rssLimitBytes, `${rssMebibytes} MiB`);
  t.strictSame(after, { ...before, resources: [] });
});
