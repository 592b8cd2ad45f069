/** A whole Kopje in a process of its own, with what a test asks of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { RawClient } from '../raw-client.js';

const main = fileURLToPath(new URL('../../engine/main.js', import.meta.url));
const lineTimeoutMs = 20_000;
const linesKept = 2_000;

export interface BrokerOptions {
  readonly dataDir: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly settings?: readonly string[];
}

/** A line of the broker's log. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** An empty data directory on the machine's own disk, gone with the test. */
export async function makeDataDir(t: Test): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kopje-disks-'));
  t.teardown(() => rm(dataDir, { recursive: true, force: true }));
  return dataDir;
}

export class BrokerProcess {
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  readonly pid: number;
  /** What it wrote to standard error that is no log line. */
  readonly messages: string[] = [];
  port = 0;
  httpPort = 0;
  readonly #child: ChildProcess;
  readonly #clients: RawClient[] = [];
  readonly #lines: LogLine[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.ended = once(child, 'close').then(([code, signal]) => code ?? signal);
    if (child.stderr === null) throw new Error('standard error is not piped');
    createInterface({ input: child.stderr }).on('line', (line) => this.#take(line));
  }

  /** Starts `kopje serve`; `ready` waits until it serves. It ends with the test. */
  static start(t: Test, options: BrokerOptions): BrokerProcess {
    const { dataDir, env = {}, settings = [] } = options;
    const all = [
      'kafkaListeners=PLAINTEXT://127.0.0.1:0',
      'httpListener=127.0.0.1:0',
      `dataDir=${dataDir}`,
      'workers=2',
      'offsetsTopicNumPartitions=2',
      'groupInitialRebalanceDelayMs=0',
      ...settings,
    ];
    const words = ['serve', ...all.flatMap((setting) => ['--set', setting])];
    const child = spawn(process.execPath, [main, ...words], {
      cwd: tmpdir(),
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const broker = new BrokerProcess(child);
    t.teardown(() => broker.kill());
    return broker;
  }

  /** Resolves when it serves; rejects if it ends before. */
  async ready(): Promise<this> {
    if (this.#child.stdout === null) throw new Error('standard output is not piped');
    for await (const line of createInterface({ input: this.#child.stdout })) {
      const ports = /127\.0\.0\.1:(\d+) .* http:\/\/127\.0\.0\.1:(\d+)/.exec(line);
      if (!line.startsWith('kopje ready') || ports === null) continue;
      this.port = Number(ports[1]);
      this.httpPort = Number(ports[2]);
      return this;
    }
    throw new Error(`kopje did not start: ${await this.ended}\n${this.text}`);
  }

  /** The end of what it wrote to standard error. */
  get text(): string {
    const log = this.#lines.map((line) => JSON.stringify(line));
    return [...log, ...this.messages].slice(-30).join('\n');
  }

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  async connect(): Promise<RawClient> {
    const client = await RawClient.connect(this.port);
    this.#clients.push(client);
    return client;
  }

  /** The first line of the log, from the `from`th on, that `matches`. */
  async line(matches: (line: LogLine) => boolean, from = 0): Promise<LogLine> {
    let timer: NodeJS.Timeout | undefined;
    const expired = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`no such line in the log:\n${this.text}`)),
        lineTimeoutMs,
      );
    });
    try {
      return await Promise.race([this.#found(matches, from), expired]);
    } finally {
      clearTimeout(timer);
    }
  }

  async metrics(): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.httpPort}/metrics`);
    return response.text();
  }

  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | NodeJS.Signals | null> {
    this.#leave();
    this.#child.kill('SIGTERM');
    return this.ended;
  }

  async kill(): Promise<void> {
    this.#leave();
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  #leave(): void {
    for (const client of this.#clients.splice(0)) client.close();
  }

  #take(line: string): void {
    if (!line.startsWith('{')) this.messages.push(line);
    else {
      if (this.#lines.length === linesKept) throw new Error('the broker logs without end');
      this.#lines.push(JSON.parse(line) as LogLine);
    }
    for (const wake of this.#waiting) wake();
  }

  async #found(matches: (line: LogLine) => boolean, from: number): Promise<LogLine> {
    for (;;) {
      const found = this.#lines.slice(from).find(matches);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
  }
}
