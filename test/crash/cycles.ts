import { join } from 'node:path';
import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import { createTopicsExchange, deleteTopicsExchange } from '../exchanges.js';
import { type Blow, drawBlow } from './blow.js';
import { BrokerProcess, EndedEarly } from './broker-process.js';
import { Connection, Disconnected } from './connection.js';
import { Findings } from './findings.js';
import { Committer } from './load/committer.js';
import { Consumer } from './load/consumer.js';
import { Identities } from './load/identities.js';
import { keepStepping, type Load } from './load/load.js';
import { Producer } from './load/producer.js';
import { TopicLedger } from './load/topic-ledger.js';
import { TopicOwner } from './load/topic-owner.js';
import type { PowerDisk } from './power/power-disk.js';
import { Random } from './random.js';

export type Durability = 'fsync' | 'os';

export interface CyclesOptions {
  readonly buildDirectory: string;
  /** For data and logs, and for nothing else. */
  readonly directory: string;
  readonly durability: Durability;
  readonly seed: number;
  /** The data is on it, and its power is cut at each death. */
  readonly disk: PowerDisk | null;
  readonly report: (line: string) => void;
}

export interface CyclesOutcome {
  readonly findings: readonly string[];
  readonly cycles: number;
  readonly acknowledgedRecords: number;
  readonly commits: number;
  /** Slowest of all starts that were let be. */
  readonly worstStartMs: number;
}

const partitions = 4;
const segmentBytes = 1_048_576;
const committedTopic = 'committed';
/** none, gzip, lz4, zstd. */
const codecs = [0, 1, 3, 4];
const createVersion = 5;
const timeoutMs = 10_000;

/** Load, death, restart, check, again and again, over one data directory. */
export class Cycles {
  readonly #options: CyclesOptions;
  readonly #random: Random;
  readonly #findings = new Findings();
  readonly #ids = new Identities(this.#findings);
  readonly #consumer = new Consumer();
  readonly #owner: TopicOwner;
  readonly #committers: readonly Committer[];
  #producers: readonly Producer[];
  /** Of this cycle and the one before. */
  #ledgers: TopicLedger[] = [];
  #acknowledgedBefore = 0;
  #worstStartMs = 0;

  constructor(options: CyclesOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#owner = new TopicOwner(this.#random.fork(), this.#findings);
    this.#committers = ['first', 'second'].map(
      (group) => new Committer(`group-${group}`, committedTopic, this.#findings),
    );
    this.#producers = this.#newProducers(0);
  }

