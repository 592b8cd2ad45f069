/** Runs the tests of a Go package and reads what `go test -json` tells about each. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Of a test's output, and of what belongs to none: kept for the report. */
const outputKeptChars = 4000;
/** Of those that allow it: they wait more than they work. */
const testsAtOnce = 8;
const buildTimeoutMs = 600_000;

export interface GoTestRun {
  readonly package: string;
  /** Of a Go module that pins the package's. */
  readonly cwd: string;
  readonly env: Record<string, string>;
  /** Tests to leave out, as `go test -skip` takes it. */
  readonly skip: string;
  /** For all tests together, without the build. */
  readonly timeoutMs: number;
}

/** `open`: it began and never ended, because another one brought the process down. */
type Outcome = 'pass' | 'fail' | 'skip' | 'open';

export interface GoTestResult {
  /** By the name of the test, those of tests within tests with slashes. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** The end of what a test printed. */
  outputOf(test: string): string;
  /** The end of what was printed beside the tests: the compiler's errors, a panic. */
  readonly otherOutput: string;
}

interface GoTestEvent {
  readonly Action: string;
  readonly Test?: string;
  readonly Output?: string;
}

/** The event of a line; one that the go command itself printed is output like any other. */
function parseEvent(line: string): GoTestEvent {
  try {
    return JSON.parse(line) as GoTestEvent;
  } catch {
    return { Action: 'output', Output: `${line}\n` };
  }
}

class Collector implements GoTestResult {
  readonly outcomes = new Map<string, Outcome>();
  readonly #outputs = new Map<string, string>();

  get otherOutput(): string {
    return this.outputOf('');
  }

  outputOf(test: string): string {
    return this.#outputs.get(test) ?? '';
  }

  take(line: string): void {
    const event = parseEvent(line);
    const { Action: action, Test: test = '', Output: output = '' } = event;
    if (output !== '') this.print(test, output);
    // Go counts it to the test that ran, before pages of stacks.
    if (test !== '' && output.startsWith('panic: ')) this.print('', output);
    if (test === '') return;
    if (action === 'run') this.outcomes.set(test, 'open');
    if (action === 'pass' || action === 'fail' || action === 'skip') {
      this.outcomes.set(test, action);
    }
  }

  print(test: string, output: string): void {
    this.#outputs.set(test, (this.outputOf(test) + output).slice(-outputKeptChars));
  }
}

/**
 * Builds and runs the tests. That some fail is a result like any other.
 * @throws Error when the go command cannot be started.
 */
export async function runGoTests(run: GoTestRun): Promise<GoTestResult> {
  const flags = ['-json', '-vet=off', '-count=1', `-parallel=${testsAtOnce}`];
  const choice = [`-timeout=${run.timeoutMs}ms`, `-skip=${run.skip}`];
  const child = spawn('go', ['test', ...flags, ...choice, run.package], {
    cwd: run.cwd,
    env: { ...process.env, ...run.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Go ends the tests itself when their time is over; this is for a build that hangs.
    timeout: buildTimeoutMs + run.timeoutMs,
  });
  const collector = new Collector();
  createInterface({ input: child.stdout }).on('line', (line) => collector.take(line));
  child.stderr.on('data', (bytes: Buffer) => collector.print('', bytes.toString()));
  await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  return collector;
}
