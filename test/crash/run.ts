/**
 * Kills a real Kopje again and again under load, restarts it and checks that it kept its promises. Ends with the line
 * `N passed, N failed`. `npm run test:crash -- --help` says how to choose.
 */
import { parseArgs } from 'node:util';
import { BigLog } from './big-log.js';
import { buildDirectory } from './broken-build.js';
import type { Durability } from './cycles.js';
import { runPlanted } from './planted.js';
import { powerDiskAbsence } from './power/power-disk.js';
import { Random } from './random.js';
import { runSequence } from './sequence.js';

const help = `npm run test:crash -- [option ...]
  --cycles N             load, death, restart and check so often (20); half as often with power cuts
  --durability fsync|os  only this one; otherwise the cycles are shared out
  --seed N               repeats a run's choices (random)
  --log-bytes N          size of the log whose starts are timed (1000000000; 0: none)
  --planted              only the builds that are broken on purpose, each of which has to be caught
  --help                 this text
Power cuts need Linux, root and /dev/fuse; they are left out elsewhere.
`;

let passed = 0;
let failed = 0;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(what: string, findings: readonly string[]): void {
  failed += findings.length;
  for (const finding of findings) say(`FAILED ${what}: ${finding}`);
}

async function cycle(
  durability: Durability,
  cycles: number,
  seed: number,
  withPowerCuts: boolean,
): Promise<void> {
  const what = `${durability}${withPowerCuts ? ' with power cuts' : ''}`;
  const options = { buildDirectory, durability, cycles, seed, withPowerCuts, report: say };
  const outcome = await runSequence(options);
  const { findings, acknowledgedRecords, commits, worstStartMs } = outcome;
  const totals = `${acknowledgedRecords} records acknowledged, ${commits} commits`;
  say(`${what}: ${outcome.cycles} cycles, ${totals}, slowest start ${worstStartMs} ms`);
  passed += outcome.cycles - (findings.length > 0 ? 1 : 0);
  fail(`${what}, seed ${seed}`, findings);
}

async function cycleAll(
  durabilities: readonly Durability[],
  cycles: number,
  seed: number,
): Promise<void> {
  const absence = powerDiskAbsence();
  if (absence !== null) say(`power cuts are left out: ${absence}`);
  for (const withPowerCuts of absence === null ? [false, true] : [false]) {
    const all = withPowerCuts ? Math.ceil(cycles / 2) : cycles;
    const each = Math.ceil(all / durabilities.length);
    await Promise.all(
      durabilities.map((durability, i) => cycle(durability, each, seed + i, withPowerCuts)),
    );
  }
}

async function timeStarts(
  durabilities: readonly Durability[],
  logBytes: number,
  seed: number,
): Promise<void> {
  for (const durability of durabilities) {
    const options = { buildDirectory, durability, logBytes, report: say };
    const findings = await new BigLog({ ...options, random: new Random(seed) }).run();
    if (findings.length === 0) passed++;
    fail(`big log, ${durability}`, findings);
  }
}

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '20' },
    durability: { type: 'string' },
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
    'log-bytes': { type: 'string', default: '1000000000' },
    planted: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const { durability } = values;
const chosen = (['fsync', 'os'] as const).filter((one) => one === (durability ?? one));
if (values.help) process.stdout.write(help);
else {
  say(`seed ${seed}`);
  if (!values.planted) {
    const logBytes = Number(values['log-bytes']);
    if (logBytes > 0) await timeStarts(chosen, logBytes, seed);
    await cycleAll(chosen, Number(values.cycles), seed);
  }
  const { caught, missed } = await runPlanted(seed, say);
  passed += caught;
  failed += missed;
  say(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}
