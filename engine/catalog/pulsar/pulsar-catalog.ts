/** The catalog of a Pulsar cluster: the cluster's metadata decides; this follows it, and changes it for clients. */
import type { Logger } from 'pino';
import { AdminError } from '../../../workers/log/pulsar/admin-http.js';
import type { PulsarClient } from '../../../workers/log/pulsar/client.js';
import type { LogConfig } from '../../../workers/ring/control.js';
import type { Settings } from '../../config/schema.js';
import { effectiveTopicConfig, type TopicOverrides } from '../../config/topic-configs.js';
import type { PartitionPort } from '../../route/partition-port.js';
import { autoTopic, type NewTopic } from '../auto-topic.js';
import type { Catalog, LogSpace, LogStarts, OverridesChange } from '../catalog.js';
import { inParallel } from '../in-parallel.js';
import { ProducerIds } from '../producer-ids.js';
import { CatalogFault, type CatalogListener, type Topic } from '../topic.js';
import { isInternalTopic } from '../topic-name.js';
import { TopicTable } from '../topic-table.js';
import { ClusterIdentity } from './cluster-identity.js';
import { isEqual, NamespacePolicies } from './namespace-policies.js';
import { NamespaceWatches } from './namespace-watches.js';
import { onceReached } from './reach.js';
import { isForbidden, type StoredTopic, TopicAdmin } from './topic-admin.js';
import { TopicIds } from './topic-ids.js';
import { isFullName, type TopicNamePair, TopicNames, withoutPartition } from './topic-names.js';
import { TopicPartitions } from './topic-partitions.js';
import { TopicPolicies } from './topic-policies.js';
import { configProperties, configProperty, overridesOf, propertiesOf } from './topic-properties.js';
import { TopicQueue } from './topic-queue.js';

/** Properties of topics, which no watch tells of, are read again so often, so many topics each time. */
const rereadIntervalMs = 30_000;
const rereadMax = 500;
/** Topics that are told at once what their namespace says now. */
const policiesInFlightMax = 256;

export interface PulsarCatalogOptions {
  /** Closed with the catalog. */
  readonly client: PulsarClient;
  readonly partitions: PartitionPort;
  readonly settings: Settings;
  readonly log: Logger;
}

/** What is known of a topic beside what Kafka's clients are told. */
interface Origin {
  readonly pair: TopicNamePair;
  readonly isPartitioned: boolean;
}

export class PulsarCatalog implements Catalog {
  readonly nodeId: number;
  readonly producerIds: ProducerIds;
  readonly logStarts: LogStarts;
  readonly logDirectory: string;
  readonly #client: PulsarClient;
  readonly #settings: Settings;
  readonly #log: Logger;
  readonly #admin: TopicAdmin;
  readonly #names: TopicNames;
  readonly #partitions: TopicPartitions;
  readonly #ids: TopicIds;
  readonly #policies: TopicPolicies;
  readonly #namespaces: NamespacePolicies;
  readonly #identity: ClusterIdentity;
  readonly #watches: NamespaceWatches;
  readonly #queue: TopicQueue;
  readonly #table = new TopicTable();
  readonly #origins = new Map<string, Origin>();
  /** Topics under further names of theirs; an entry goes with its topic. */
  readonly #aliases = new WeakMap<Topic, Map<string, Topic>>();
  readonly #reread: NodeJS.Timeout;
  #rereadFrom = 0;
  #clusterId = '';

