import type { Logger } from 'pino';
import { AdminError } from '../../../workers/log/pulsar/admin-http.js';
import type { LogConfig } from '../../../workers/ring/control.js';
import type { TopicOverrides } from '../../config/topic-configs.js';
import type { NewTopic } from '../auto-topic.js';
import type { OverridesChange } from '../catalog.js';
import { CatalogFault, type Topic } from '../topic.js';
import { foreignClientOf } from './foreign-clients.js';
import type { NamespacePolicies } from './namespace-policies.js';
import type { ServedTopics } from './served-topics.js';
import type { TopicAdmin } from './topic-admin.js';
import type { TopicFollower } from './topic-follower.js';
import type { TopicNamePair } from './topic-names.js';
import type { TopicPolicies } from './topic-policies.js';
import { configProperties, configProperty, propertiesOf } from './topic-properties.js';
import type { TopicWriters } from './topic-writers.js';

export interface TopicChangesOptions {
  readonly admin: TopicAdmin;
  readonly namespaces: NamespacePolicies;
  readonly served: ServedTopics;
  readonly follower: TopicFollower;
  readonly policies: TopicPolicies;
  readonly writers: TopicWriters;
  readonly maxPartitions: number;
  readonly log: Logger;
}

/**
 * Changes the cluster for Kafka's clients. Every method throws CatalogFault; its caller has the topic's turn
 * (`TopicTable.inTurn`).
 */
export class TopicChanges {
  readonly #admin: TopicAdmin;
  readonly #namespaces: NamespacePolicies;
  readonly #policies: TopicPolicies;
  readonly #served: ServedTopics;
  readonly #follower: TopicFollower;
  readonly #writers: TopicWriters;
  readonly #maxPartitions: number;
  readonly #log: Logger;

  constructor(options: TopicChangesOptions) {
    const { admin, namespaces, served, follower, policies, writers, maxPartitions, log } = options;
    this.#admin = admin;
    this.#writers = writers;
    this.#namespaces = namespaces;
    this.#policies = policies;
    this.#served = served;
    this.#follower = follower;
    this.#maxPartitions = maxPartitions;
    this.#log = log;
  }

