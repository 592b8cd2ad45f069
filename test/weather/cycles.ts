import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import { Connection, Disconnected } from '../crash/connection.js';
import { Findings } from '../crash/findings.js';
import { Committer } from '../crash/load/committer.js';
import { Consumer } from '../crash/load/consumer.js';
import { keepStepping, type Load } from '../crash/load/load.js';
import { Producer } from '../crash/load/producer.js';
import { type LedgerRules, TopicLedger } from '../crash/load/topic-ledger.js';
import { Random } from '../crash/random.js';
import { createTopicsExchange, deleteTopicsExchange } from '../exchanges.js';
import { drawBlow } from './blow.js';
import type { Cluster } from './cluster.js';
import type { NodeProcess } from './node-process.js';
import { PlainProducer } from './plain-producer.js';

const formats = ['kafka', 'mixed_kafka', 'pulsar'] as const;
const partitions = 2;
const createVersion = 5;
const timeoutMs = 30_000;
const committedTopic = 'committed';
const patienceMs = 90_000;
/** Of a step that the node that serves goes away from. */
const attempts = 5;

const rules: LedgerRules = {
  underway: new Set([
    ErrorCode.LEADER_NOT_AVAILABLE,
    ErrorCode.NOT_LEADER_OR_FOLLOWER,
    ErrorCode.KAFKA_STORAGE_ERROR,
    ErrorCode.REQUEST_TIMED_OUT,
  ]),
  patienceMs,
  mayHaveHoles: true,
};

export interface CyclesOutcome {
  readonly findings: readonly string[];
  readonly cycles: number;
  readonly acknowledgedRecords: number;
  readonly commits: number;
  /** From the end of the mending until a node serves all partitions. */
  readonly worstServiceMs: number;
  readonly worstResidentBytes: number;
}

/** One topic of a cycle with all who write and read it. */
interface Field {
  readonly ledger: TopicLedger;
  readonly loads: readonly (Producer | PlainProducer | Consumer)[];
}

/** Load, bad weather, mending, check, again and again, over one cluster. */
export class Cycles {
  readonly #cluster: Cluster;
  readonly #report: (line: string) => void;
  readonly #random: Random;
  readonly #findings = new Findings();
  readonly #committers: readonly Committer[];
  /** Of this cycle and the one before. */
  #fields: Field[] = [];
  #old: Field[] = [];
  #acknowledged = 0;
  #worstServiceMs = 0;
  #worstResidentBytes = 0;

  constructor(cluster: Cluster, seed: number, report: (line: string) => void) {
    this.#cluster = cluster;
    this.#report = report;
    this.#random = new Random(seed);
    this.#committers = ['first', 'second'].map(
      (group) => new Committer(`group-${group}`, committedTopic, this.#findings, patienceMs),
    );
  }

  /** Ends early at the first cycle that finds something. */
  async run(cycles: number): Promise<CyclesOutcome> {
    let done = 0;
    try {
      for (; done < cycles && this.#findings.texts.length === 0; done++) await this.#cycle(done);
    } catch (error) {
      if (!(error instanceof Disconnected)) throw error;
      this.#findings.add(`the node that serves was not to go away: ${error.message}`);
    }
    return {
      findings: this.#findings.texts,
      cycles: done,
      acknowledgedRecords: this.#acknowledged + this.#inFields(),
      commits: this.#committers.reduce((sum, { commits }) => sum + commits, 0),
      worstServiceMs: Math.round(this.#worstServiceMs),
      worstResidentBytes: this.#worstResidentBytes,
    };
  }

  async #cycle(number: number): Promise<void> {
    const blow = drawBlow(this.#random, number);
    this.#addFields(number);
    const owner = await this.#served((node) => this.#prepare(node, number));
    const before = this.#inFields();
    await this.#underLoad(owner, async () => blow.strike(this.#cluster, owner));
    this.#worstResidentBytes = Math.max(this.#worstResidentBytes, this.#cluster.residentBytes);
    await this.#cluster.mend();
    const mendedMs = performance.now();
    await this.#cluster.serving();
    const serviceMs = performance.now() - mendedMs;
    this.#worstServiceMs = Math.max(this.#worstServiceMs, serviceMs);
    const next = await this.#served((node) => this.#check(node));
    const records = this.#inFields() - before;
    const who = next === owner ? 'the same node goes on' : 'another node has taken over';
    const timing = `${Math.round(serviceMs)} ms`;
    this.#report(
      `cycle ${number}: ${blow.name}; ${records} records acknowledged; ${who}, ${timing}`,
    );
  }

  /** Does a step at the node that serves; returns that. A busy Pulsar may let a lease run out now and then. */
  async #served(step: (node: NodeProcess) => Promise<void>): Promise<NodeProcess> {
    for (let left = attempts; ; left--) {
      const node = await this.#cluster.serving();
      try {
        await step(node);
        return node;
      } catch (error) {
        if (!(error instanceof Disconnected) || left === 0) throw error;
      }
    }
  }