  private constructor({ client, partitions, settings, log }: PulsarCatalogOptions) {
    this.nodeId = settings.brokerId;
    this.logDirectory = settings.backend;
    this.#client = client;
    this.#settings = settings;
    this.#log = log;
    this.#names = new TopicNames(settings);
    this.#admin = new TopicAdmin(client.admin.http);
    this.#partitions = new TopicPartitions(partitions, log);
    this.#ids = new TopicIds(this.#admin, log);
    this.#policies = new TopicPolicies(this.#admin, log);
    this.#namespaces = new NamespacePolicies(this.#admin, this.#names.namespaces);
    this.#identity = new ClusterIdentity(client, this.#admin, this.#names.metadataNamespace);
    this.producerIds = new ProducerIds(() => this.#identity.claimBlock());
    this.logStarts = {
      // A log on Pulsar stores its start there before it answers.
      writeLogStarts: () => Promise.resolve(),
      logStart: (topic, partition) => {
        const ref = this.#table.get(topic)?.partitions[partition];
        return ref?.online ? partitions.state(ref).logStartOffset : 0;
      },
    };
    this.#queue = new TopicQueue(
      (pair) => this.#table.inTurn(pair.kafkaName, () => this.#follow(pair)),
      log,
    );
    this.#watches = new NamespaceWatches(
      client,
      {
        changed: (topics) => void this.#queue.add(this.#pairsOf(topics)),
        resumed: (namespace, topics) => void this.#lookAround(namespace, topics),
      },
      log,
    );
    this.#reread = setInterval(() => void this.#rereadSome(), rereadIntervalMs);
    this.#reread.unref();
  }

  /**
   * Opens every partition there is; one that does not open is offline, and is tried again. Waits for a cluster that
   * is not reached. Throws PulsarRefused.
   */
  static async open(options: PulsarCatalogOptions): Promise<PulsarCatalog> {
    const catalog = new PulsarCatalog(options);
    try {
      await catalog.#open();
      return catalog;
    } catch (error) {
      await catalog.close();
      throw error;
    }
  }

  get clusterId(): string {
    return this.#clusterId;
  }

  get topicCount(): number {
    return this.#table.size;
  }

  get isWhole(): boolean {
    return this.#table.isWhole;
  }

  topic(name: string): Topic | undefined {
    const topic = this.#table.get(name);
    if (topic !== undefined || !isFullName(name)) return topic;
    const pair = this.#names.ofKafka(name);
    const known = pair === null ? undefined : this.#table.get(pair.kafkaName);
    return known && this.#under(known, name);
  }

  topicById(id: string): Topic | undefined {
    return this.#table.byId(id);
  }

  topics(): Iterable<Topic> {
    return this.#table.all();
  }

  nameFault(name: string): string | null {
    return this.#names.fault(name);
  }

  collidingTopic(name: string): string | undefined {
    return this.#table.collidingTopic(this.#pairOf(name).kafkaName);
  }

  on(listener: CatalogListener): void {
    this.#table.on(listener);
  }

  async createTopic(spec: NewTopic): Promise<Topic> {
    const pair = this.#pairOf(spec.name);
    const made = await this.#table.inTurn(pair.kafkaName, () => this.#create(pair, spec));
    return this.#under(made, spec.name);
  }

  deleteTopic(name: string): Promise<void> {
    const { kafkaName } = this.#pairOf(name);
    return this.#table.inTurn(kafkaName, () => this.#delete(kafkaName));
  }

  createPartitions(name: string, count: number): Promise<Topic> {
    const { kafkaName } = this.#pairOf(name);
    return this.#table.inTurn(kafkaName, () => this.#grow(kafkaName, count));
  }

  setOverrides(name: string, change: OverridesChange): Promise<Topic> {
    const { kafkaName } = this.#pairOf(name);
    return this.#table.inTurn(kafkaName, () => this.#override(kafkaName, change));
  }

  policyOf(topic: string): TopicOverrides {
    return this.#namespaces.of(this.#names.ofKafka(topic)?.namespace ?? '');
  }

  policies(): Iterable<readonly [namespace: string, policy: TopicOverrides]> {
    return this.#namespaces.all();
  }

  setPolicy(namespace: string, change: OverridesChange): Promise<void> {
    // In turn with other changes of it; no topic can have this name.
    return this.#table.inTurn(`${namespace}/`, async () => {
      await this.#changed(() => this.#namespaces.change(namespace, change));
      await this.#obeyPolicy(namespace);
    });
  }

  async ensureTopic(name: string): Promise<Topic> {
    const { kafkaName } = this.#pairOf(name);
    const topic = await this.#table.ensure(kafkaName, () =>
      this.createTopic(autoTopic(kafkaName, this.#settings)),
    );
    return this.#under(topic, name);
  }

  /** Pulsar does not tell how much room its bookies have. */
  async logSpace(): Promise<LogSpace> {
    return { totalBytes: -1, usableBytes: -1 };
  }

  async close(): Promise<void> {
    clearInterval(this.#reread);
    this.#watches.close();
    await this.#queue.close();
    await this.#table.settled();
    await this.#client.close();
  }

  async #open(): Promise<void> {
    const { metadataNamespace, namespaces } = this.#names;
    const log = this.#log;
    await onceReached(() => this.#prepare(metadataNamespace), metadataNamespace, log);
    const wanted = this.#settings.clusterId;
    const identify = () => this.#identity.clusterId(wanted);
    this.#clusterId = await onceReached(identify, 'the cluster id', log);
    for (const namespace of namespaces) {
      const read = () => this.#namespaces.read(namespace);
      await onceReached(read, `the namespace ${namespace}`, log);
    }
    for (const namespace of [...namespaces, metadataNamespace]) {
      const watch = () => this.#watches.open(namespace);
      const topics = await onceReached(watch, `the topics of ${namespace}`, log);
      await this.#lookAround(namespace, topics);
    }
  }

  /** Kafka's own topics are kept for ever: what the namespace says by default would lose committed offsets. */
  async #prepare(namespace: string): Promise<void> {
    try {
      await this.#admin.ensureNamespace(namespace);
      await this.#admin.keepForEver(namespace);
    } catch (error) {
      if (!isForbidden(error)) throw error;
      this.#log.warn(
        { err: error, namespace },
        'no right to keep a namespace for ever; see `kopje check`',
      );
    }
  }

  /** Compares all topics that there are here or there in a namespace. */
  async #lookAround(namespace: string, topics: readonly string[]): Promise<void> {
    const partitioned = await this.#admin.partitionedTopics(namespace).catch((error: unknown) => {
      this.#log.warn({ err: error, namespace }, 'cannot list partitioned topics');
      return [];
    });
    const prefix = `persistent://${namespace}/`;
    const held = [...this.#origins.values()]
      .map(({ pair }) => pair)
      .filter(({ pulsarTopic }) => pulsarTopic.startsWith(prefix));
    await this.#queue.add([...held, ...this.#pairsOf([...topics, ...partitioned])]);
  }

  async #rereadSome(): Promise<void> {
    for (const namespace of this.#names.namespaces) {
      try {
        if (await this.#namespaces.read(namespace)) await this.#obeyPolicy(namespace);
      } catch (error) {
        this.#log.warn(
          { err: error, namespace },
          'cannot read what a namespace says of its topics',
        );
      }
    }
    const all = [...this.#origins.values()].map(({ pair }) => pair);
    if (this.#rereadFrom >= all.length) this.#rereadFrom = 0;
    const some = all.slice(this.#rereadFrom, this.#rereadFrom + rereadMax);
    this.#rereadFrom += rereadMax;
    await this.#queue.add(some);
  }

  /** Tells every topic of a namespace what it says now. */
  async #obeyPolicy(namespace: string): Promise<void> {
    const pairs = [...this.#origins.values()].map(({ pair }) => pair);
    const concerned = pairs.filter((pair) => pair.namespace === namespace);
    await inParallel(concerned, policiesInFlightMax, ({ kafkaName }) =>
      this.#table.inTurn(kafkaName, async () => {
        const topic = this.#table.get(kafkaName);
        if (topic !== undefined) await this.#reconfigure(topic, topic.overrides);
      }),
    );
  }

  /** Brings one topic in line with Pulsar; returns whether anything had to be changed. */
  async #follow(pair: TopicNamePair): Promise<boolean> {
    const { kafkaName } = pair;
    const stored = await this.#admin.read(pair.pulsarTopic);
    let held = this.#table.get(kafkaName);
    if (stored === null) {
      if (held === undefined) return false;
      await this.#drop(held);
      return true;
    }
    const id = await this.#ids.of(pair.pulsarTopic, stored, held?.id);
    if (held !== undefined && held.id !== id) {
      await this.#drop(held);
      held = undefined;
    }
    if (held === undefined) {
      await this.#openTopic(pair, stored, id);
      return true;
    }
    const isGrown = stored.partitions > held.partitions.length;
    if (isGrown) held = await this.#openMore(held, stored.partitions);
    return (await this.#takeConfig(held, stored)) || isGrown;
  }

  async #openTopic(pair: TopicNamePair, stored: StoredTopic, id: string): Promise<Topic> {
    const name = pair.kafkaName;
    const isPartitioned = stored.partitions > 0;
    const overrides = overridesOf(stored.properties);
    const config = this.#configOf(pair, overrides);
    const policy = this.policyOf(name);
    const toOpen = { name, id, config, pulsarTopic: pair.pulsarTopic, isPartitioned };
    const partitions = await this.#partitions.open(toOpen, 0, Math.max(1, stored.partitions));
    this.#origins.set(name, { pair, isPartitioned });
    const topic = this.#table.publish({ name, id, partitions, overrides, policy, config });
    this.#table.tell((listener) => listener.created?.(topic));
    return topic;
  }

  async #openMore(topic: Topic, count: number): Promise<Topic> {
    const { pair } = this.#originOf(topic);
    const firstNew = topic.partitions.length;
    const toOpen = { ...topic, pulsarTopic: pair.pulsarTopic, isPartitioned: true };
    const more = await this.#partitions.open(toOpen, firstNew, count);
    const grown = this.#table.publish({ ...topic, partitions: [...topic.partitions, ...more] });
    this.#table.tell((listener) => listener.grown?.(grown, firstNew));
    return grown;
  }

  async #takeConfig(topic: Topic, stored: StoredTopic): Promise<boolean> {
    const overrides = overridesOf(stored.properties);
    if (isEqual(overrides, topic.overrides)) return false;
    await this.#reconfigure(topic, overrides);
    return true;
  }

  async #reconfigure(topic: Topic, overrides: TopicOverrides): Promise<Topic> {
    const { pair } = this.#originOf(topic);
    const config = this.#configOf(pair, overrides);
    const policy = this.policyOf(topic.name);
    const changed = this.#table.publish({ ...topic, overrides, policy, config });
    await this.#partitions.configure(topic.partitions, config);
    this.#table.tell((listener) => listener.configured?.(changed));
    return changed;
  }

  /** A topic is gone in Pulsar. */
  async #drop(topic: Topic): Promise<void> {
    const closing = this.#partitions.close(topic.partitions);
    this.#forget(topic);
    await closing;
  }

  #forget(topic: Topic): void {
    this.#table.remove(topic);
    this.#origins.delete(topic.name);
    this.#table.tell((listener) => listener.deleted?.(topic));
  }

  async #create(pair: TopicNamePair, { partitions, overrides }: NewTopic): Promise<Topic> {
    const { kafkaName, pulsarTopic } = pair;
    if (this.#table.get(kafkaName)) throw existsAlready(kafkaName);
    this.#checkRoom(partitions);
    const id = this.#table.unusedId();
    const stored = { partitions, properties: propertiesOf(id, overrides) };
    await this.#changed(async () => {
      await this.#admin.createPartitioned(pulsarTopic, stored).catch((error: unknown) => {
        const isThere = error instanceof AdminError && error.status === 409;
        if (!isThere) throw error;
        void this.#queue.add([pair]);
        throw existsAlready(kafkaName);
      });
    });
    await this.#policies.carry(pair, this.#configOf(pair, overrides));
    return this.#openTopic(pair, stored, id);
  }

  async #delete(name: string): Promise<void> {
    const topic = this.#table.existing(name);
    const { pair, isPartitioned } = this.#originOf(topic);
    // First: a writer that comes back to a topic that is gone may make Pulsar make it again.
    await this.#partitions.close(topic.partitions);
    try {
      await this.#changed(() => this.#admin.remove(pair.pulsarTopic, isPartitioned));
    } catch (error) {
      // With partitions that are open again, if the topic is still there.
      this.#table.remove(topic);
      void this.#queue.add([pair]);
      throw error;
    }
    this.#forget(topic);
  }

  async #grow(name: string, count: number): Promise<Topic> {
    const topic = this.#table.existing(name);
    const { pair, isPartitioned } = this.#originOf(topic);
    if (count <= topic.partitions.length) return topic;
    this.#checkRoom(count - topic.partitions.length);
    if (!isPartitioned) {
      const message = `Topic '${name}' is not partitioned in Pulsar: it stays one partition.`;
      throw new CatalogFault('too-many-partitions', message);
    }
    await this.#changed(() => this.#admin.grow(pair.pulsarTopic, count));
    return this.#openMore(topic, count);
  }

  async #override(name: string, change: OverridesChange): Promise<Topic> {
    const topic = this.#table.existing(name);
    const { pair } = this.#originOf(topic);
    const overrides = change(topic.overrides);
    await this.#changed(async () => {
      await this.#admin.setProperties(pair.pulsarTopic, configProperties(overrides));
      for (const config of topic.overrides.keys()) {
        if (overrides.has(config)) continue;
        await this.#admin.removeProperty(pair.pulsarTopic, configProperty(config));
      }
    });
    await this.#policies.carry(pair, this.#configOf(pair, overrides));
    return this.#reconfigure(topic, overrides);
  }

  #checkRoom(partitions: number): void {
    const { maxPartitions } = this.#settings;
    let count = partitions;
    for (const topic of this.#table.all()) count += topic.partitions.length;
    if (count <= maxPartitions) return;
    const message = `No more than ${maxPartitions} partitions are allowed (maxPartitions).`;
    throw new CatalogFault('too-many-partitions', message);
  }

  async #changed(step: () => Promise<void>): Promise<void> {
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

  #configOf({ kafkaName, namespace }: TopicNamePair, overrides: TopicOverrides): LogConfig {
    const policy = this.#namespaces.of(namespace);
    const config = effectiveTopicConfig(overrides, this.#settings, policy);
    // Only coordinators read and write Kafka's own topics, as batches.
    const isFree = isInternalTopic(kafkaName) && !overrides.has('entry.format');
    return isFree ? { ...config, entryFormat: 'kafka' } : config;
  }

  #originOf({ name }: Topic): Origin {
    return this.#origins.get(name) as Origin;
  }

  /** Throws CatalogFault 'unknown-topic' for a name that cannot be. */
  #pairOf(name: string): TopicNamePair {
    const pair = this.#names.ofKafka(name);
    if (pair !== null) return pair;
    throw new CatalogFault('unknown-topic', this.#names.fault(name) ?? '');
  }

  *#pairsOf(pulsarTopics: Iterable<string>): Iterable<TopicNamePair> {
    for (const pulsarTopic of new Set([...pulsarTopics].map(withoutPartition))) {
      const pair = this.#names.ofPulsar(pulsarTopic);
      if (pair !== null) yield pair;
    }
  }

  /** A topic as a client called it, so that it finds its name in the answer. */
  #under(topic: Topic, name: string): Topic {
    if (topic.name === name) return topic;
    const aliases = this.#aliases.get(topic) ?? new Map<string, Topic>();
    this.#aliases.set(topic, aliases);
    const alias = aliases.get(name) ?? { ...topic, name };
    aliases.set(name, alias);
    return alias;
  }
}

function existsAlready(name: string): CatalogFault {
  return new CatalogFault('topic-exists', `Topic '${name}' already exists.`);
}
