/**
 * `npm run test:fuzz -- [--minutes N] [--seed N] [names…]`: runs the fuzzers in turn, each time with another seed, and
 * ends with `N passed, N failed` (runs of a fuzzer's number of cases). A failure prints the smallest case, and the seed
 * with which the same command finds it again.
 */
import { parseArgs } from 'node:util';
import type { Fuzzer } from './fuzzer.js';
import { fuzzers } from './fuzzers.js';

const usage = `usage: npm run test:fuzz -- [--minutes N] [--seed N] [${fuzzers.map(({ name }) => name.replace(' ', '-')).join(' | ')}]…`;
/** Short enough for CI beside everything else. */
const defaultMinutes = '1';
const largestSeed = 2 ** 31;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

interface Tally {
  cases: number;
  passed: number;
  failed: number;
}

/** One run of a fuzzer; false if anything failed. */
async function runOne(fuzzer: Fuzzer, seed: number, tally: Tally): Promise<void> {
  const running = await fuzzer.start();
  const failure = (await running.check(seed, fuzzer.cases)) ?? (await running.close());
  tally.cases += fuzzer.cases;
  if (failure === null) {
    tally.passed++;
    return;
  }
  tally.failed++;
  say(`FAIL ${fuzzer.name}, again with --seed ${seed} ${fuzzer.name.replace(' ', '-')}`);
  say(failure);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      minutes: { type: 'string', default: defaultMinutes },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    say(usage);
    return;
  }
  const wanted = positionals.map((name) => name.replace('-', ' '));
  const chosen = fuzzers.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const first = values.seed === undefined ? Date.now() % largestSeed : Number(values.seed);
  const deadlineMs = performance.now() + Number(values.minutes) * 60_000;
  const tally: Tally = { cases: 0, passed: 0, failed: 0 };
  // Once through them all, however short the time; a seed that is given is all that is run.
  for (let seed = first; seed === first || performance.now() < deadlineMs; seed++) {
    for (const fuzzer of chosen) await runOne(fuzzer, seed, tally);
    if (values.seed !== undefined) break;
  }
  say(`${tally.cases} cases, seeds from ${first}`);
  say(`${tally.passed} passed, ${tally.failed} failed`);
  process.exitCode = tally.failed > 0 || chosen.length === 0 ? 1 : 0;
}

await main();
