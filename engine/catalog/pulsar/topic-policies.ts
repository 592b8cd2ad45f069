import type { Logger } from 'pino';
import type { LogConfig } from '../../../workers/ring/control.js';
import { isInternalTopic } from '../topic-name.js';
import type { TopicAdmin } from './topic-admin.js';
import type { TopicNamePair } from './topic-names.js';
import { retentionOf } from './topic-properties.js';

/** Carries what Kafka's configs say to Pulsar's policies. */
export class TopicPolicies {
  readonly #admin: TopicAdmin;
  readonly #log: Logger;

  constructor(admin: TopicAdmin, log: Logger) {
    this.#admin = admin;
    this.#log = log;
  }

  /**
   * Without a retention of its own a topic has that of its namespace, which keeps nothing by default. Where Pulsar
   * refuses, the log says so.
   */
  async carry({ kafkaName, pulsarTopic }: TopicNamePair, config: LogConfig): Promise<void> {
    // Their namespace keeps all for ever.
    if (isInternalTopic(kafkaName)) return;
    const wanted = retentionOf(config);
    try {
      const retention = await this.#admin.setRetention(pulsarTopic, wanted);
      if (retention !== wanted) {
        const fields = { topic: kafkaName, wanted, retention };
        this.#log.warn(fields, 'retention in Pulsar is longer than asked for: a backlog quota is');
      }
      await this.#admin.keepInactive(pulsarTopic);
    } catch (error) {
      this.#log.error(
        { err: error, topic: kafkaName },
        "cannot set a topic's retention in Pulsar: the namespace's holds; see `kopje check`",
      );
    }
  }
}
