import type { Logger } from 'pino';
import type { PulsarOrigin } from '../../../workers/ring/control.js';
import { offsetsTopic } from '../topic-name.js';
import { prepareSnapshotTopic } from './snapshot-topic.js';
import { isForbidden, type TopicAdmin } from './topic-admin.js';

/** Where KoP's coordinator of transactions keeps its state. */
const kopTransactionState = '__transaction_state';

/** The namespace of Kafka's own topics, and what KoP left in it. */
export class MetadataNamespace {
  readonly name: string;
  readonly #admin: TopicAdmin;
  readonly #log: Logger;
  readonly #producerIdExpirationMs: number;
  #hasKopTransactions = false;

  constructor(name: string, producerIdExpirationMs: number, admin: TopicAdmin, log: Logger) {
    this.#producerIdExpirationMs = producerIdExpirationMs;
    this.name = name;
    this.#admin = admin;
    this.#log = log;
  }

  /** Rejects with AdminError. */
  async prepare(): Promise<void> {
    await this.#keepForEver();
    const state = await this.#admin.read(`persistent://${this.name}/${kopTransactionState}`);
    this.#hasKopTransactions = state !== null;
  }

  /** Looked for only where KoP's coordinator of transactions ever was: it takes a reading of the whole topic. */
  transactionsIn(kafkaName: string): PulsarOrigin['transactions'] {
    if (!this.#hasKopTransactions) return 'none';
    return kafkaName === offsetsTopic ? 'read-with-commits' : 'read';
  }

  /** What a namespace says by default would lose committed offsets. */
  async #keepForEver(): Promise<void> {
    const { name: namespace } = this;
    try {
      await this.#admin.ensureNamespace(namespace);
      await this.#admin.keepForEver(namespace);
      await prepareSnapshotTopic(this.#admin, namespace, this.#producerIdExpirationMs);
    } catch (error) {
      if (!isForbidden(error)) throw error;
      this.#log.warn(
        { err: error, namespace },
        'no right to keep a namespace for ever; see `kopje check`',
      );
    }
  }
}
