/** Programs that this machine may or may not have. */

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What a test needs is not on this machine: the test is skipped. */
export class Missing extends Error {}

function onPath(program: string): boolean {
  const path = process.env['PATH'] ?? '';
  return path.split(delimiter).some((directory) => existsSync(join(directory, program)));
}

/** @throws Missing naming the programs that are not in PATH. */
export function need(...programs: string[]): void {
  const missing = programs.filter((program) => !onPath(program));
  if (missing.length > 0) throw new Missing(`${missing.join(' and ')} not found`);
}
