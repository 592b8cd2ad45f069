import { Simulation } from './simulation.js';

export interface SeedsRun {
  readonly passed: number;
  /** What the first seed that failed violated, and the last that happened in it; null: all passed. */
  readonly failure: string | null;
  readonly operations: number;
  readonly crashes: number;
}

/** Runs seeds one after another until one fails. */
export async function runSeeds(
  from: number,
  count: number,
  say: ((line: string) => void) | null = null,
): Promise<SeedsRun> {
  let operations = 0;
  let crashes = 0;
  for (let passed = 0; passed < count; passed++) {
    const seed = from + passed;
    const outcome = await new Simulation(seed, say).run();
    operations += outcome.operations;
    crashes += outcome.crashes;
    if (outcome.violation === null) continue;
    const failure = [
      `seed ${seed}: ${outcome.violation}`,
      ...outcome.lines,
      `again: node dist/test/simulation/run.js --seed ${seed} --trace`,
    ].join('\n');
    return { passed, failure, operations, crashes };
  }
  return { passed: count, failure: null, operations, crashes };
}
