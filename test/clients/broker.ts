/** A Kopje started as its own process, the way a user starts it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const readyTimeoutMs = 60_000;

export interface BrokerOptions {
  dataDir: string;
  port: number;
  /** Where its log (standard error) is appended. */
  logFile: string;
  /** More `name=value` settings. */
  settings?: readonly string[];
}

export interface Broker {
  readonly bootstrap: string;
  readonly pid: number;
  /** When its process was started, ms of `performance.now()`. */
  readonly spawnedAtMs: number;
  /** Milliseconds from the start of the process to its ready line. */
  readonly startMs: number;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | string>;
}

const dist = join(import.meta.dirname, '..', '..');

/** What users start; its modules where these were compiled after it was put together. */
function commandFile(): string {
  const mtimeMs = (file: string) =>
    statSync(join(dist, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const isFresh = mtimeMs('bundle/command.js.cache') > mtimeMs('.tsbuildinfo');
  return join(dist, 'engine', isFresh ? 'kopje.cjs' : 'main.js');
}

/** A port of 127.0.0.1 that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/**
 * Starts `kopje serve` and waits for its line that begins `kopje ready`.
 * @throws Error with the end of its log when it ends before, or is not ready in time.
 */
export async function startKopje(options: BrokerOptions): Promise<Broker> {
  const { dataDir, port, logFile, settings = [] } = options;
  const bootstrap = `127.0.0.1:${port}`;
  const all = [`kafkaListeners=PLAINTEXT://${bootstrap}`, `dataDir=${dataDir}`, ...settings];
  const args = [commandFile(), 'serve', ...all.flatMap((setting) => ['--set', setting])];
  const spawnedAtMs = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  // Whatever ends this process early must not leave a broker behind.
  const orphaned = () => child.kill('SIGKILL');
  process.once('exit', orphaned);
  const ended = new Promise<number | string>((resolve) => {
    child.on('close', (status, signal) => {
      process.off('exit', orphaned);
      resolve(status ?? signal ?? 'unknown');
    });
  });
  let tail = '';
  child.stderr.on('data', (bytes: Buffer) => {
    tail = `${tail}${bytes}`.slice(-4000);
  });
  child.stderr.pipe(createWriteStream(logFile, { flags: 'a' }));
  await untilReady(child, ended, () => tail);
  const signal = (name: NodeJS.Signals) => {
    child.kill(name);
    return ended;
  };
  return {
    bootstrap,
    pid: child.pid ?? 0,
    spawnedAtMs,
    startMs: Math.round(performance.now() - spawnedAtMs),
    kill: async () => void (await signal('SIGKILL')),
    stop: () => signal('SIGTERM'),
  };
}

async function untilReady(
  child: ChildProcess,
  ended: Promise<number | string>,
  tail: () => string,
): Promise<void> {
  if (child.stdout === null) throw new Error('no standard output');
  const lines = createInterface({ input: child.stdout });
  let timer: NodeJS.Timeout | undefined;
  const ready = new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      if (line.startsWith('kopje ready')) resolve();
    });
    timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`kopje was not ready after ${readyTimeoutMs} ms\n${tail()}`));
    }, readyTimeoutMs);
    ended.then((code) => reject(new Error(`kopje ended with ${code} at its start\n${tail()}`)));
  });
  await ready.finally(() => clearTimeout(timer));
}