  async create(pair: TopicNamePair, { partitions, overrides }: NewTopic): Promise<Topic> {
    const { kafkaName, pulsarTopic } = pair;
    if (this.#served.table.get(kafkaName)) throw existsAlready(kafkaName);
    this.#checkRoom(partitions);
    const id = this.#served.table.unusedId();
    const { entryFormat } = this.#served.configOf(pair, overrides);
    const properties = {
      ...propertiesOf(id, overrides),
      ...this.#writers.propertiesOf(entryFormat),
    };
    const stored = { partitions, properties };
    await this.#change(async () => {
      await this.#admin.createPartitioned(pulsarTopic, stored).catch((error: unknown) => {
        const isThere = error instanceof AdminError && error.status === 409;
        if (!isThere) throw error;
        this.#follower.lookAt(pair);
        throw existsAlready(kafkaName);
      });
    });
    await this.#policies.carry(pair, this.#served.configOf(pair, overrides));
    return this.#served.open(pair, stored, id);
  }

  async remove(name: string): Promise<void> {
    const topic = this.#served.table.existing(name);
    const { pair, isPartitioned } = this.#served.originOf(topic);
    // First: a writer that comes back to a topic that is gone may make Pulsar make it again.
    await this.#served.close(topic);
    try {
      await this.#change(() => this.#admin.remove(pair.pulsarTopic, isPartitioned));
    } catch (error) {
      // With partitions that are open again, if the topic is still there.
      this.#served.table.remove(topic);
      this.#follower.lookAt(pair);
      throw error;
    }
    this.#served.forget(topic);
  }

  async grow(name: string, count: number): Promise<Topic> {
    const topic = this.#served.table.existing(name);
    const { pair, isPartitioned } = this.#served.originOf(topic);
    if (count <= topic.partitions.length) return topic;
    this.#checkRoom(count - topic.partitions.length);
    if (!isPartitioned) {
      const message = `Topic '${name}' is not partitioned in Pulsar: it stays one partition.`;
      throw new CatalogFault('too-many-partitions', message);
    }
    await this.#change(() => this.#admin.grow(pair.pulsarTopic, count));
    return this.#served.openMore(topic, count);
  }

  async override(name: string, change: OverridesChange, isForced: boolean): Promise<Topic> {
    const topic = this.#served.table.existing(name);
    const { pair } = this.#served.originOf(topic);
    const overrides = change(topic.overrides);
    if (!isForced) {
      await this.#change(() => this.#mind(topic, this.#served.configOf(pair, overrides)));
    }
    await this.#change(async () => {
      await this.#admin.setProperties(pair.pulsarTopic, configProperties(overrides));
      for (const config of topic.overrides.keys()) {
        if (overrides.has(config)) continue;
        await this.#admin.removeProperty(pair.pulsarTopic, configProperty(config));
      }
    });
    await this.#policies.carry(pair, this.#served.configOf(pair, overrides));
    return this.#served.reconfigure(topic, overrides);
  }

  async setPolicy(namespace: string, change: OverridesChange, isForced: boolean): Promise<void> {
    await this.#change(async () => {
      const policy = change(this.#namespaces.of(namespace));
      if (!isForced) await this.#mindAll(namespace, policy);
      await this.#namespaces.change(namespace, () => policy);
    });
    await this.#served.obeyPolicy(namespace);
  }

  async #mindAll(namespace: string, policy: TopicOverrides): Promise<void> {
    for (const topic of this.#served.table.all()) {
      const { pair } = this.#served.originOf(topic);
      if (pair.namespace !== namespace) continue;
      await this.#mind(topic, this.#served.configOf(pair, topic.overrides, policy));
    }
  }

  /** Refuses what Pulsar's own clients on a topic could not live with. Throws CatalogFault, AdminError. */
  async #mind(topic: Topic, next: LogConfig): Promise<void> {
    const { config, partitions } = topic;
    const isNewFormat = config.entryFormat === 'pulsar' && next.entryFormat !== 'pulsar';
    const isTaken = config.pulsarWriters === 'shared' && next.pulsarWriters === 'exclusive';
    if (!isNewFormat && !isTaken) return;
    const { pair, isPartitioned } = this.#served.originOf(topic);
    const count = isPartitioned ? partitions.length : 0;
    const client = await foreignClientOf(this.#admin, pair.pulsarTopic, count);
    if (client === null) return;
    const reason = isNewFormat
      ? `could not read entries in the format ${next.entryFormat}`
      : 'would be shut out';
    const message = `Topic '${topic.name}': ${client} ${reason}. Say kopje.force=true as well (kopje namespace set --force) to do it all the same.`;
    throw new CatalogFault('clients-attached', message);
  }

  #checkRoom(partitions: number): void {
    let count = partitions;
    for (const topic of this.#served.table.all()) count += topic.partitions.length;
    if (count <= this.#maxPartitions) return;
    const message = `No more than ${this.#maxPartitions} partitions are allowed (maxPartitions).`;
    throw new CatalogFault('too-many-partitions', message);
  }

  async #change(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (error instanceof CatalogFault) throw error;
      this.#log.error({ err: error }, 'cannot change the topics of the Pulsar cluster');
      // More partitions than the broker's maxNumPartitionsPerPartitionedTopic.
      const isTooMany = error instanceof AdminError && error.status === 406;
      const code = isTooMany ? 'too-many-partitions' : 'storage';
      throw new CatalogFault(code, (error as Error).message, { cause: error });
    }
  }
}

function existsAlready(name: string): CatalogFault {
  return new CatalogFault('topic-exists', `Topic '${name}' already exists.`);
}
