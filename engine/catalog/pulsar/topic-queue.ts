import type { Logger } from 'pino';
import { inParallel } from '../in-parallel.js';
import type { TopicNamePair } from './topic-names.js';

/** Topics that are compared with Pulsar at once. */
const inFlightMax = 16;
/**
 * A watch may tell of a change before the metadata has it: a topic in which nothing new was found is looked at again,
 * after these times.
 */
const settleMs = [300, 1_500];
/** Before a topic that could not be looked at is looked at again. */
const retryMs = 2_000;

/** A topic that is to be looked at, and how often that found nothing. */
interface Look {
  readonly pair: TopicNamePair;
  readonly vain: number;
}

/** Topics that may have changed in Pulsar, each looked at once however often it is told. */
export class TopicQueue {
  readonly #look: (pair: TopicNamePair) => Promise<boolean>;
  readonly #log: Logger;
  readonly #dirty = new Map<string, Look>();
  /** What waits for another look, by how long. */
  readonly #later = new Map<number, Map<string, Look>>();
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
    return this.#add(Array.from(pairs, (pair) => ({ pair, vain: 0 })));
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#dirty.clear();
    return this.#running ?? Promise.resolve();
  }

  async #add(looks: Iterable<Look>): Promise<void> {
    for (const look of looks) {
      const { kafkaName } = look.pair;
      // What was told of it anew counts from the beginning.
      const { vain = look.vain } = this.#dirty.get(kafkaName) ?? {};
      this.#dirty.set(kafkaName, { ...look, vain: Math.min(vain, look.vain) });
    }
    // Another caller may have taken these with its own: then they are under way.
    while ((this.#dirty.size > 0 || this.#running !== null) && !this.#closed) {
      this.#running ??= this.#lookAtAll().finally(() => {
        this.#running = null;
      });
      await this.#running;
    }
  }

  async #lookAtAll(): Promise<void> {
    const looks = [...this.#dirty.values()];
    this.#dirty.clear();
    const failures: { topic: string; err: unknown }[] = [];
    await inParallel(looks, inFlightMax, async ({ pair, vain }) => {
      if (this.#closed) return;
      try {
        const isChanged = await this.#look(pair);
        const waitMs = settleMs[vain];
        if (!isChanged && waitMs !== undefined) this.#lookLater({ pair, vain: vain + 1 }, waitMs);
      } catch (error) {
        failures.push({ topic: pair.kafkaName, err: error });
        this.#lookLater({ pair, vain }, retryMs);
      }
    });
    // One line for all: a cluster that is gone takes every topic with it.
    const [first] = failures;
    if (first === undefined) return;
    const text = 'cannot compare topics with Pulsar; tried again';
    this.#log.warn({ ...first, topics: failures.length }, text);
  }

  #lookLater(look: Look, waitMs: number): void {
    if (this.#closed) return;
    const waiting = this.#later.get(waitMs) ?? new Map<string, Look>();
    this.#later.set(waitMs, waiting.set(look.pair.kafkaName, look));
    if (this.#timers.has(waitMs)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(waitMs);
      this.#later.delete(waitMs);
      void this.#add(waiting.values());
    }, waitMs);
    this.#timers.set(waitMs, timer);
  }
}
