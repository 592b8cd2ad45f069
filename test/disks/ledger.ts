/** What a producer was told of its records, held against what readers find. */
import type { RawClient } from '../raw-client.js';
import { newProducerId, produceOnce, readAll } from './asking.js';

const nothingKnown = -1;

/** The one producer of a partition: idempotent, one record after the other. */
export class Ledger {
  readonly topic: string;
  readonly partition: number;
  readonly #acknowledged: string[] = [];
  readonly #refused = new Set<string>();
  #producerId = nothingKnown;
  #sequence = 0;
  #next = 0;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  get acknowledged(): number {
    return this.#acknowledged.length;
  }

  get refused(): number {
    return this.#refused.size;
  }

  /** Gets its producer id; to be called while there is room. */
  async begin(client: RawClient): Promise<void> {
    const { id, errorCode } = await newProducerId(client);
    if (errorCode !== 0) throw new Error(`InitProducerId: ${errorCode}`);
    this.#producerId = id;
  }

  /** Writes a record of about this size; a refused one is given up, and its sequence taken by the next. */
  async write(client: RawClient, sizeBytes = 0): Promise<number> {
    const value = `${this.#next++}:`.padEnd(sizeBytes, 'x');
    const errorCode = await this.#produce(client, value);
    if (errorCode === 0) this.#keep(value);
    else this.#refused.add(value);
    return errorCode;
  }

  /** Writes a record, again and again until it is taken: it may have been in the log from the first time on. */
  async insist(client: RawClient, again: (errorCode: number) => Promise<void>): Promise<void> {
    const value = `${this.#next++}:`;
    for (;;) {
      const errorCode = await this.#produce(client, value);
      if (errorCode === 0) break;
      await again(errorCode);
    }
    this.#keep(value);
  }

  /** What is wrong with what readers find; empty if every acknowledged record is there once, in order, and no other. */
  async faults(client: RawClient): Promise<string[]> {
    const { errorCode, values } = await readAll(client, this.topic, this.partition);
    const where = `${this.topic}-${this.partition}`;
    const faults = errorCode === 0 ? [] : [`${where}: fetch answered ${errorCode}`];
    for (const value of values) {
      if (this.#refused.has(value)) faults.push(`${where}: refused record ${head(value)} appears`);
    }
    const wrong = this.#acknowledged.findIndex((value, index) => values[index] !== value);
    if (wrong !== -1) faults.push(`${where}: record ${wrong} is not what was acknowledged`);
    if (values.length !== this.#acknowledged.length) {
      faults.push(`${where}: ${this.#acknowledged.length} acknowledged, ${values.length} found`);
    }
    return faults;
  }

  #produce(client: RawClient, value: string): Promise<number> {
    const producer = { producerId: this.#producerId, baseSequence: this.#sequence };
    return produceOnce(client, this, producer, value);
  }

  #keep(value: string): void {
    this.#acknowledged.push(value);
    this.#sequence++;
  }
}

function head(value: string): string {
  return value.slice(0, value.indexOf(':'));
}
