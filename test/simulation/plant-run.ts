import { runSeeds } from './run-seeds.js';

const { passed, failure } = await runSeeds(Number(process.argv[2]), Number(process.argv[3]));
const line =
  failure === null ? `not caught by ${passed} seeds` : `caught by ${failure.split('\n')[0]}`;
process.stdout.write(`${line}\n`);
