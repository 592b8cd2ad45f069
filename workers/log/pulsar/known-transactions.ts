import type { OpenedTopic } from './opened-topic.js';
import { storeTransactions } from './transaction-scan.js';
import type { Transactions } from './transactions.js';

/** Offsets after which it is stored that no transaction is in them: the most that an opening looks at again. */
const storeEvery = 1_000_000;

/** The transactions that KoP left in a topic, which a later opening need not look for again. */
export class KnownTransactions {
  found: Transactions;
  readonly #topic: OpenedTopic;
  /** Where a later opening begins to look, once it is stored again. */
  #storeAt: number;

  constructor(topic: OpenedTopic) {
    this.#topic = topic;
    this.found = topic.transactionsFound;
    this.#storeAt = topic.endOffset + storeEvery;
  }

  /** Whatever is written here is none: the next opening need not look at it again. */
  async keep(stableEndOffset: number): Promise<void> {
    const { topic, tools, transactions, report } = this.#topic;
    if (transactions !== 'read' || stableEndOffset < this.#storeAt) return;
    this.#storeAt = stableEndOffset + storeEvery;
    try {
      await storeTransactions(tools.admin, topic, this.found, stableEndOffset);
    } catch (error) {
      const message = 'what is known of transactions could not be stored';
      report({ level: 'warn', message, fields: { reason: (error as Error).message } });
    }
  }
}
