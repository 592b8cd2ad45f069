import type { Logger } from 'pino';
import { AdminError } from '../../../workers/log/pulsar/admin-http.js';
import type { LogConfig } from '../../../workers/ring/control.js';
import { isInternalTopic } from '../topic-name.js';
import type { RetentionPolicy, StoredTopic, TopicAdmin } from './topic-admin.js';
import type { TopicNamePair } from './topic-names.js';
import { retentionOf, withRetention } from './topic-properties.js';

/** A policy goes through a topic of Pulsar's own: what was set is not read again before. */
const settleMs = 30_000;
/** What Pulsar was told where that is not what Kafka's configs say. */
const toldProperty = 'kopje.retention';

/** Carries what Kafka's configs say to Pulsar's policies, and back what was set there. */
export class TopicPolicies {
  readonly #admin: TopicAdmin;
  readonly #log: Logger;
  /** When topics were told, oldest first. */
  readonly #toldAtMs = new Map<string, number>();

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
    this.#tells(pulsarTopic);
    try {
      const retention = await this.#admin.setRetention(pulsarTopic, wanted);
      if (retention !== wanted) {
        const fields = { topic: kafkaName, wanted, retention };
        this.#log.warn(fields, 'retention in Pulsar is longer than asked for: a backlog quota is');
        await this.#admin.setProperties(pulsarTopic, { [toldProperty]: textOf(retention) });
      }
      await this.#admin.keepInactive(pulsarTopic);
    } catch (error) {
      this.#log.error(
        { err: error, topic: kafkaName },
        "cannot set a topic's retention in Pulsar: the namespace's holds; see `kopje check`",
      );
    }
  }

  /** A topic with the retention that somebody else has set in Pulsar, as if it were Kafka's configs. */
  async adopt(
    { kafkaName, pulsarTopic }: TopicNamePair,
    stored: StoredTopic,
    config: LogConfig,
  ): Promise<StoredTopic> {
    if (isInternalTopic(kafkaName) || this.#wasToldLately(pulsarTopic)) return stored;
    const policy = await this.#read(pulsarTopic);
    if (policy === null) return stored;
    const text = textOf(policy);
    const isOurs = text === textOf(retentionOf(config)) || text === stored.properties[toldProperty];
    return isOurs ? stored : { ...stored, properties: withRetention(stored.properties, policy) };
  }

  async #read(pulsarTopic: string): Promise<RetentionPolicy | null> {
    try {
      return await this.#admin.retention(pulsarTopic);
    } catch (error) {
      // Without the right, or the feature, Kafka's configs are all that is known.
      if (error instanceof AdminError) return null;
      throw error;
    }
  }

  #tells(pulsarTopic: string): void {
    const nowMs = performance.now();
    for (const [topic, ms] of this.#toldAtMs) {
      if (nowMs - ms < settleMs) break;
      this.#toldAtMs.delete(topic);
    }
    this.#toldAtMs.delete(pulsarTopic);
    this.#toldAtMs.set(pulsarTopic, nowMs);
  }

  #wasToldLately(pulsarTopic: string): boolean {
    const toldAtMs = this.#toldAtMs.get(pulsarTopic) ?? Number.NEGATIVE_INFINITY;
    return performance.now() - toldAtMs < settleMs;
  }
}

function textOf({ retentionTimeInMinutes, retentionSizeInMB }: RetentionPolicy): string {
  return `${retentionTimeInMinutes}:${retentionSizeInMB}`;
}
