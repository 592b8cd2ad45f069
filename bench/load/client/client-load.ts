import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { usageOf } from '../../target/process-usage.js';
import type { ProduceShape } from '../channel.js';
import type { Mark } from '../generator.js';
import { recordsOf } from '../kafka/end-offsets.js';
import { RawConnection } from '../kafka/raw-connection.js';
import type { MeasuredLoad } from '../measured-load.js';
import type { ClientProgram, ClientWork } from './programs.js';

const startTimeoutMs = 60_000;
const pollMs = 50;
const keptChars = 2_000;

/**
 * A real client under way. What it has produced is what the topic has; what it has read it says itself, and when it has
 * read all it is started anew. Nobody verifies its records.
 */
export class ClientLoad implements MeasuredLoad {
  /** A client that is slower than the broker is no news. */
  readonly maxCpuShare = Number.POSITIVE_INFINITY;
  readonly #program: ClientProgram;
  readonly #shape: ProduceShape;
  readonly #work: ClientWork;
  readonly #connection: RawConnection;
  #child: ChildProcessByStdio<null, Readable, Readable> | null = null;
  /** Read by those that have ended, and by the one that runs. */
  #readBefore = 0;
  #read = 0;
  #cpuMsBefore = 0;
  #cpuMs = 0;
  #lastWords = '';
  #problem: Error | null = null;
  #isClosed = false;

  private constructor(
    program: ClientProgram,
    shape: ProduceShape,
    work: ClientWork,
    connection: RawConnection,
  ) {
    this.#program = program;
    this.#shape = shape;
    this.#work = work;
    this.#connection = connection;
  }

  /** Resolves when it has produced or read its first records. */
  static async start(
    program: ClientProgram,
    shape: ProduceShape,
    work: ClientWork,
  ): Promise<ClientLoad> {
    const { address } = shape;
    if (address.protocol !== 'kafka') throw new Error('not the address of a Kafka broker');
    const connection = await RawConnection.open(address.host, address.port);
    const load = new ClientLoad(program, shape, work, connection);
    load.#start();
    const deadlineMs = performance.now() + startTimeoutMs;
    while ((await load.mark()).records === 0) {
      if (performance.now() > deadlineMs) {
        load.close();
        throw new Error(`the client did nothing in ${startTimeoutMs} ms: ${load.#lastWords}`);
      }
      await sleep(pollMs);
    }
    return load;
  }

  async mark(): Promise<Mark> {
    if (this.#problem !== null) throw this.#problem;
    const { topic, partitions, recordBytes } = this.#shape;
    const isProducing = this.#work.does === 'produce';
    const records = isProducing
      ? await recordsOf(this.#connection, topic, partitions)
      : this.#readBefore + this.#read;
    this.#lookAtCpu();
    return {
      atMs: performance.now(),
      cpuMs: this.#cpuMsBefore + this.#cpuMs,
      latency: null,
      records,
      payloadBytes: records * recordBytes,
      requests: 0,
    };
  }

  async forget(): Promise<void> {
    // Nothing is timed.
  }

  async stop(): Promise<void> {
    this.close();
  }

  close(): void {
    this.#isClosed = true;
    this.#child?.kill('SIGKILL');
    this.#connection.close();
  }

  #start(): void {
    const [file = '', ...words] = this.#program.command(this.#shape, this.#work);
    const child = spawn(file, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    const orphaned = (): void => void child.kill('SIGKILL');
    process.once('exit', orphaned);
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#lastWords = line;
      this.#read = this.#program.recordsIn(line) ?? this.#read;
      this.#lookAtCpu();
    });
    child.stderr.on('data', (bytes: Buffer) => {
      this.#lastWords = `${bytes}`.slice(-keptChars);
    });
    child.once('error', (error) => {
      this.#problem = error;
    });
    child.once('close', (code) => {
      process.off('exit', orphaned);
      if (!this.#isClosed) this.#ended(code);
    });
  }

  #ended(code: number | null): void {
    if (code !== 0 || this.#work.does === 'produce') {
      this.#problem = new Error(`the client ended with ${code}: ${this.#lastWords}`);
      return;
    }
    this.#readBefore += this.#work.records;
    this.#cpuMsBefore += this.#cpuMs;
    [this.#read, this.#cpuMs] = [0, 0];
    this.#start();
  }

  #lookAtCpu(): void {
    const pid = this.#child?.pid;
    if (pid === undefined || this.#child?.exitCode !== null) return;
    try {
      this.#cpuMs = Math.max(this.#cpuMs, usageOf(pid).cpuMs);
    } catch {
      // It has just ended; what it had used by the last look counts.
    }
  }
}
