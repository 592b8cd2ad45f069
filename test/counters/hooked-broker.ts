import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { RawConnection } from '../../bench/load/kafka/raw-connection.js';
import type { FromThread } from './every-thread.js';

const partitionThreads = 2;
const settings = [
  'kafkaListeners=PLAINTEXT://127.0.0.1:0',
  'httpListener=127.0.0.1:0',
  `workers=${partitionThreads}`,
  'durability=os',
];

export interface BrokerOptions {
  /** The module of this folder that every thread loads first. */
  readonly hook: string;
  /** Of Node. */
  readonly flags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** What a broker counted itself. */
export interface Counted {
  readonly produced: number;
  readonly fetched: number;
  /** Copied bytes by site. */
  readonly copied: ReadonlyMap<string, number>;
}

/** A real Kopje in a process of its own, with a hook in every thread that counts what the broker does not. */
export class HookedBroker<Answer> {
  readonly port: number;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #http: string;

  private constructor(child: ChildProcess, port: number, http: string) {
    this.#child = child;
    this.pid = child.pid as number;
    this.port = port;
    this.#http = http;
  }

  /** Starts one that ends with the test. */
  static async start<Answer>(
    t: Test,
    { hook, flags = [], env = {} }: BrokerOptions,
  ): Promise<HookedBroker<Answer>> {
    const main = fileURLToPath(new URL('../../engine/main.js', import.meta.url));
    const child = spawn(
      process.execPath,
      [
        ...flags,
        ...['--import', new URL(`./${hook}.js`, import.meta.url).href],
        ...[main, 'serve'],
        ...settings.flatMap((setting) => ['--set', setting]),
      ],
      {
        cwd: t.testdir({}),
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      },
    );
    // A stop would write everything to disk first.
    t.teardown(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    });
    for await (const line of createInterface({ input: child.stdout! })) {
      const [, port, http] = /^kopje ready .*:(\d+) \(.* (http:\S+) /.exec(line) ?? [];
      if (http !== undefined) return new HookedBroker<Answer>(child, Number(port), http);
    }
    throw new Error('the broker ended before it was ready; see standard error');
  }

  connect(): Promise<RawConnection> {
    return RawConnection.open('127.0.0.1', this.port);
  }

  /** Gives every thread an order; resolves with their answers, the main thread's first. */
  async order(order: string): Promise<Answer[]> {
    const answered = once(this.#child, 'message');
    this.#child.send(order);
    const [answers] = (await answered) as [FromThread<Answer>[]];
    return answers.sort((a, b) => a.thread - b.thread).map(({ answer }) => answer);
  }

  async counted(): Promise<Counted> {
    const text = await (await fetch(`${this.#http}/metrics`)).text();
    const value = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
    const sites = text.matchAll(/^kopje_payload_copied_bytes_total\{site="(\w+)"\} (\d+)$/gm);
    return {
      produced: value('kopje_produce_bytes_total'),
      fetched: value('kopje_fetch_bytes_total'),
      copied: new Map([...sites].map(([, site = '', bytes]) => [site, Number(bytes)])),
    };
  }
}
