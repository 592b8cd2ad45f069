/** Runs the `kopje` command in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../../engine/main.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Working directory: a directory of the test's own, so that no kopje.yaml is found by chance. */
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Starts `kopje` with these words. */
export function start(words: readonly string[], { cwd, env = {} }: RunOptions): ChildProcess {
  return spawn(process.execPath, [main, ...words], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs `kopje` with these words to its end. */
export async function kopje(words: readonly string[], options: RunOptions): Promise<Ended> {
  return ended(start(words, options));
}

/** Waits for the end of a process and collects what it still writes. */
export async function ended(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (bytes: Buffer) => {
    stdout += bytes.toString();
  });
  child.stderr?.on('data', (bytes: Buffer) => {
    stderr += bytes.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** The first line on standard output that matches; rejects if the process ends before. */
export async function lineOf(child: ChildProcess, pattern: RegExp): Promise<string> {
  if (child.stdout === null) throw new Error('standard output is not piped');
  for await (const line of createInterface({ input: child.stdout })) {
    if (pattern.test(line)) return line;
  }
  throw new Error(`ended without a line like ${pattern}`);
}
