import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import { Connection, Disconnected } from '../crash/connection.js';
import { Findings } from '../crash/findings.js';
import { Committer } from '../crash/load/committer.js';
import { keepStepping, type Load } from '../crash/load/load.js';
import type { LedgerRules, TopicLedger } from '../crash/load/topic-ledger.js';
import { Random } from '../crash/random.js';
import { createTopicsExchange, deleteTopicsExchange } from '../exchanges.js';
import { drawBlow } from './blow.js';
import type { Cluster } from './cluster.js';
import { Field, type FieldOptions } from './field.js';
import { MemoryWatch } from './memory-watch.js';
import type { NodeProcess } from './node-process.js';

const formats = ['kafka', 'mixed_kafka', 'pulsar'] as const;
const modes = ['shared', 'exclusive'] as const;
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
  /** Those of them that Pulsar's own producers wrote. */
  readonly pulsarRecords: number;
  readonly commits: number;
  /** From the end of the mending until a node serves all partitions. */
  readonly worstServiceMs: number;
  readonly worstResidentBytes: number;
}

/** Load, bad weather, mending, check, again and again, over one cluster. */
export class Cycles {
  readonly #cluster: Cluster;
  readonly #report: (line: string) => void;
  readonly #random: Random;
  readonly #findings = new Findings();
  readonly #committers: readonly Committer[];
  readonly #memory: MemoryWatch;
  /** From the first cycle to the last. */
  readonly #lasting: readonly Field[];
  /** Of this cycle and the one before. */
  #fields: Field[] = [];
  #old: Field[] = [];
  #acknowledged = 0;
  #fromPulsar = 0;
  #worstServiceMs = 0;

  constructor(cluster: Cluster, seed: number, report: (line: string) => void) {
    this.#cluster = cluster;
    this.#report = report;
    this.#random = new Random(seed);
    this.#committers = ['first', 'second'].map(
      (group) => new Committer(`group-${group}`, committedTopic, this.#findings, patienceMs),
    );
    this.#lasting = modes.map((writers) =>
      this.#field({
        topic: `weather-lasting-${writers}`,
        format: writers === 'shared' ? 'pulsar' : 'kafka',
        writers,
        isSlow: true,
      }),
    );
    this.#memory = new MemoryWatch(() => cluster.residentBytes);
  }

  /** Ends early at the first cycle that finds something. */
  async run(cycles: number): Promise<CyclesOutcome> {
    let done = 0;
    try {
      for (; done < cycles && this.#findings.texts.length === 0; done++) await this.#cycle(done);
    } catch (error) {
      if (!(error instanceof Disconnected)) throw error;
      this.#findings.add(`the node that serves was not to go away: ${error.message}`);
    } finally {
      this.#memory.close();
      await Promise.all([...this.#fields, ...this.#lasting].map((field) => field.close()));
    }
    for (const text of this.#memory.findings) this.#findings.add(text);
    const kept = [...this.#fields, ...this.#lasting].map(({ ledger }) => ledger);
    return {
      findings: this.#findings.texts,
      cycles: done,
      acknowledgedRecords: this.#acknowledged + sumOf(kept, 'acknowledgedRecords'),
      pulsarRecords: this.#fromPulsar + sumOf(kept, 'promisedRecords'),
      commits: this.#committers.reduce((sum, { commits }) => sum + commits, 0),
      worstServiceMs: Math.round(this.#worstServiceMs),
      worstResidentBytes: this.#memory.worstBytes,
    };
  }

  async #cycle(number: number): Promise<void> {
    const beganMs = performance.now();
    const blow = drawBlow(this.#random, number);
    this.#addFields(number);
    const owner = await this.#served((node) => this.#prepare(node, number));
    await this.#underLoad(owner, async () => blow.strike(this.#cluster, owner));
    const struckMs = performance.now();
    await this.#cluster.mend();
    const mendedMs = performance.now();
    await this.#cluster.serving();
    const servedMs = performance.now();
    this.#worstServiceMs = Math.max(this.#worstServiceMs, servedMs - mendedMs);
    const next = await this.#served((node) => this.#check(node));
    this.#memory.next();
    const records = sumOf(
      this.#fieldsOfCycle.map(({ ledger }) => ledger),
      'acknowledgedRecords',
    );
    const who = next === owner ? 'the same node goes on' : 'another node has taken over';
    const steps = [beganMs, struckMs, mendedMs, servedMs, performance.now()].map(
      (ms) => ms / 1_000,
    );
    const [load, mending, service, check] = steps
      .slice(1)
      .map((end, at) => (end - (steps[at] ?? 0)).toFixed(1));
    this.#report(
      `cycle ${number}, ${((performance.now() - beganMs) / 1_000).toFixed(1)} s: ${blow.name}; ${records} records acknowledged; ${who}; ` +
        `load ${load} s, mending ${mending} s, until served ${service} s, check ${check} s`,
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
    const fields = [...this.#lasting, ...this.#fields];
    for (const { ledger } of fields) await ledger.check(connection);
    for (const committer of this.#committers) await committer.check(connection);
    connection.close();
  }

  get #loads(): readonly Load[] {
    const fields = [...this.#lasting, ...this.#fieldsOfCycle];
    return [...fields.flatMap(({ loads }) => loads), ...this.#committers];
  }

  get #fieldsOfCycle(): readonly Field[] {
    return this.#fields.slice(-formats.length);
  }

  /** Makes the topics of a cycle, and deletes those of the one before the last. */
  async #prepare(node: NodeProcess, number: number): Promise<void> {
    const connection = await Connection.open(node.port, this.#findings);
    const made = number === 0 ? [...this.#lasting, ...this.#fieldsOfCycle] : this.#fieldsOfCycle;
    const committed = { name: committedTopic, numPartitions: 1, replicationFactor: 1, configs: [] };
    const topics = made.map(({ wanted }) => wanted);
    const request = { topics: number === 0 ? [committed, ...topics] : topics, timeoutMs };
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
    const made = formats.map((format, at) => {
      // Two cycles have each format in both modes.
      const writers = modes[(number + at) % modes.length] as (typeof modes)[number];
      const topic = `weather-${number}-${format}-${writers}`;
      return this.#field({ topic, format, writers, isSlow: false });
    });
    this.#fields.push(...made);
    this.#old = this.#fields.splice(0, Math.max(0, this.#fields.length - 2 * formats.length));
    const ledgers = this.#old.map(({ ledger }) => ledger);
    this.#acknowledged += sumOf(ledgers, 'acknowledgedRecords');
    this.#fromPulsar += sumOf(ledgers, 'promisedRecords');
  }

  #field(options: Omit<FieldOptions, 'rules'>): Field {
    return new Field({ ...options, rules }, this.#cluster, this.#random.fork(), this.#findings);
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
}

function sumOf(
  ledgers: readonly TopicLedger[],
  name: 'acknowledgedRecords' | 'promisedRecords',
): number {
  return ledgers.reduce((sum, ledger) => sum + ledger[name], 0);
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
