/**
 * Bad weather in front of a real Pulsar: kills it, and Kopje, again and again under load, and checks that what was
 * acknowledged is there once, where it was said to be. Ends with the line `N passed, N failed`.
 * `npm run test:weather -- --help` says how to choose.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Missing } from '../peers/programs.js';
import { preparePulsar } from '../peers/pulsar.js';
import { Cluster } from './cluster.js';
import { Cycles } from './cycles.js';
import { mebibytes } from './memory-watch.js';

const help = `npm run test:weather -- [option ...]
  --cycles N  load, bad weather, mending and check so often (7: each kind of weather once)
  --seed N    repeats a run's choices (random)
  --help      this text
`;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function run(home: string, cycles: number, seed: number): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'kopje-weather-'));
  let isClean = false;
  const cluster = await Cluster.start({ home, directory, report: say });
  try {
    const outcome = await new Cycles(cluster, seed, say).run(cycles);
    const { findings, acknowledgedRecords, commits } = outcome;
    say(
      `${outcome.cycles} cycles in ${Math.round(performance.now() / 1_000)} s, ` +
        `${acknowledgedRecords} records acknowledged, ${outcome.pulsarRecords} of them written by Pulsar's producers, ` +
        `${commits} commits, slowest service ${outcome.worstServiceMs} ms, ` +
        `most memory ${mebibytes(outcome.worstResidentBytes)} MiB`,
    );
    for (const finding of findings) say(`FAILED: ${finding}`);
    const { length: failed } = findings;
    if (failed > 0) say(`logs are in ${directory}`);
    say(`${outcome.cycles - (failed > 0 ? 1 : 0)} passed, ${failed} failed`);
    isClean = failed === 0;
    return failed;
  } finally {
    await cluster.close();
    if (isClean) rmSync(directory, { recursive: true, force: true });
  }
}

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '7' },
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) process.stdout.write(help);
else {
  try {
    say(`seed ${values.seed}`);
    const home = await preparePulsar();
    const failed = await run(home, Number(values.cycles), Number(values.seed));
    if (failed > 0) process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    say(`skipped: ${error.message}, and bad weather needs it`);
    say('0 passed, 0 failed');
  }
}
