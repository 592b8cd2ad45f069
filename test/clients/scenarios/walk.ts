/** A client's own walk through many calls; it checks each answer itself. */

import type { Walk } from '../catalogue.js';
import { runProgram } from '../process.js';
import type { Context } from './scenario.js';

const timeoutMs = 90_000;

export async function walk(
  context: Context,
  name: string,
  command: string[],
  scenario: Walk,
): Promise<void> {
  const { runner, prefix, baseTimestampMs, dataDir } = context;
  const topic = `${prefix}-${scenario}-${name}`;
  // Kopje refuses transactions; another broker may have them.
  const transactions = dataDir === undefined;
  const spec = { scenario, bootstrap: runner.bootstrap, topic, baseTimestampMs, transactions };
  const { steps = [] } = await runProgram(command, spec, timeoutMs);
  if (steps.length === 0) throw new Error('no steps done');
}
