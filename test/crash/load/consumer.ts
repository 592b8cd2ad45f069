import type { Connection } from '../connection.js';
import type { Load } from './load.js';
import type { TopicLedger } from './topic-ledger.js';

const maxWaitMs = 5;

/** Reads along, so that it is known what readers have seen: that must not vanish or change either. */
export class Consumer implements Load {
  readonly pauseMs = 10;
  #ledger: TopicLedger | null = null;
  #next: number[] = [];

  /** Goes on in another topic. */
  begin(ledger: TopicLedger): void {
    this.#ledger = ledger;
    this.#next = new Array(ledger.partitions).fill(0);
  }

  async step(connection: Connection): Promise<void> {
    for (const [partition, offset] of this.#next.entries()) {
      const found = await this.#ledger!.fetch(connection, partition, offset, maxWaitMs);
      if (found === null) continue;
      this.#ledger!.see(partition, found.records);
      this.#next[partition] = found.nextOffset;
    }
  }

  async settle(): Promise<void> {}

  /** The ledger looks at what was seen. */
  async check(): Promise<void> {}
}
