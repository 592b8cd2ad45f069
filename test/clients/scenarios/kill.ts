/**
 * Kill -9 in the middle of a load of idempotent producers, twenty times in a row on one data
 * directory: every acknowledged record is there once, at the offset it was acknowledged with, and
 * in order. The producers live through all of it.
 */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Runner } from '../admin.js';
import { type Broker, type BrokerOptions, startKopje } from '../broker.js';
import { Program } from '../process.js';
import { until } from './scenario.js';

const kills = 20;
const partitions = 4;
const topic = 'killed';
/** Acknowledgements to wait for after each start, so that each kill hits a load in full flow. */
const acksBeforeKill = 500;
const longestDelayMs = 400;
const firstAckTimeoutMs = 60_000;

/** One producer and what was acknowledged to it. */
class LoadedProducer {
  readonly name: string;
  readonly program: Program;
  /** By partition: the offset that each number was acknowledged with. */
  readonly offsets: Map<number, number>[] = Array.from({ length: partitions }, () => new Map());
  acked = 0;
  ended = false;

  constructor(name: string, command: readonly string[], bootstrap: string) {
    this.name = name;
    const spec = { scenario: 'load', bootstrap, topic, partitions, name };
    this.program = new Program(name, command, spec, ({ acked = [] }) => {
      for (const [partition, number, offset] of acked) {
        this.offsets[partition]?.set(number, offset);
      }
      this.acked += acked.length;
    });
    void this.program.ended.then(() => {
      this.ended = true;
    });
  }
}

/** Compares every record of the topic with what was acknowledged. */
class Audit {
  readonly #producers: Map<string, LoadedProducer>;
  readonly #nextOffset = new Array<number>(partitions).fill(0);
  readonly #nextNumber = new Map<string, number>();
  readonly wrong: string[] = [];
  found = 0;

  constructor(producers: readonly LoadedProducer[]) {
    this.#producers = new Map(producers.map((producer) => [producer.name, producer]));
  }

  record(partition: number, offset: number, name: string, number: number): void {
    this.found++;
    const where = `partition ${partition} offset ${offset}: number ${number} of ${name}`;
    if (offset !== this.#nextOffset[partition]) {
      this.#miss(`${where} comes where offset ${this.#nextOffset[partition]} is expected`);
    }
    this.#nextOffset[partition] = offset + 1;
    const stream = `${name} ${partition}`;
    const next = this.#nextNumber.get(stream) ?? 0;
    if (number !== next) this.#miss(`${where} comes where number ${next} is expected`);
    this.#nextNumber.set(stream, number + 1);
    const acked = this.#producers.get(name)?.offsets[partition]?.get(number);
    if (acked !== offset) this.#miss(`${where} was acknowledged with offset ${acked}`);
  }

  #miss(what: string): void {
    if (this.wrong.length < 10) this.wrong.push(what);
  }
}

async function audit(
  command: readonly string[],
  bootstrap: string,
  producers: readonly LoadedProducer[],
): Promise<void> {
  const spec = JSON.stringify({ scenario: 'audit', bootstrap, topic, partitions });
  const [file = '', ...args] = command;
  const child = spawn(file, [...args, spec], { stdio: ['ignore', 'pipe', 'inherit'] });
  const result = new Audit(producers);
  for await (const line of createInterface({ input: child.stdout })) {
    const { records } = JSON.parse(line) as { records: [number, number, string, number][] };
    for (const record of records) result.record(...record);
  }
  const acked = producers.reduce((sum, producer) => sum + producer.acked, 0);
  if (result.wrong.length > 0) throw new Error(result.wrong.join('\n'));
  if (acked !== result.found) throw new Error(`${acked} acknowledged, ${result.found} found`);
}

export interface KillOptions {
  broker: BrokerOptions;
  /** Name and command of each load. */
  loads: readonly { name: string; command: readonly string[] }[];
  /** The program that prints every record. */
  auditor: readonly string[];
  /** Told how the kills go. */
  note(text: string): void;
}

/** Runs the load, the kills and the audit. */
export async function killTwentyTimes({
  broker,
  loads,
  auditor,
  note,
}: KillOptions): Promise<void> {
  let running = await startKopje(broker);
  const runner = new Runner(running.bootstrap);
  await runner.connect();
  await runner.createTopic(topic, partitions);
  await runner.close();
  const producers = loads.map(
    ({ name, command }) => new LoadedProducer(name, command, running.bootstrap),
  );
  try {
    const startsMs: number[] = [];
    for (let turn = 1; turn <= kills; turn++) {
      await flowing(producers, `kill ${turn}`);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * longestDelayMs));
      await running.kill();
      running = await startKopje(broker);
      startsMs.push(running.startMs);
    }
    note(`${kills} restarts in ${Math.min(...startsMs)} to ${Math.max(...startsMs)} ms each`);
    await flowing(producers, 'the last restart');
    await Promise.all(producers.map((producer) => producer.program.stop(90_000)));
    await audit(auditor, running.bootstrap, producers);
    note(`${producers.map(({ name, acked }) => `${acked} of ${name}`).join(', ')} acknowledged`);
  } finally {
    await end(running, producers);
  }
}

async function end(running: Broker, producers: readonly LoadedProducer[]): Promise<void> {
  await Promise.all(producers.map((producer) => producer.program.kill()));
  await running.stop();
}

/** Waits until each producer has had enough acknowledgements since now. */
async function flowing(producers: readonly LoadedProducer[], when: string): Promise<void> {
  const wanted = new Map(producers.map((producer) => [producer, producer.acked + acksBeforeKill]));
  await until(
    () => {
      const dead = producers.find((producer) => producer.ended);
      if (dead !== undefined) {
        throw new Error(`${dead.name} ended before ${when}\n${dead.program.errors}`);
      }
      return producers.every((producer) => producer.acked >= (wanted.get(producer) ?? 0));
    },
    () => {
      const state = producers.map(
        (p) => `${p.name} has ${p.acked} (${p.program.errors.slice(-300)})`,
      );
      return `acknowledgements before ${when}: ${state.join(', ')}`;
    },
    firstAckTimeoutMs,
  );
}
