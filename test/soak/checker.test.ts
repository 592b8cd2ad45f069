/** The soak's checker: what leaks on purpose is found, and what only fluctuates is not. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { ended } from '../engine/cli/kopje.js';
import type { PlantedLeak } from './planted-leak.js';
import type { Holdings } from './soaked-broker.js';
import { leaksIn } from './verdict.js';

const soakLimitMs = 120_000;
const minutes = '0.3';
const skip = process.platform === 'linux' ? false : 'reads /proc';

function holdingsWith(rssMebibytes: readonly number[]): Holdings[] {
  return rssMebibytes.map((mebibytes) => ({
    rssBytes: mebibytes * 2 ** 20,
    heapBytes: 10 * 2 ** 20,
    externalBytes: 80 * 2 ** 20,
    files: 50,
    threads: 16,
  }));
}

t.setTimeout(soakLimitMs);
t.test('a trend is a leak', async (t) => {
  const steady = holdingsWith([100, 130, 150, 160, 175, 190, 205, 220, 240, 250]);
  t.match(leaksIn(steady).join(), 'rssBytes leaks');
});

t.test('warming up, peaks and small drifts are none', async (t) => {
  t.strictSame(leaksIn(holdingsWith([80, 150, 200, 201, 200, 202, 201, 200, 202, 201])), []);
  t.strictSame(leaksIn(holdingsWith([100, 100, 100, 180, 100, 101, 170, 100, 190, 102])), []);
  t.strictSame(leaksIn(holdingsWith([100, 101, 103, 104, 106, 107, 109, 110, 112, 113])), []);
});

async function finds(t: Test, plant: PlantedLeak, finding: RegExp): Promise<void> {
  const program = fileURLToPath(new URL('./run.js', import.meta.url));
  const words = [program, '--minutes', minutes, '--plant', plant];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => child.kill('SIGKILL'));
  const { code, stdout, stderr } = await ended(child);
  t.equal(code, 1, plant);
  t.match(stdout, finding, `${plant}: ${stderr}`);
}

t.test('a planted leak is found', { skip, timeout: soakLimitMs }, async (t) => {
  await Promise.all([
    finds(t, 'slab', /FAILED still held after stretch \d+: kopje_landing_used_bytes/),
    finds(t, 'buffers', /FAILED externalBytes leaks/),
  ]);
});
