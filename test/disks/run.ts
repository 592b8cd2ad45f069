/**
 * A whole Kopje on disks that fill up and fail, in the test files of this folder. Ends with the line
 * `N passed, N failed`. `npm run test:disks -- --help` says how to choose.
 */
import { parseArgs } from 'node:util';
import { variables } from './run-options.js';

const help = `npm run test:disks -- [option ...]
  --rounds N   how often the disk is filled and emptied again (3)
  --seed N     decides when, and what is written meanwhile (1)
  --help       this text
Small file systems are mounted by root on Linux; calls are made to fail on Linux with a C compiler. What cannot be
done is skipped.
`;

const { values } = parseArgs({
  options: { rounds: { type: 'string' }, seed: { type: 'string' }, help: { type: 'boolean' } },
});
if (values.help === true) process.stdout.write(help);
else {
  for (const name of ['rounds', 'seed'] as const) {
    const value = values[name];
    if (value === undefined) continue;
    if (!/^\d+$/.test(value)) throw new Error(`--${name} takes a number, not '${value}'`);
    process.env[variables[name]] = value;
  }
  // The runner takes its words from there.
  process.argv.splice(2, process.argv.length, 'disks');
  await import('../runner/main.js');
}
