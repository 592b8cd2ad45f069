import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

export interface BrokerOptions {
  /** Of the compiled tree: `dist`, or a build that was broken on purpose. */
  readonly buildDirectory: string;
  readonly dataDir: string;
  /** Where standard error goes, which is Kopje's log. */
  readonly logFile: string;
  /** `name=value`. */
  readonly settings: readonly string[];
  /** `operation:count` for `kill-hook.ts`: the process kills itself there. */
  readonly killAt?: string;
}

/** The broker ended before it was ready. */
export class EndedEarly extends Error {}

/** A Kopje in a process of its own, which dies as the run wants it. */
export class BrokerProcess {
  readonly port: number;
  /** From the start of the process to its ready line. */
  readonly startMs: number;
  readonly ended: Promise<unknown>;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, ended: Promise<unknown>, port: number, ms: number) {
    this.#process = process;
    this.ended = ended;
    this.port = port;
    this.startMs = ms;
  }

  /**
   * Resolves once the broker is ready. With `killAfterMs` it is killed so long after its start, ready or not.
   * Throws EndedEarly.
   */
  static async start(options: BrokerOptions, killAfterMs?: number): Promise<BrokerProcess> {
    const startedMs = performance.now();
    const child = spawn(process.execPath, wordsOf(options), {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, KILL_AT: options.killAt ?? '' },
    });
    child.stderr!.pipe(createWriteStream(options.logFile, { flags: 'a' }));
    const ended = once(child, 'exit');
    const killing =
      killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    void ended.then(() => clearTimeout(killing));
    for await (const line of createInterface({ input: child.stdout! })) {
      const port = /PLAINTEXT:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (!line.startsWith('kopje ready') || port === undefined) continue;
      return new BrokerProcess(child, ended, Number(port), performance.now() - startedMs);
    }
    const [code, signal] = (await ended) as [number | null, string | null];
    throw new EndedEarly(`ended before it was ready (${signal ?? code}), see ${options.logFile}`);
  }

  get isAlive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** One partition thread dies so; see `crash-hook.ts`. */
  killThread(death: 'throw' | 'exit' | 'write'): void {
    if (this.#process.connected) this.#process.send(death, () => {});
  }

  /** Asks for a shutdown. */
  terminate(): void {
    this.#process.kill('SIGTERM');
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.ended;
  }
}

function wordsOf({ buildDirectory, dataDir, settings }: BrokerOptions): string[] {
  const hooks = ['../workers/pool/crash-hook.js', './kill-hook.js'];
  const all = [
    'kafkaListeners=PLAINTEXT://127.0.0.1:0',
    `dataDir=${dataDir}`,
    'groupInitialRebalanceDelayMs=0',
    'offsetsTopicNumPartitions=4',
    ...settings,
  ];
  return [
    ...hooks.flatMap((hook) => ['--import', new URL(hook, import.meta.url).href]),
    `${buildDirectory}/engine/main.js`,
    'serve',
    ...all.flatMap((setting) => ['--set', setting]),
  ];
}
