import type { CatalogStore } from './store.js';

/** Kafka's block size; what is left of a block when the process ends is never used. */
export const producerIdBlockSize = 1_000;

/** Where the next block begins is kept in the store. */
export type ProducerIdStore = Pick<CatalogStore, 'nextProducerId' | 'putNextProducerId'>;

/**
 * Hands out producer ids; none twice, not even after a kill: a block is durable before its first id
 * leaves.
 */
export class ProducerIds {
  readonly #store: ProducerIdStore;
  #next: number;
  #blockEnd: number;
  #extension: Promise<void> | null = null;

  constructor(store: ProducerIdStore) {
    this.#store = store;
    this.#next = store.nextProducerId();
    this.#blockEnd = this.#next;
  }

  /** Rejects while the store cannot be written. */
  async next(): Promise<number> {
    while (this.#next >= this.#blockEnd) {
      this.#extension ??= this.#extend().finally(() => {
        this.#extension = null;
      });
      await this.#extension;
    }
    return this.#next++;
  }

  async #extend(): Promise<void> {
    const end = this.#blockEnd + producerIdBlockSize;
    await this.#store.putNextProducerId(end);
    this.#blockEnd = end;
  }
}
