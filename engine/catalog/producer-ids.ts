import type { CatalogStore } from './store.js';

/** Kafka's block size; what is left of a block when the process ends is never used. */
export const producerIdBlockSize = 1_000;

/** Producer ids that nobody else hands out: from `first` on, below `end`. */
export interface ProducerIdBlock {
  readonly first: number;
  readonly end: number;
}

/**
 * Hands out producer ids; none twice, not even after a kill: a block is durably claimed before its first id
 * leaves.
 */
export class ProducerIds {
  readonly #claim: () => Promise<ProducerIdBlock>;
  #next = 0;
  #end = 0;
  #extension: Promise<void> | null = null;

  constructor(claim: () => Promise<ProducerIdBlock>) {
    this.#claim = claim;
  }

  /** Rejects while no block can be claimed. */
  async next(): Promise<number> {
    while (this.#next >= this.#end) {
      this.#extension ??= this.#extend().finally(() => {
        this.#extension = null;
      });
      await this.#extension;
    }
    return this.#next++;
  }

  async #extend(): Promise<void> {
    const { first, end } = await this.#claim();
    this.#next = first;
    this.#end = end;
  }
}

/** Claims the blocks of one store, one behind the other. */
export function blocksOf(store: ProducerIdStore): () => Promise<ProducerIdBlock> {
  return async () => {
    const first = store.nextProducerId();
    const end = first + producerIdBlockSize;
    await store.putNextProducerId(end);
    return { first, end };
  };
}

/** Where the next block begins is kept in the store. */
export type ProducerIdStore = Pick<CatalogStore, 'nextProducerId' | 'putNextProducerId'>;
