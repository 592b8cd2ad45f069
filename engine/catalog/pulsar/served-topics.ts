import type { LogConfig } from '../../../workers/ring/control.js';
import type { Settings } from '../../config/schema.js';
import { effectiveTopicConfig, type TopicOverrides } from '../../config/topic-configs.js';
import type { PartitionRef } from '../../route/partition-port.js';
import { inParallel } from '../in-parallel.js';
import type { Topic } from '../topic.js';
import { isInternalTopic, offsetsTopic } from '../topic-name.js';
import { TopicTable } from '../topic-table.js';
import type { MetadataNamespace } from './metadata-namespace.js';
import type { NamespacePolicies } from './namespace-policies.js';
import type { StoredTopic } from './topic-admin.js';
import type { TopicNamePair } from './topic-names.js';
import type { TopicPartitions } from './topic-partitions.js';
import { overridesOf } from './topic-properties.js';
import type { TopicWriters, Writers } from './topic-writers.js';

/** Topics that are told at once what their namespace says now. */
const policiesInFlightMax = 256;

/** What is known of a topic beside what Kafka's clients are told. */
interface Origin {
  readonly pair: TopicNamePair;
  readonly isPartitioned: boolean;
  /** Where neither the topic nor its namespace says so. */
  readonly writers: Writers;
}

/** A partition as it is served, whatever its topic was called. */
export interface ServedPartition {
  readonly ref: PartitionRef;
  /** `persistent://…`, the partition's own. */
  readonly pulsarTopic: string;
  /** The same without the partition. */
  readonly parent: string;
  readonly config: LogConfig;
}

export interface ServedTopicsOptions {
  readonly settings: Settings;
  readonly partitions: TopicPartitions;
  readonly namespaces: NamespacePolicies;
  readonly metadata: MetadataNamespace;
  readonly writers: TopicWriters;
}

/**
 * The topics that Kafka's clients are told of, with their partitions; listeners hear of each change. Whoever calls a
 * method for a topic has its turn (`TopicTable.inTurn`).
 */
export class ServedTopics {
  readonly table = new TopicTable();
  readonly #settings: Settings;
  readonly #partitions: TopicPartitions;
  readonly #namespaces: NamespacePolicies;
  readonly #metadata: MetadataNamespace;
  readonly #writers: TopicWriters;
  readonly #origins = new Map<string, Origin>();

  constructor({ settings, partitions, namespaces, metadata, writers }: ServedTopicsOptions) {
    this.#settings = settings;
    this.#partitions = partitions;
    this.#namespaces = namespaces;
    this.#metadata = metadata;
    this.#writers = writers;
  }

  pairs(): TopicNamePair[] {
    return [...this.#origins.values()].map(({ pair }) => pair);
  }

  originOf({ name }: Topic): Origin {
    return this.#origins.get(name) as Origin;
  }

  /** One that is online, with where it is in Pulsar. */
  partition(pair: TopicNamePair | null, partition: number): ServedPartition | undefined {
    const topic = pair === null ? undefined : this.table.get(pair.kafkaName);
    const ref = topic?.partitions[partition];
    if (topic === undefined || !ref?.online) return undefined;
    const {
      isPartitioned,
      pair: { pulsarTopic: parent },
    } = this.originOf(topic);
    const pulsarTopic = isPartitioned ? `${parent}-partition-${partition}` : parent;
    return { ref, pulsarTopic, parent, config: topic.config };
  }

  /** What a topic's logs obey; `policy` is what its namespace says. */
  configOf(
    { kafkaName, namespace }: TopicNamePair,
    overrides: TopicOverrides,
    policy: TopicOverrides = this.#namespaces.of(namespace),
  ): LogConfig {
    const config = effectiveTopicConfig(overrides, this.#settings, policy);
    if (isInternalTopic(kafkaName)) {
      // Only coordinators read and write Kafka's own topics, as batches.
      const isForKop = kafkaName === offsetsTopic && this.#metadata.offsetsLayout.forKop;
      const own = overrides.has('entry.format') ? config.entryFormat : 'kafka';
      return { ...config, entryFormat: isForKop ? 'pulsar' : own, pulsarWriters: 'exclusive' };
    }
    const said = overrides.get('pulsar.writers') ?? policy.get('pulsar.writers') ?? 'format';
    const decided = this.#origins.get(kafkaName)?.writers;
    return said !== 'format' || decided === undefined
      ? config
      : { ...config, pulsarWriters: decided };
  }

  async open(pair: TopicNamePair, stored: StoredTopic, id: string): Promise<Topic> {
    const { kafkaName: name, pulsarTopic, namespace } = pair;
    if (name === offsetsTopic) await this.#metadata.learnOffsetsLayout(pulsarTopic, stored);
    const isPartitioned = stored.partitions > 0;
    const overrides = overridesOf(stored.properties);
    const { entryFormat } = this.configOf(pair, overrides);
    const writers = await this.#writers.of(pair, stored, entryFormat);
    this.#origins.set(name, { pair, isPartitioned, writers });
    const config = this.configOf(pair, overrides);
    const policy = this.#namespaces.of(namespace);
    const transactions = this.#metadata.transactionsIn(name);
    const toOpen = { name, id, config, pulsarTopic, isPartitioned, transactions };
    const partitions = await this.#partitions.open(toOpen, 0, Math.max(1, stored.partitions));
    const topic = this.table.publish({ name, id, partitions, overrides, policy, config });
    this.table.tell((listener) => listener.created?.(topic));
    return topic;
  }

  async openMore(topic: Topic, count: number): Promise<Topic> {
    const { pulsarTopic } = this.originOf(topic).pair;
    const firstNew = topic.partitions.length;
    const transactions = this.#metadata.transactionsIn(topic.name);
    const toOpen = { ...topic, pulsarTopic, isPartitioned: true, transactions };
    const more = await this.#partitions.open(toOpen, firstNew, count);
    const grown = this.table.publish({ ...topic, partitions: [...topic.partitions, ...more] });
    this.table.tell((listener) => listener.grown?.(grown, firstNew));
    return grown;
  }

  async reconfigure(topic: Topic, overrides: TopicOverrides): Promise<Topic> {
    const { pair } = this.originOf(topic);
    const config = this.configOf(pair, overrides);
    const policy = this.#namespaces.of(pair.namespace);
    const changed = this.table.publish({ ...topic, overrides, policy, config });
    await this.#partitions.configure(topic.partitions, config);
    this.table.tell((listener) => listener.configured?.(changed));
    return changed;
  }

  /** Tells every topic of a namespace what it says now; takes the turn of each. */
  async obeyPolicy(namespace: string): Promise<void> {
    const concerned = this.pairs().filter((pair) => pair.namespace === namespace);
    await inParallel(concerned, policiesInFlightMax, ({ kafkaName }) =>
      this.table.inTurn(kafkaName, async () => {
        const topic = this.table.get(kafkaName);
        if (topic !== undefined) await this.reconfigure(topic, topic.overrides);
      }),
    );
  }

  async close(topic: Topic): Promise<void> {
    await this.#partitions.close(topic.partitions);
  }

  /** A topic is gone in Pulsar. */
  async drop(topic: Topic): Promise<void> {
    const closing = this.close(topic);
    this.forget(topic);
    await closing;
  }

  forget(topic: Topic): void {
    this.table.remove(topic);
    this.#origins.delete(topic.name);
    this.table.tell((listener) => listener.deleted?.(topic));
  }
}
