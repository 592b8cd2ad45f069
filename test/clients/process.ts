/** Runs other programs: to their end, or as members that talk in JSON lines. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

const stderrKeptChars = 4000;

/** One line that a client program printed; which fields are there depends on the scenario. */
export interface ResultLine {
  produced?: number;
  consumed?: number;
  wrong?: string[];
  assigned?: number[];
  /** [partition, startOffset, endOffset] of records read. */
  seen?: [number, number, number][];
  acked?: [number, number, number][];
  steps?: string[];
  note?: string;
  closed?: boolean;
}

export interface RunOptions {
  /** Written to standard input, which is then closed; without it the input is empty. */
  input?: string | Buffer;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  timeoutMs?: number;
  /** Give standard output and standard error as one text. */
  merge?: boolean;
}

/**
 * Runs a program to its end and gives its standard output.
 * @throws Error naming the program, with the end of what it printed, when it fails or takes too long.
 */
export async function runToEnd(
  command: readonly string[],
  { input = '', cwd, env, timeoutMs = 120_000, merge = false }: RunOptions = {},
): Promise<Buffer> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { cwd, env: { ...process.env, ...env } });
  const output: Buffer[] = [];
  let errors = '';
  child.stdout.on('data', (bytes: Buffer) => output.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => {
    if (merge) output.push(bytes);
    errors = `${errors}${bytes}`.slice(-stderrKeptChars);
  });
  // A program that ends early closes its input; its exit code tells the story.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  let expired = false;
  const timer = setTimeout(() => {
    expired = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve(status ?? signal));
  }).finally(() => clearTimeout(timer));
  if (code !== 0) {
    const why = expired ? `took more than ${timeoutMs} ms` : `ended with ${code}`;
    const tail = errors.trim() || Buffer.concat(output).toString().slice(-stderrKeptChars);
    throw new Error(`${file} ${args.join(' ').slice(0, 300)} ${why}\n${tail}`);
  }
  return Buffer.concat(output);
}

/** Runs a client program with a spec and gives the last line it printed. */
export async function runProgram(
  command: readonly string[],
  spec: object,
  timeoutMs?: number,
): Promise<ResultLine> {
  const text = await runToEnd([...command, JSON.stringify(spec)], {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  const lines = text.toString().trim().split('\n');
  const last = lines.at(-1);
  if (!last?.startsWith('{')) throw new Error(`${command.join(' ')} printed no result: ${last}`);
  return JSON.parse(last) as ResultLine;
}

/** A client program that runs until it is told to stop, and prints what happens to it. */
export class Program {
  readonly name: string;
  readonly ended: Promise<number | string>;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #errors = '';

  constructor(
    name: string,
    command: readonly string[],
    spec: object,
    onLine: (line: ResultLine) => void,
  ) {
    this.name = name;
    const [file = '', ...args] = command;
    this.#child = spawn(file, [...args, JSON.stringify(spec)]);
    this.#child.stdin.on('error', () => {});
    this.#child.stderr.on('data', (bytes: Buffer) => {
      this.#errors = `${this.#errors}${bytes}`.slice(-stderrKeptChars);
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      if (line.startsWith('{')) onLine(JSON.parse(line) as ResultLine);
    });
    this.ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (status, signal) => resolve(status ?? signal ?? 'unknown'));
    });
  }

  /** What it wrote to standard error last. */
  get errors(): string {
    return this.#errors.trim();
  }

  /** Closes its standard input, which ends it gracefully, and waits for its end. */
  async stop(timeoutMs = 30_000): Promise<void> {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), timeoutMs);
    const code = await this.ended.finally(() => clearTimeout(timer));
    if (code !== 0) throw new Error(`${this.name} ended with ${code}\n${this.errors}`);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}
