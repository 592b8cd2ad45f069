/** A well-behaved client beside hostile ones: it produces and fetches all the time, and counts what it finds. */
import type { RawClient } from '../raw-client.js';
import { batchOf, createTopic, fetch, produce, valuesIn } from '../whole/records.js';
import type { Ending, WatchedBroker } from './watched-broker.js';

export interface Seen {
  readonly rounds: number;
  /** Longest that a round of one Produce and one Fetch took. */
  readonly worstMs: number;
}

export class Neighbour {
  readonly #client: RawClient;
  readonly #topic: string;
  #stopping = false;
  #rounds = 0;
  #worstMs = 0;
  readonly #running: Promise<void>;

  private constructor(client: RawClient, topic: string) {
    this.#client = client;
    this.#topic = topic;
    this.#running = this.#run();
    // Told by `stop`; until then nobody waits for it.
    this.#running.catch(() => {});
  }

  static async start(t: Ending, broker: WatchedBroker, topic = 'neighbour'): Promise<Neighbour> {
    const client = await broker.connect(t);
    await createTopic(client, topic, 1);
    return new Neighbour(client, topic);
  }

  /** Ends it; rejects if it lost a record, found one twice or was refused anything. */
  async stop(): Promise<Seen> {
    this.#stopping = true;
    await this.#running;
    await this.#readAll();
    this.#client.close();
    return { rounds: this.#rounds, worstMs: this.#worstMs };
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const started = performance.now();
      // Large enough to land in a region as produce requests do.
      const value = `${this.#rounds} `.padEnd(10_000, 'x');
      const { errorCode, baseOffset } = await produce(this.#client, this.#topic, 0, batchOf(value));
      if (errorCode !== 0) throw new Error(`the neighbour's Produce got error ${errorCode}`);
      if (baseOffset !== this.#rounds) throw new Error(`offset ${baseOffset} for ${this.#rounds}`);
      await this.#expect(this.#rounds, value);
      this.#rounds++;
      this.#worstMs = Math.max(this.#worstMs, performance.now() - started);
    }
  }

  async #expect(offset: number, value: string): Promise<void> {
    const { values } = await this.#read(offset);
    if (values[0] !== value) throw new Error(`offset ${offset} holds ${values[0]?.slice(0, 20)}`);
  }

  async #read(offset: number): Promise<{ values: string[]; nextOffset: number }> {
    const answer = await fetch(this.#client, this.#topic, [{ partition: 0, fetchOffset: offset }]);
    return valuesIn(answer.responses[0]?.partitions[0]?.records);
  }

  async #readAll(): Promise<void> {
    let next = 0;
    while (next < this.#rounds) {
      const { values, nextOffset } = await this.#read(next);
      for (const [at, value] of values.entries()) {
        if (!value.startsWith(`${next + at} `)) throw new Error(`offset ${next + at} is wrong`);
      }
      if (values.length === 0) throw new Error(`the records from ${next} on are gone`);
      next = nextOffset;
    }
    if (next !== this.#rounds) throw new Error(`${next} records where ${this.#rounds} belong`);
  }
}