  /** Ends early at the first cycle that finds something. */
  async run(cycles: number): Promise<CyclesOutcome> {
    let done = 0;
    try {
      for (; done < cycles && this.#findings.texts.length === 0; done++) await this.#cycle(done);
      if (this.#findings.texts.length === 0) await (await this.#start(null)).kill();
    } catch (error) {
      if (!(error instanceof EndedEarly || error instanceof Disconnected)) throw error;
      this.#findings.add(`the broker was not to die: ${error.message}`);
    }
    return {
      findings: this.#findings.texts,
      cycles: done,
      acknowledgedRecords: this.#acknowledgedBefore + this.#sumOfLedgers(),
      commits: this.#committers.reduce((sum, { commits }) => sum + commits, 0),
      worstStartMs: Math.round(this.#worstStartMs),
    };
  }

  async #cycle(number: number): Promise<void> {
    const blow = drawBlow(this.#random);
    const broker = await this.#start(blow);
    try {
      await this.#prepare(broker, number);
      await this.#underLoad(broker, blow);
    } catch (error) {
      if (!(error instanceof Disconnected) || blow.killAt === undefined) throw error;
    } finally {
      await broker.kill();
    }
    await this.#options.disk?.cutPower();
    const { durability, disk, report } = this.#options;
    const records = this.#ledgers.at(-1)?.acknowledgedRecords ?? 0;
    const power = disk === null ? '' : ', power cut';
    report(`cycle ${number} ${durability}${power}: ${blow.name}; ${records} records acknowledged`);
  }

  /** A broker that is up and has been checked, however often it dies before. */
  async #start(blow: Blow | null): Promise<BrokerProcess> {
    for (let plan = blow; ; plan = null) {
      let broker: BrokerProcess | null = null;
      try {
        broker = await this.#launch(plan);
        const connection = await Connection.open(broker.port, this.#findings);
        await this.#check(connection);
        connection.close();
        if (plan?.killAfterMs === undefined) return broker;
        await broker.ended;
      } catch (error) {
        await broker?.kill();
        const isPlanned = plan?.killAt !== undefined || plan?.killAfterMs !== undefined;
        const isDeath = error instanceof EndedEarly || error instanceof Disconnected;
        if (!isDeath || !isPlanned) throw error;
      }
      await this.#options.disk?.cutPower();
    }
  }

  async #launch(plan: Blow | null): Promise<BrokerProcess> {
    const { buildDirectory, directory, durability, disk } = this.#options;
    const broker = await BrokerProcess.start(
      {
        buildDirectory,
        dataDir: join(disk?.directory ?? directory, 'data'),
        logFile: join(directory, 'kopje.log'),
        settings: [`durability=${durability}`, 'workers=2', 'logSegmentDeleteDelayMs=1000'],
        ...(plan?.killAt === undefined ? {} : { killAt: plan.killAt }),
      },
      plan?.killAfterMs,
    );
    this.#worstStartMs = Math.max(this.#worstStartMs, broker.startMs);
    return broker;
  }

  /** True where only `durability=fsync` would promise that nothing is lost. */
  get #mayLose(): boolean {
    return this.#options.disk !== null && this.#options.durability === 'os';
  }

  async #check(connection: Connection): Promise<void> {
    if (this.#mayLose) {
      for (const ledger of this.#ledgers) await ledger.checkBeginning(connection);
      for (const committer of this.#committers) await committer.checkBeginning(connection);
    } else {
      for (const load of this.#loads) {
        await load.settle(connection);
        // What comes next would only find the same, and wait for it.
        if (this.#findings.texts.length > 0) return;
      }
      for (const ledger of this.#ledgers) await ledger.check(connection);
      if (this.#ledgers.length > 0) {
        for (const committer of this.#committers) await committer.check(connection);
      }
    }
    for (const load of [this.#owner, this.#ids]) await load.check(connection);
  }

  get #loads(): readonly Load[] {
    const { producers, committers } = { producers: this.#producers, committers: this.#committers };
    return [...producers, ...committers, this.#consumer, this.#owner, this.#ids];
  }

  /** A new topic for the records, so that what is kept and read again stays small. */
  async #prepare(broker: BrokerProcess, number: number): Promise<void> {
    const connection = await Connection.open(broker.port, this.#findings);
    const made = new TopicLedger(`load-${number}`, partitions, this.#findings);
    const configs = [{ name: 'segment.bytes', value: `${segmentBytes}` }];
    const isFirst = this.#ledgers.length === 0;
    const names = isFirst ? [committedTopic, made.topic] : [made.topic];
    const topics = names.map((name) => {
      return { name, numPartitions: partitions, replicationFactor: 1, configs };
    });
    const answer = await connection.ask(createTopicsExchange, { topics, timeoutMs }, createVersion);
    for (const { name, errorCode } of answer.topics) {
      // A broker that died before it could answer has made it, perhaps.
      const isThere = name === committedTopic && errorCode === ErrorCode.TOPIC_ALREADY_EXISTS;
      if (errorCode !== 0 && !isThere) {
        this.#findings.add(`CreateTopics of ${name}: error ${errorCode}`);
      }
    }
    if (this.#mayLose) this.#producers = this.#newProducers(number);
    this.#ledgers.push(made);
    for (const load of [...this.#producers, this.#consumer]) load.begin(made);
    if (this.#ledgers.length > 2) {
      const old = this.#ledgers.shift()!;
      this.#acknowledgedBefore += old.acknowledgedRecords;
      const request = { topicNames: [old.topic], timeoutMs };
      await connection.ask(deleteTopicsExchange, request, createVersion);
    }
    connection.close();
  }

  async #underLoad(broker: BrokerProcess, blow: Blow): Promise<void> {
    let isOver = false;
    const running = this.#loads.map(async (load) => {
      const connection = await Connection.open(broker.port, this.#findings);
      await keepStepping(load, connection, () => isOver);
      connection.close();
    });
    await Promise.all([
      ...running,
      blow.strike(broker).finally(() => {
        isOver = true;
      }),
    ]);
  }

  #newProducers(number: number): Producer[] {
    return codecs.map((codec, i) => {
      const name = `producer-${number}-${i}`;
      return new Producer(name, codec, this.#random.fork(), this.#findings);
    });
  }

  #sumOfLedgers(): number {
    return this.#ledgers.reduce((sum, { acknowledgedRecords }) => sum + acknowledgedRecords, 0);
  }
}
