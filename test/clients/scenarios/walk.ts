/** A client's own walk through many calls; it checks each answer itself. */

import type { Walk } from '../catalogue.js';
import { runProgram } from '../process.js';
import type { Context } from './scenario.js';

const timeoutMs = 240_000;

export async function walk(
  context: Context,
  name: string,
  command: string[],
  scenario: Walk,
): Promise<void> {
  const { runner, prefix, baseTimestampMs, transactions, largestRecordBytes } = context;
  const topic = `${prefix}-${scenario}-${name}`;
  const { bootstrap } = runner;
  const told = { baseTimestampMs, transactions, largestRecordBytes };
  const spec = { scenario, bootstrap, topic, ...told };
  const { steps = [] } = await runProgram(command, spec, timeoutMs);
  if (steps.length === 0) throw new Error('no steps done');
}
