import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Metrics, parseMetrics } from '../metrics.js';
import type { HeapUse } from './collect-hook.js';

/** Small bounds, so that a few minutes reach all of them, and short times, so that everything comes and goes. */
const settings = {
  kafkaListeners: 'PLAINTEXT://127.0.0.1:0',
  httpListener: '127.0.0.1:0',
  workers: 2,
  landingBytes: 32 * 2 ** 20,
  socketRequestMaxBytes: 16 * 2 ** 20,
  replyBytesPerWorker: 16 * 2 ** 20,
  requestTimeoutMs: 10_000,
  producerIdExpirationMs: 5_000,
  maxIncrementalFetchSessionCacheSlots: 50,
  groupInitialRebalanceDelayMs: 0,
  offsetsTopicNumPartitions: 4,
  offsetsTopicSegmentBytes: 2 ** 21,
  logSegmentBytes: 2 ** 21,
  logSegmentDeleteDelayMs: 1_000,
};

/** What the process holds after its garbage was collected. */
export interface Holdings extends HeapUse {
  readonly rssBytes: number;
  readonly files: number;
  readonly threads: number;
}

/** A real Kopje in a process of its own, which can be looked into. */
export class SoakedBroker {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #http: string;

  private constructor(process: ChildProcess, port: number, http: string) {
    this.#process = process;
    this.port = port;
    this.#http = http;
  }

  /** Starts one in `directory`, with its log beside its data; `plant` names a leak of `planted-leak.ts`. */
  static async start(directory: string, plant: string): Promise<SoakedBroker> {
    const hook = (name: string) => ['--import', new URL(`./${name}.js`, import.meta.url).href];
    const words = Object.entries(settings).flatMap(([name, value]) => [
      '--set',
      `${name}=${value}`,
    ]);
    const child = spawn(
      process.execPath,
      [
        ...hook('collect-hook'),
        ...(plant === '' ? [] : hook('planted-leak')),
        fileURLToPath(new URL('../../engine/main.js', import.meta.url)),
        'serve',
        ...['--set', `dataDir=${join(directory, 'data')}`],
        ...words,
      ],
      { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { ...process.env, PLANTED_LEAK: plant } },
    );
    child.stderr!.pipe(createWriteStream(join(directory, 'broker.log')));
    for await (const line of createInterface({ input: child.stdout! })) {
      const [, port, http] = /^kopje ready .*:(\d+) \(.* (http:\S+) /.exec(line) ?? [];
      if (http !== undefined) return new SoakedBroker(child, Number(port), http);
    }
    throw new Error(`the broker did not start: ${readFileSync(join(directory, 'broker.log'))}`);
  }

  /** How the process ended; null while it runs. */
  get end(): number | string | null {
    return this.#process.exitCode ?? this.#process.signalCode;
  }

  async metrics(): Promise<Metrics> {
    return parseMetrics(await (await fetch(`${this.#http}/metrics`)).text());
  }

  /** Collects the garbage of every thread, then counts. */
  async holdings(): Promise<Holdings> {
    const answered = once(this.#process, 'message');
    this.#process.send('collect');
    const [heap] = (await answered) as [HeapUse];
    const proc = `/proc/${this.#process.pid}`;
    const kibibytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`${proc}/status`, 'utf8'))?.[1];
    return {
      ...heap,
      rssBytes: Number(kibibytes) * 1024,
      files: readdirSync(`${proc}/fd`).length,
      threads: readdirSync(`${proc}/task`).length,
    };
  }

  /** Resolves with the exit code of an orderly stop. */
  async stop(): Promise<number | null> {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    const [code] = (await ended) as [number | null];
    return code;
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }
}
