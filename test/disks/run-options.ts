/** What `run.ts` hands to the test files, each of which is a process of its own. */

const defaultRounds = 3;
const defaultSeed = 1;

export const variables = { seed: 'TEST_DISKS_SEED', rounds: 'TEST_DISKS_ROUNDS' } as const;

/** Decides what happens when on a disk that is filled. */
export function seedGiven(): number {
  return Number(process.env[variables.seed] ?? defaultSeed);
}

/** How often it is filled. */
export function roundsGiven(): number {
  return Number(process.env[variables.rounds] ?? defaultRounds);
}
