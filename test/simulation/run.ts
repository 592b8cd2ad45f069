/**
 * Runs seeds of the simulation, without end by default, until one fails; then prints it and ends.
 * `--seed N` runs one again; with `--trace`, tells everything that happens in it.
 */
import { parseArgs } from 'node:util';
import { runSeeds } from './run-seeds.js';

const help = `Simulates the embedded log with failing disks, clocks, rings and threads, each history from one seed.

  npm run test:simulation                     new seeds until one fails
  npm run test:simulation -- --seeds 1000     so many
  npm run test:simulation -- --seed 7         that one; with --trace, all that happens in it
`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: 'Infinity' },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Beyond those that the tests run, and others at every start. */
function anySeed(): number {
  return 1_000_000 + Math.floor(Math.random() * 2 ** 40);
}

const say = (line: string) => void process.stdout.write(`${line}\n`);
if (values.help) say(help);
else {
  const one = values.seed === undefined ? null : Number(values.seed);
  const { passed, failure } = await runSeeds(
    one ?? anySeed(),
    one === null ? Number(values.seeds) : 1,
    values.trace ? say : null,
  );
  if (failure !== null) say(failure);
  say(`${passed} passed, ${failure === null ? 0 : 1} failed`);
  process.exitCode = failure === null ? 0 : 1;
}