  async #check(node: NodeProcess): Promise<void> {
    const connection = await Connection.open(node.port, this.#findings);
    for (const load of this.#loads) {
      await load.settle(connection);
      // What comes next would only find the same, and wait for it.
      if (this.#findings.texts.length > 0) return;
    }
    for (const { ledger } of this.#fields) await ledger.check(connection);
    for (const committer of this.#committers) await committer.check(connection);
    connection.close();
  }

  get #loads(): readonly Load[] {
    return [
      ...this.#fields.slice(-formats.length).flatMap(({ loads }) => loads),
      ...this.#committers,
    ];
  }

  /** Makes the topics of a cycle, and deletes those of the one before the last. */
  async #prepare(node: NodeProcess, number: number): Promise<void> {
    const connection = await Connection.open(node.port, this.#findings);
    const topics = this.#fields.slice(-formats.length).map(({ ledger }, at) => {
      const configs = [{ name: 'entry.format', value: formats[at] as string }];
      return { name: ledger.topic, numPartitions: partitions, replicationFactor: 1, configs };
    });
    const first = { name: committedTopic, numPartitions: 1, replicationFactor: 1 };
    const wanted = number === 0 ? [{ ...first, configs: [] }, ...topics] : topics;
    const request = { topics: wanted, timeoutMs };
    const answer = await connection.ask(createTopicsExchange, request, createVersion);
    for (const { name, errorCode } of answer.topics) {
      // A node that went away before it could answer has made it, perhaps.
      if (errorCode !== 0 && errorCode !== ErrorCode.TOPIC_ALREADY_EXISTS) {
        this.#findings.add(`CreateTopics of ${name}: error ${errorCode}`);
      }
    }
    const topicNames = this.#old.map(({ ledger }) => ledger.topic);
    await connection.ask(deleteTopicsExchange, { topicNames, timeoutMs }, createVersion);
    connection.close();
  }

  /** New topics for the records, so that what is kept and read again stays small. */
  #addFields(number: number): void {
    this.#fields.push(...formats.map((format) => this.#field(number, format)));
    this.#old = this.#fields.splice(0, Math.max(0, this.#fields.length - 2 * formats.length));
    this.#acknowledged += this.#old.reduce((sum, one) => sum + one.ledger.acknowledgedRecords, 0);
  }

  #field(number: number, format: string): Field {
    const ledger = new TopicLedger(
      `weather-${number}-${format}`,
      partitions,
      this.#findings,
      rules,
    );
    const codec = this.#random.pick([0, 1, 3, 4]);
    const loads = [
      new Producer(`once-${number}-${format}`, codec, this.#random.fork(), this.#findings),
      new PlainProducer(`${number}-${format}`, this.#random.fork(), this.#findings),
      new Consumer(),
    ];
    for (const load of loads) load.begin(ledger);
    return { ledger, loads };
  }

  async #underLoad(owner: NodeProcess, strike: () => Promise<void>): Promise<void> {
    let isOver = false;
    const running = this.#loads.map(async (load) => {
      const connection = await opened(owner, this.#findings);
      if (connection === null) return;
      await keepStepping(load, connection, () => isOver);
      connection.close();
    });
    await Promise.all([
      ...running,
      strike().finally(() => {
        isOver = true;
      }),
    ]);
  }

  #inFields(): number {
    return this.#fields.reduce((sum, { ledger }) => sum + ledger.acknowledgedRecords, 0);
  }
}

/** Null where the node has gone away already. */
async function opened(node: NodeProcess, findings: Findings): Promise<Connection | null> {
  try {
    return await Connection.open(node.port, findings);
  } catch (error) {
    if (!(error instanceof Disconnected)) throw error;
    return null;
  }
}
