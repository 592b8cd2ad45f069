import type { Logger } from 'pino';
import { inParallel } from '../in-parallel.js';
import type { TopicNamePair } from './topic-names.js';

/** Topics that are compared with Pulsar at once. */
const inFlightMax = 16;
/**
 * A watch may tell of a change before the metadata has it: a topic in which nothing new was found is looked at once
 * more, after this time.
 */
const settleMs = 300;
/** Before a topic that could not be looked at is looked at again. */
const retryMs = 2_000;

type Timers = Map<number, Map<string, TopicNamePair>>;

/** Topics that may have changed in Pulsar, each looked at once however often it is told. */
export class TopicQueue {
  readonly #look: (pair: TopicNamePair) => Promise<boolean>;
  readonly #log: Logger;
  readonly #dirty = new Map<string, TopicNamePair>();
  /** What waits for a second look, by how long. */
  readonly #later: Timers = new Map();
  readonly #timers = new Map<number, NodeJS.Timeout>();
  #running: Promise<void> | null = null;
  #closed = false;

  /** `look` brings the catalog in line with Pulsar, and returns whether it had to change anything. */
  constructor(look: (pair: TopicNamePair) => Promise<boolean>, log: Logger) {
    this.#look = look;
    this.#log = log;
  }

  /** Resolves when all that was told so far has been looked at. */
  add(pairs: Iterable<TopicNamePair>): Promise<void> {
    return this.#add(pairs, false);
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#dirty.clear();
    return this.#running ?? Promise.resolve();
  }

  async #add(pairs: Iterable<TopicNamePair>, isSecondLook: boolean): Promise<void> {
    for (const pair of pairs) this.#dirty.set(pair.kafkaName, pair);
    // Another caller may have taken these with its own: then they are under way.
    while ((this.#dirty.size > 0 || this.#running !== null) && !this.#closed) {
      this.#running ??= this.#lookAtAll(isSecondLook).finally(() => {
        this.#running = null;
      });
      await this.#running;
    }
  }

  async #lookAtAll(isSecondLook: boolean): Promise<void> {
    const pairs = [...this.#dirty.values()];
    this.#dirty.clear();
    const failures: { topic: string; err: unknown }[] = [];
    await inParallel(pairs, inFlightMax, async (pair) => {
      if (this.#closed) return;
      try {
        const isChanged = await this.#look(pair);
        if (!isChanged && !isSecondLook) this.#lookLater(pair, settleMs);
      } catch (error) {
        failures.push({ topic: pair.kafkaName, err: error });
        this.#lookLater(pair, retryMs);
      }
    });
    // One line for all: a cluster that is gone takes every topic with it.
    const [first] = failures;
    if (first === undefined) return;
    const text = 'cannot compare topics with Pulsar; tried again';
    this.#log.warn({ ...first, topics: failures.length }, text);
  }

  #lookLater(pair: TopicNamePair, waitMs: number): void {
    if (this.#closed) return;
    const waiting = this.#later.get(waitMs) ?? new Map<string, TopicNamePair>();
    this.#later.set(waitMs, waiting.set(pair.kafkaName, pair));
    if (this.#timers.has(waitMs)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(waitMs);
      this.#later.delete(waitMs);
      void this.#add(waiting.values(), true);
    }, waitMs);
    this.#timers.set(waitMs, timer);
  }
}
