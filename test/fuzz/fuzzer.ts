/** One thing that takes bytes from outside, and a property that holds whatever they are. */
import fc from '../fast-check.js';

export interface Fuzzer {
  readonly name: string;
  /** Cases in `npm test`; a few seconds of one core. */
  readonly cases: number;
  start(): Promise<RunningFuzzer>;
}

export interface RunningFuzzer {
  /** Runs cases of a seed; resolves with what to print of the one that fails, null if none does. */
  check(seed: number, cases: number): Promise<string | null>;
  /** Ends it; resolves with what is wrong at the end, null if nothing is. */
  close(): Promise<string | null>;
}

/** A fuzzer that needs nothing around it. */
export function pureFuzzer<Input>(
  name: string,
  cases: number,
  inputs: fc.Arbitrary<Input>,
  holds: (input: Input) => void | Promise<void>,
): Fuzzer {
  return {
    name,
    cases,
    start: async () => ({
      check: (seed, numRuns) => checkCases(inputs, holds, seed, numRuns),
      close: async () => null,
    }),
  };
}

/** Runs a property that throws where it does not hold. */
export async function checkCases<Input>(
  inputs: fc.Arbitrary<Input>,
  holds: (input: Input) => void | Promise<void>,
  seed: number,
  numRuns: number,
): Promise<string | null> {
  const property = fc.asyncProperty(inputs, async (input) => {
    await holds(input);
  });
  const outcome = await fc.check(property, { seed, numRuns });
  if (!outcome.failed) return null;
  const { errorInstance } = outcome;
  const why = errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : '';
  // With the seed and the path that lead straight to the smallest case.
  return `${fc.defaultReportMessage(outcome) ?? ''}\n${why}`;
}
