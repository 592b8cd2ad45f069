/** The commands that the README tells people to type, run as they would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export { freePort } from '../clients/broker.js';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
/** Kopje's, in the README. */
export const defaultAddress = '127.0.0.1:9092';

/** The lines of the `sh` blocks of a section in a checkout's README. */
export function commandsOf(checkout: string, heading: string): string[] {
  const readme = readFileSync(join(checkout, 'README.md'), 'utf8');
  const section = new RegExp(`\\n## ${heading}\\n(.*?)\\n## `, 's').exec(readme)?.[1] ?? '';
  return [...section.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = '']) =>
    block.trim().split('\n'),
  );
}

/** Runs a command of plain words; no shell in between, which would keep signals to itself. */
export function start(command: string, cwd: string, env: NodeJS.ProcessEnv): ChildProcess {
  const [program = '', ...words] = command.split(' ');
  return spawn(program, words, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** The first line of its standard output that is like this. Rejects where it ends without one. */
export async function lineOf(child: ChildProcess, pattern: RegExp): Promise<string> {
  if (child.stdout === null) throw new Error('standard output is not piped');
  for await (const line of createInterface({ input: child.stdout })) {
    if (pattern.test(line)) return line;
  }
  throw new Error(`ended without a line like ${pattern}`);
}
