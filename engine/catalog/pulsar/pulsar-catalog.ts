/** The catalog of a Pulsar cluster: the cluster's metadata decides; this follows it, and changes it for clients. */
import type { Logger } from 'pino';
import type { PulsarClient } from '../../../workers/log/pulsar/client.js';
import { largestBatch } from '../../../workers/log/pulsar/largest-batch.js';
import type { Settings } from '../../config/schema.js';
import type { TopicOverrides } from '../../config/topic-configs.js';
import type { PartitionPort } from '../../route/partition-port.js';
import { autoTopic, type NewTopic } from '../auto-topic.js';
import type { Catalog, LogSpace, LogStarts, OverridesChange } from '../catalog.js';
import type { OffsetsLayout } from '../offsets-layout.js';
import { ProducerIds } from '../producer-ids.js';
import { CatalogFault, type CatalogListener, type Topic } from '../topic.js';
import type { TopicTable } from '../topic-table.js';
import { ClusterIdentity } from './cluster-identity.js';
import { GroupSubscriptions, groupProperties } from './group-subscriptions.js';
import { MetadataNamespace } from './metadata-namespace.js';
import { NamespacePolicies } from './namespace-policies.js';
import { onceReached } from './reach.js';
import { ServedTopics } from './served-topics.js';
import { SubscriptionAdmin } from './subscription-admin.js';
import { TopicAdmin } from './topic-admin.js';
import { TopicChanges } from './topic-changes.js';
import { TopicFollower } from './topic-follower.js';
import { isFullName, type TopicNamePair, TopicNames } from './topic-names.js';
import { TopicPartitions } from './topic-partitions.js';
import { TopicPolicies } from './topic-policies.js';
import { TopicWriters } from './topic-writers.js';

export interface PulsarCatalogOptions {
  /** Closed with the catalog. */
  readonly client: PulsarClient;
  readonly partitions: PartitionPort;
  readonly settings: Settings;
  readonly log: Logger;
  /** Gives the opening up. */
  readonly signal: AbortSignal;
}

export class PulsarCatalog implements Catalog {
  readonly nodeId: number;
  readonly producerIds: ProducerIds;
  readonly logStarts: LogStarts;
  readonly commits: GroupSubscriptions;
  readonly logDirectory: string;
  readonly #client: PulsarClient;
  readonly #settings: Settings;
  readonly #log: Logger;
  readonly #names: TopicNames;
  readonly #namespaces: NamespacePolicies;
  readonly #identity: ClusterIdentity;
  readonly #metadata: MetadataNamespace;
  readonly #table: TopicTable;
  readonly #follower: TopicFollower;
  readonly #changes: TopicChanges;
  /** Topics under further names of theirs; an entry goes with its topic. */
  readonly #aliases = new WeakMap<Topic, Map<string, Topic>>();
  #clusterId = '';
  #maxBatchBytes = 0;

