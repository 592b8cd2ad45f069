import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { reservablePort } from '../peers/ports.js';

const main = fileURLToPath(new URL('../../engine/main.js', import.meta.url));
const askLimitMs = 5_000;

export interface NodeOptions {
  readonly brokerId: number;
  readonly settings: Readonly<Record<string, string | number>>;
  /** Where its log goes. */
  readonly logFile: string;
}

/** One `kopje serve` in front of a Pulsar. */
export class NodeProcess {
  readonly port: number;
  readonly #httpPort: number;
  readonly exited: Promise<number | null>;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, port: number, httpPort: number) {
    this.#process = process;
    this.port = port;
    this.#httpPort = httpPort;
    this.exited = once(process, 'exit').then(([code]) => code as number | null);
  }

  /** Does not wait for it: it may be a standby. */
  static async start({ brokerId, settings, logFile }: NodeOptions): Promise<NodeProcess> {
    const port = await reservablePort();
    const httpPort = await reservablePort();
    const all = {
      brokerId,
      kafkaListeners: `PLAINTEXT://127.0.0.1:${port}`,
      httpListener: `127.0.0.1:${httpPort}`,
      ...settings,
    };
    const words = Object.entries(all).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    const child = spawn(process.execPath, [main, 'serve', ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.pipe(createWriteStream(logFile, { flags: 'a' }));
    const orphaned = () => child.kill('SIGKILL');
    process.once('exit', orphaned);
    child.once('exit', () => process.off('exit', orphaned));
    return new NodeProcess(child, port, httpPort);
  }

  get isAlive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Resident memory; 0 where it is not told. */
  get residentBytes(): number {
    try {
      const status = readFileSync(`/proc/${this.#process.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1_024;
    } catch {
      return 0;
    }
  }

  /** Its turn has come, and all its partitions are open. */
  async isReady(): Promise<boolean> {
    return (await this.#ask('/ready'))?.ok === true;
  }

  /** It answers, and waits for another node. */
  async isStandby(): Promise<boolean> {
    const text = await (await this.#ask('/ready'))?.text();
    return text?.startsWith('standby') === true;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async kill(): Promise<void> {
    if (this.isAlive) this.#process.kill('SIGKILL');
    await this.exited;
  }

  async #ask(path: string): Promise<Response | null> {
    try {
      const signal = AbortSignal.timeout(askLimitMs);
      return await fetch(`http://127.0.0.1:${this.#httpPort}${path}`, { signal });
    } catch {
      return null;
    }
  }
}
