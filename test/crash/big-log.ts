import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createTopicsExchange, produceExchange } from '../exchanges.js';
import { BrokerProcess, EndedEarly } from './broker-process.js';
import { Connection, Disconnected } from './connection.js';
import type { Durability } from './cycles.js';
import { Findings } from './findings.js';
import { packBatch } from './load/batches.js';
import { eventually } from './load/load.js';
import { TopicLedger } from './load/topic-ledger.js';
import type { Random } from './random.js';

/** Longest start, from the process's birth to its ready line. */
const startLimitMs = 1_000;
/** A machine that is busy with other things is slow with an empty directory too. */
const busyFactor = 2.5;
/** And for a moment only: a start is slow if it is slow each time. */
const maxTries = 3;
const partitions = 4;
const recordBytes = 1_024;
const recordsInBatch = 900;
const inFlight = 3;
const acksAll = -1;
const timeoutMs = 30_000;
const createVersion = 5;

export interface BigLogOptions {
  readonly buildDirectory: string;
  readonly durability: Durability;
  readonly logBytes: number;
  readonly random: Random;
  readonly report: (line: string) => void;
}

/** How the broker of the big log dies, one after the other over the same directory. */
const deaths = {
  'under load': async (broker: BrokerProcess) => {
    await setTimeout(300);
    await broker.kill();
  },
  'during a shutdown': async (broker: BrokerProcess) => {
    broker.terminate();
    await setTimeout(20);
    await broker.kill();
  },
  'while a thread is replaced': async (broker: BrokerProcess) => {
    broker.killThread('write');
    await setTimeout(60);
    await broker.kill();
  },
} as const;

/** Starts over a big log whose broker was killed: none takes longer than a second. */
export class BigLog {
  readonly #options: BigLogOptions;
  readonly #directory: string;
  readonly #findings = new Findings();
  readonly #ledger: TopicLedger;
  /** Records acknowledged, by partition. */
  readonly #ends: number[] = new Array(partitions).fill(0);
  readonly #batch = packBatch(
    Array.from({ length: recordsInBatch }, () => 'x'.repeat(recordBytes)),
    {},
    0,
  );

  constructor(options: BigLogOptions) {
    this.#options = options;
    this.#directory = mkdtempSync(join(tmpdir(), 'kopje-big-log-'));
    this.#ledger = new TopicLedger('big', partitions, this.#findings);
  }

  async run(): Promise<readonly string[]> {
    const { report, durability, logBytes } = this.#options;
    try {
      let broker = await this.#start();
      await this.#fill(broker, logBytes);
      for (const [name, die] of Object.entries(deaths)) {
        for (let tries = 1; ; tries++) {
          const load = this.#fill(broker, Number.POSITIVE_INFINITY);
          await die(broker);
          await load;
          await this.#killAtStart();
          broker = await this.#start();
          const readMs = await this.#readEnds(broker);
          const startMs = Math.round(broker.startMs);
          const emptyMs = Math.round(await this.#emptyStart());
          const took = `ready after ${startMs} ms (${emptyMs} ms when empty), read after ${readMs} ms more`;
          report(`${this.#gigabytes} GB ${durability}, killed ${name}: ${took}`);
          if (startMs <= Math.max(startLimitMs, busyFactor * emptyMs)) break;
          if (tries < maxTries) continue;
          this.#findings.add(`killed ${name}, a start took ${startMs} ms, ${tries} times too long`);
          break;
        }
      }
      await broker.kill();
      return this.#findings.texts;
    } finally {
      rmSync(this.#directory, { recursive: true, force: true });
    }
  }

  get #gigabytes(): string {
    const records = this.#ends.reduce((sum, end) => sum + end, 0);
    return ((records * recordBytes) / 1e9).toFixed(2);
  }

  #start(name = 'data', killAfterMs?: number): Promise<BrokerProcess> {
    const { buildDirectory, durability } = this.#options;
    const dataDir = join(this.#directory, name);
    const logFile = join(this.#directory, 'kopje.log');
    const settings = [`durability=${durability}`, 'workers=2'];
    return BrokerProcess.start({ buildDirectory, dataDir, logFile, settings }, killAfterMs);
  }

  /** A start with nothing to recover, at this moment. */
  async #emptyStart(): Promise<number> {
    const broker = await this.#start('empty');
    await broker.kill();
    return broker.startMs;
  }

  /** A death in the middle of a recovery, or just behind it. */
  async #killAtStart(): Promise<void> {
    try {
      const broker = await this.#start('data', this.#options.random.between(100, startLimitMs));
      await broker.ended;
    } catch (error) {
      if (!(error instanceof EndedEarly)) throw error;
    }
  }

  /** Appends to all partitions until so many bytes are there, or the broker dies. */
  async #fill(broker: BrokerProcess, bytes: number): Promise<void> {
    try {
      const connection = await Connection.open(broker.port, this.#findings);
      const wanted = { numPartitions: partitions, replicationFactor: 1 };
      const topics = [{ name: this.#ledger.topic, ...wanted }];
      await connection.ask(createTopicsExchange, { topics, timeoutMs }, createVersion);
      const lane = async (index: number) => {
        for (let sent = 0; sent * this.#batch.length < bytes / (partitions * inFlight); sent++) {
          if (!(await this.#append(connection, index))) await setTimeout(10);
        }
      };
      const lanes = Array.from({ length: partitions * inFlight }, (_, i) => lane(i % partitions));
      await Promise.all(lanes);
      connection.close();
    } catch (error) {
      if (!(error instanceof Disconnected)) throw error;
    }
  }

  async #append(connection: Connection, index: number): Promise<boolean> {
    const partitionData = [{ index, records: this.#batch }];
    const topicData = [{ name: this.#ledger.topic, partitionData }];
    const request = { acks: acksAll, timeoutMs, topicData };
    const { responses } = await connection.ask(produceExchange, request, 9);
    const answer = responses[0]?.partitionResponses[0];
    if (answer?.errorCode !== 0) return false;
    this.#ends[index] = Math.max(this.#ends[index]!, answer.baseOffset + recordsInBatch);
    return true;
  }

  /** Reads the last acknowledged record of each partition; returns the time that took. */
  async #readEnds(broker: BrokerProcess): Promise<number> {
    const startedMs = performance.now();
    const connection = await Connection.open(broker.port, this.#findings);
    for (const [partition, end] of this.#ends.entries()) {
      const found = await eventually(() =>
        this.#ledger.fetch(connection, partition, Math.max(0, end - 1)),
      );
      if (found === null || found.nextOffset < end) {
        this.#findings.add(`big-${partition} ends at ${found?.nextOffset}, not at ${end}`);
      }
    }
    connection.close();
    return Math.round(performance.now() - startedMs);
  }
}