  private constructor({ client, partitions, settings, log }: PulsarCatalogOptions) {
    const names = new TopicNames(settings);
    const admin = new TopicAdmin(client.admin.http);
    const namespaces = new NamespacePolicies(admin, names.namespaces);
    const opener = new TopicPartitions(partitions, log);
    const metadata = new MetadataNamespace(names, settings, admin, log);
    const writers = new TopicWriters(settings, admin, log);
    const served = new ServedTopics({
      settings,
      partitions: opener,
      namespaces,
      metadata,
      writers,
    });
    const policies = new TopicPolicies(admin, log);
    const follower = new TopicFollower({
      client,
      admin,
      names,
      namespaces,
      served,
      policies,
      log,
    });
    const { maxPartitions } = settings;
    this.nodeId = settings.brokerId;
    this.logDirectory = settings.backend;
    this.#client = client;
    this.#settings = settings;
    this.#log = log;
    this.#names = names;
    this.#namespaces = namespaces;
    this.#table = served.table;
    this.#follower = follower;
    this.#changes = new TopicChanges({
      admin,
      namespaces,
      served,
      follower,
      policies,
      writers,
      maxPartitions,
      log,
    });
    this.#metadata = metadata;
    this.#identity = new ClusterIdentity(client, admin, names.metadataNamespace);
    this.commits = new GroupSubscriptions({
      mode: settings.pulsarGroupSubscriptions,
      admin: new SubscriptionAdmin(client.admin.http, groupProperties),
      partition: (topic, partition) => served.partition(names.ofKafka(topic), partition),
      placeOf: (ref, offset) => partitions.placeOf(ref, offset),
      clock: Date.now,
      log,
    });
    this.producerIds = new ProducerIds(() => this.#identity.claimBlock());
    this.logStarts = {
      // A log on Pulsar stores its start there before it answers.
      writeLogStarts: () => Promise.resolve(),
      logStart: (topic, partition) => {
        const ref = this.#table.get(topic)?.partitions[partition];
        return ref?.online ? partitions.state(ref).logStartOffset : 0;
      },
    };
  }

  /**
   * Opens every partition there is; one that does not open is offline, and is tried again. Waits for a cluster that
   * is not reached. Throws PulsarRefused, StartGivenUp.
   */
  static async open(options: PulsarCatalogOptions): Promise<PulsarCatalog> {
    const catalog = new PulsarCatalog(options);
    try {
      await catalog.#open(options.signal);
      return catalog;
    } catch (error) {
      await catalog.close();
      throw error;
    }
  }

  get offsetsLayout(): OffsetsLayout {
    return this.#metadata.offsetsLayout;
  }

  get clusterId(): string {
    return this.#clusterId;
  }

  get maxBatchBytes(): number {
    return this.#maxBatchBytes;
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
    const made = await this.#table.inTurn(pair.kafkaName, () => this.#changes.create(pair, spec));
    return this.#under(made, spec.name);
  }

  deleteTopic(name: string): Promise<void> {
    const { kafkaName } = this.#pairOf(name);
    return this.#table.inTurn(kafkaName, () => this.#changes.remove(kafkaName));
  }

  createPartitions(name: string, count: number): Promise<Topic> {
    const { kafkaName } = this.#pairOf(name);
    return this.#table.inTurn(kafkaName, () => this.#changes.grow(kafkaName, count));
  }

  setOverrides(name: string, change: OverridesChange, isForced: boolean): Promise<Topic> {
    const { kafkaName } = this.#pairOf(name);
    const override = () => this.#changes.override(kafkaName, change, isForced);
    return this.#table.inTurn(kafkaName, override);
  }

  policyOf(topic: string): TopicOverrides {
    return this.#namespaces.of(this.#names.ofKafka(topic)?.namespace ?? '');
  }

  policies(): Iterable<readonly [namespace: string, policy: TopicOverrides]> {
    return this.#namespaces.all();
  }

  setPolicy(namespace: string, change: OverridesChange, isForced: boolean): Promise<void> {
    const set = () => this.#changes.setPolicy(namespace, change, isForced);
    // In turn with other changes of it; no topic can have this name.
    return this.#table.inTurn(`${namespace}/`, set);
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
    await this.commits.close();
    await this.#follower.close();
    await this.#table.settled();
    await this.#client.close();
  }

  async #open(signal: AbortSignal): Promise<void> {
    const { metadataNamespace, namespaces } = this.#names;
    const reached = <Result>(what: string, step: () => Promise<Result>) =>
      onceReached(step, what, this.#log, signal);
    await reached(metadataNamespace, () => this.#metadata.prepare());
    const ask = async () => largestBatch((await this.#client.lookup.anyBroker()).maxMessageBytes);
    this.#maxBatchBytes = await reached('the largest message', ask);
    const wanted = this.#settings.clusterId;
    this.#clusterId = await reached('the cluster id', () => this.#identity.clusterId(wanted));
    for (const namespace of namespaces) {
      await reached(`the namespace ${namespace}`, () => this.#namespaces.read(namespace));
    }
    await this.#follower.open([...namespaces, metadataNamespace], signal);
  }

  /** Throws CatalogFault 'unknown-topic' for a name that cannot be. */
  #pairOf(name: string): TopicNamePair {
    const pair = this.#names.ofKafka(name);
    if (pair !== null) return pair;
    throw new CatalogFault('unknown-topic', this.#names.fault(name) ?? '');
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
