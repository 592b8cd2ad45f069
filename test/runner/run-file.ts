/** Runs one test file in a process of its own and counts its assertions. */
import { spawn } from 'node:child_process';
import { isSettingVariable } from '../../engine/config/sources.js';
import { createCounter, type Failure } from './count.js';

export interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly skips: readonly string[];
  readonly failures: readonly Failure[];
  readonly durationMs: number;
  /** What it wrote to standard error. */
  readonly errorText: string;
}

/** For one test in a file: finds what hangs, also on a machine that is shared with others. */
const testTimeoutS = 120;

/** The end of it, enough to see what went wrong without drowning it. */
const maxErrorText = 8 * 1024;

export async function runFile(file: string, timeoutMs: number): Promise<FileResult> {
  const started = performance.now();
  const { parser, tally, ended } = createCounter();
  const child = spawn(process.execPath, ['--enable-source-maps', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // What the caller's shell has set must not change what tests see.
    env: { ...withoutSettings(process.env), TAP: '1', TAP_TIMEOUT: String(testTimeoutS) },
  });
  let errorText = '';
  child.stdout.on('data', (bytes: Buffer) => parser.write(bytes));
  child.stdout.on('end', () => parser.end());
  child.stderr.on('data', (bytes: Buffer) => {
    errorText = (errorText + bytes.toString()).slice(-maxErrorText);
  });
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  const outcome = await new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  clearTimeout(timer);
  await ended;
  const complaint = complaintOf(outcome, timedOut ? timeoutMs : null, tally);
  const failures = complaint === null ? tally.failures : [...tally.failures, complaint];
  const failed = tally.failed + (complaint === null ? 0 : 1);
  const durationMs = performance.now() - started;
  return { file, ...tally, failed, failures, durationMs, errorText };
}

/** A failure of the file as a whole that no assertion told of. */
function complaintOf(
  outcome: string,
  timedOutMs: number | null,
  tally: { passed: number; failed: number; skipped: number },
): Failure | null {
  if (timedOutMs !== null) return { path: '(file)', detail: `killed after ${timedOutMs} ms` };
  if (outcome !== 'exit code 0' && tally.failed === 0) return { path: '(file)', detail: outcome };
  const asserted = tally.passed + tally.failed + tally.skipped;
  return asserted === 0 ? { path: '(file)', detail: 'asserted nothing' } : null;
}

function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(([name]) => !isSettingVariable(name));
  return Object.fromEntries(kept);
}
