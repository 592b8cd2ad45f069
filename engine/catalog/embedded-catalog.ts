/** The catalog of the embedded log: LMDB decides what outlives the process. */
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { LogConfig } from '../../workers/ring/control.js';
import type { Settings } from '../config/schema.js';
import { effectiveTopicConfig } from '../config/topic-configs.js';
import type { OpenSpec, PartitionPort, PartitionRef } from '../route/partition-port.js';
import { autoTopic, type NewTopic } from './auto-topic.js';
import type { Catalog, LogSpace, LogStarts, OverridesChange } from './catalog.js';
import { partitionKey } from './checkpoint-file.js';
import { Checkpoints } from './checkpoints.js';
import { catalogFile, type DataDirectory, DataDirectoryError } from './data-directory.js';
import { inParallel } from './in-parallel.js';
import { kafkaOffsetsLayout } from './offsets-layout.js';
import { discardDirectory, discardIfOf } from './partition-directories.js';
import { blocksOf, ProducerIds } from './producer-ids.js';
import { reconcile } from './reconcile.js';
import { CatalogStore, type TopicRow } from './store.js';
import { isDiskFault, isOutOfSpace, MetadataStoreError } from './store-fault.js';
import {
  CatalogFault,
  type CatalogListener,
  hasLog,
  offlinePartition,
  type Topic,
} from './topic.js';
import { topicNameFault } from './topic-name.js';
import { TopicTable } from './topic-table.js';

/** Openings that the workers have on their rings at once. */
const openingsInFlightMax = 256;

export interface EmbeddedCatalogOptions {
  readonly directory: DataDirectory;
  readonly partitions: PartitionPort;
  readonly log: Logger;
  readonly settings: Settings;
  /** False where the directory goes with the process; true if left out. */
  readonly kept?: boolean;
  /** Told when what it stores in fails: nothing can be changed any more, and the process has to end. */
  readonly failed: (fault: MetadataStoreError) => void;
}

export class EmbeddedCatalog implements Catalog {
  readonly clusterId: string;
  readonly nodeId: number;
  /** Absolute path. */
  readonly logDirectory: string;
  readonly maxBatchBytes = Number.POSITIVE_INFINITY;
  readonly offsetsLayout = kafkaOffsetsLayout;
  readonly producerIds: ProducerIds;
  readonly checkpoints: Checkpoints;
  readonly #options: EmbeddedCatalogOptions;
  readonly #store: CatalogStore;
  readonly #table = new TopicTable();
  /** The only one here: names of topics have no place for others. */
  readonly #namespace: string;
  #policy: ReadonlyMap<string, string>;
  /** Partitions that exist or are being made. */
  #partitions = 0;

  private constructor(options: EmbeddedCatalogOptions, store: CatalogStore) {
    this.#options = options;
    this.#store = store;
    const { kafkaTenant, kafkaNamespace } = options.settings;
    this.#namespace = `${kafkaTenant}/${kafkaNamespace}`;
    this.#policy = new Map(Object.entries(store.policy(this.#namespace) ?? {}));
    this.clusterId = options.directory.meta.clusterId;
    this.nodeId = options.directory.meta.nodeId;
    this.logDirectory = options.directory.path;
    this.producerIds = new ProducerIds(blocksOf(store));
    this.checkpoints = new Checkpoints(
      options.directory,
      { partitions: () => this.#refs(), state: (ref) => options.partitions.state(ref) },
      options.log,
    );
  }

  /**
   * Brings the directory in line with LMDB and opens every partition; one that does not open is
   * offline. Throws DataDirectoryError if the catalog is damaged, MetadataStoreError if it cannot be
   * read or written.
   */
  static async open(options: EmbeddedCatalogOptions): Promise<EmbeddedCatalog> {
    const { directory, settings, log } = options;
    const path = join(directory.path, catalogFile);
    let store: CatalogStore | null = null;
    try {
      store = await CatalogStore.open(path, options.failed, options.kept);
      const present = await reconcile(store, directory.path, settings, log);
      const catalog = new EmbeddedCatalog(options, store);
      await catalog.#openAll(present);
      await catalog.checkpoints.writeNow();
      return catalog;
    } catch (error) {
      await store?.close();
      throw openingFault(path, error as Error);
    }
  }

  get commits(): null {
    return null;
  }

  get logStarts(): LogStarts {
    return this.checkpoints;
  }

  get isWhole(): boolean {
    return this.#table.isWhole;
  }

  get topicCount(): number {
    return this.#table.size;
  }

  topic(name: string): Topic | undefined {
    return this.#table.get(name);
  }

  topicById(id: string): Topic | undefined {
    return this.#table.byId(id);
  }

  topics(): Iterable<Topic> {
    return this.#table.all();
  }

  nameFault(name: string): string | null {
    return topicNameFault(name);
  }

  collidingTopic(name: string): string | undefined {
    return this.#table.collidingTopic(name);
  }

  on(listener: CatalogListener): void {
    this.#table.on(listener);
  }

  createTopic(spec: NewTopic): Promise<Topic> {
    return this.#table.inTurn(spec.name, () => this.#create(spec));
  }

  deleteTopic(name: string): Promise<void> {
    return this.#table.inTurn(name, () => this.#delete(name));
  }

  createPartitions(name: string, count: number): Promise<Topic> {
    return this.#table.inTurn(name, () => this.#grow(name, count));
  }

  setOverrides(name: string, change: OverridesChange): Promise<Topic> {
    return this.#table.inTurn(name, () => this.#configure(name, change));
  }

  policyOf(): ReadonlyMap<string, string> {
    return this.#policy;
  }

  policies(): Iterable<readonly [namespace: string, policy: ReadonlyMap<string, string>]> {
    return [[this.#namespace, this.#policy]];
  }

  setPolicy(namespace: string, change: OverridesChange): Promise<void> {
    if (namespace !== this.#namespace) {
      const message = `The embedded log has one namespace, ${this.#namespace}, and not ${namespace}.`;
      return Promise.reject(new CatalogFault('unknown-namespace', message));
    }
    // In turn with other changes of it; no topic can have this name.
    return this.#table.inTurn(`${namespace}/`, () => this.#changePolicy(change));
  }

  ensureTopic(name: string): Promise<Topic> {
    return this.#table.ensure(name, () =>
      this.createTopic(autoTopic(name, this.#options.settings)),
    );
  }

  async logSpace(): Promise<LogSpace> {
    const { blocks, bavail, bsize } = await statfs(this.logDirectory);
    return { totalBytes: blocks * bsize, usableBytes: bavail * bsize };
  }

  /** After the partitions were closed: writes the checkpoints and closes LMDB. */
  async close(): Promise<void> {
    await this.#table.settled();
    try {
      await this.checkpoints.close();
    } finally {
      await this.#store.close();
    }
  }

  async #create(spec: NewTopic): Promise<Topic> {
    const { name, overrides } = spec;
    if (this.#table.get(name)) {
      throw new CatalogFault('topic-exists', `Topic '${name}' already exists.`);
    }
    const policy = this.#policy;
    const config = this.#configOf(overrides);
    const made = { name, id: this.#table.unusedId(), overrides, policy, config };
    const partitions = await this.#makePartitions(made, 0, spec.partitions);
    let topic = this.#table.publish({ ...made, partitions });
    if (policy !== this.#policy) topic = await this.#apply(topic);
    this.#table.tell((listener) => listener.created?.(topic));
    return topic;
  }

  async #delete(name: string): Promise<void> {
    const topic = this.#table.existing(name);
    const row = toRow({ ...topic, partitions: topic.partitions.length });
    await this.#stored(() => this.#store.removeTopic(name, row));
    this.#table.remove(topic);
    this.#partitions -= topic.partitions.length;
    // Starting a close turns its ref offline at once.
    const closings = topic.partitions.map((ref) => this.#remove(ref));
    this.#table.tell((listener) => listener.deleted?.(topic));
    const isRemoved = (await Promise.all(closings)).every(Boolean);
    if (isRemoved) await this.#stored(() => this.#store.forgetRemoval(topic.id));
  }

  /**
   * Closes a partition of a deleted topic and gets its directory out of the way. False if that has
   * to wait for a start.
   */
  async #remove(ref: PartitionRef): Promise<boolean> {
    const { topic, partition } = ref;
    try {
      if (hasLog(ref)) {
        await this.#options.partitions.close(ref, true);
        return true;
      }
    } catch (error) {
      // Its owner died, or could not close the files; the name is to be free all the same.
      this.#options.log.warn({ err: error, topic, partition }, 'cannot close a deleted partition');
    }
    try {
      await discardDirectory(this.logDirectory, partitionKey(topic, partition));
      return true;
    } catch (error) {
      this.#options.log.error({ err: error, topic, partition }, 'cannot remove a partition');
      return false;
    }
  }

  async #grow(name: string, count: number): Promise<Topic> {
    const topic = this.#table.existing(name);
    const firstNew = topic.partitions.length;
    if (count <= firstNew) return topic;
    const refs = await this.#makePartitions(topic, firstNew, count);
    const grown = this.#table.publish({ ...topic, partitions: [...topic.partitions, ...refs] });
    this.#table.tell((listener) => listener.grown?.(grown, firstNew));
    return grown;
  }

  async #configure(name: string, change: OverridesChange): Promise<Topic> {
    const topic = this.#table.existing(name);
    const overrides = change(topic.overrides);
    const row = toRow({ ...topic, overrides, partitions: topic.partitions.length });
    await this.#stored(() => this.#store.putTopic(name, row));
    return this.#apply({ ...topic, overrides });
  }

  async #changePolicy(change: OverridesChange): Promise<void> {
    const policy = change(this.#policy);
    await this.#stored(() => this.#store.putPolicy(this.#namespace, Object.fromEntries(policy)));
    this.#policy = policy;
    const topics = [...this.#table.all()].map(({ name }) => name);
    await inParallel(topics, openingsInFlightMax, (name) =>
      this.#table.inTurn(name, async () => {
        const topic = this.#table.get(name);
        if (topic !== undefined) await this.#apply(topic);
      }),
    );
  }

  /** Tells the partitions of a topic what holds for them now. */
  async #apply(topic: Topic): Promise<Topic> {
    const config = this.#configOf(topic.overrides);
    const changed = this.#table.publish({ ...topic, policy: this.#policy, config });
    const refs = topic.partitions.filter(hasLog);
    await inParallel(refs, openingsInFlightMax, (ref) =>
      this.#options.partitions.configure(ref, config),
    ).catch((error: unknown) => {
      // The owner takes the configs when it opens the partition again.
      const { name } = topic;
      this.#options.log.warn({ err: error, topic: name }, 'cannot tell a partition its configs');
    });
    this.#table.tell((listener) => listener.configured?.(changed));
    return changed;
  }

  #configOf(overrides: ReadonlyMap<string, string>): LogConfig {
    return effectiveTopicConfig(overrides, this.#options.settings, this.#policy);
  }

  /** Makes the partitions `[start, end)` and then the topic's row, or nothing. */
  async #makePartitions(
    topic: { name: string; id: string; config: LogConfig; overrides: ReadonlyMap<string, string> },
    start: number,
    end: number,
  ): Promise<PartitionRef[]> {
    const { maxPartitions } = this.#options.settings;
    if (this.#partitions + end - start > maxPartitions) {
      const message = `No more than ${maxPartitions} partitions are allowed (maxPartitions).`;
      throw new CatalogFault('too-many-partitions', message);
    }
    this.#partitions += end - start;
    const refs: (PartitionRef | undefined)[] = new Array(end - start).fill(undefined);
    const specs = Array.from({ length: end - start }, (_, index) =>
      newPartition(topic, start + index),
    );
    try {
      await this.checkpoints.forget(specs);
      await inParallel(specs, openingsInFlightMax, async (spec) => {
        // What a creation or deletion left that could not clear up, as on a full disk: to write into
        // it would be lost, since the next start finds it to be another topic's.
        await discardDirectory(this.logDirectory, partitionKey(spec.topic, spec.partition));
        refs[spec.partition - start] = await this.#options.partitions.open(spec);
      });
      await this.#store.putTopic(topic.name, toRow({ ...topic, partitions: end }));
      return refs as PartitionRef[];
    } catch (error) {
      this.#partitions -= end - start;
      await Promise.all(specs.map((spec, index) => this.#unmake(spec, refs[index])));
      throw this.#storageFault(error);
    }
  }

  /** Removes what there is of a new partition whose topic could not be made. */
  async #unmake(spec: OpenSpec, ref: PartitionRef | undefined): Promise<void> {
    const { topic, topicId, partition } = spec;
    try {
      if (ref) await this.#options.partitions.close(ref, true);
      else await discardIfOf(this.logDirectory, partitionKey(topic, partition), topicId);
    } catch (error) {
      // The next start sets aside what is left.
      this.#options.log.warn({ err: error, topic, partition }, 'cannot remove a new partition');
    }
  }

  async #stored<Result>(step: () => Promise<Result>): Promise<Result> {
    try {
      return await step();
    } catch (error) {
      throw this.#storageFault(error);
    }
  }

  #storageFault(error: unknown): CatalogFault {
    this.#options.log.error({ err: error }, 'cannot change the catalog');
    return new CatalogFault('storage', (error as Error).message, { cause: error });
  }

  async #openAll(present: ReadonlySet<string>): Promise<void> {
    const specs: OpenSpec[] = [];
    const refs = new Map<string, PartitionRef[]>();
    for (const [name, row] of this.#store.topics()) {
      const overrides = new Map(Object.entries(row.overrides));
      const config = this.#configOf(overrides);
      const partitions: PartitionRef[] = [];
      for (let partition = 0; partition < row.partitions; partition++) {
        partitions.push(offlinePartition(name, row.id, partition));
        if (!present.has(`${name}-${partition}`)) continue;
        specs.push({
          topic: name,
          topicId: row.id,
          partition,
          config,
          create: false,
          recoveryPoint: this.checkpoints.recoveryPoint(name, partition),
          logStartOffset: this.checkpoints.logStart(name, partition),
          cleanShutdown: this.#options.directory.cleanShutdown,
        });
      }
      this.#partitions += row.partitions;
      refs.set(name, partitions);
      this.#table.publish({
        name,
        id: row.id,
        partitions,
        overrides,
        policy: this.#policy,
        config,
      });
    }
    await inParallel(specs, openingsInFlightMax, async (spec) => {
      try {
        refs.get(spec.topic)![spec.partition] = await this.#options.partitions.open(spec);
      } catch (error) {
        const { topic, partition } = spec;
        this.#options.log.error({ err: error, topic, partition }, 'partition is offline');
      }
    });
  }

  *#refs(): Iterable<PartitionRef> {
    for (const { partitions } of this.#table.all()) yield* partitions;
  }
}

/** Why the catalog does not open, and what helps. */
function openingFault(path: string, cause: Error): Error {
  const what = `the catalog ${path} cannot be used: ${cause.message}`;
  if (isOutOfSpace(cause)) {
    return new DataDirectoryError(`${what}. Make room on its disk and start again`, { cause });
  }
  if (isDiskFault(cause)) {
    return new MetadataStoreError(`${what}. Look after its disk before you start again`, { cause });
  }
  return new DataDirectoryError(
    `${what}. If it is damaged, move it away: topics are then adopted from their directories, ` +
      'without their configs',
    { cause },
  );
}

function newPartition(
  topic: { name: string; id: string; config: LogConfig },
  partition: number,
): OpenSpec {
  const { name, id, config } = topic;
  return {
    topic: name,
    topicId: id,
    partition,
    config,
    create: true,
    recoveryPoint: 0,
    logStartOffset: 0,
    cleanShutdown: true,
  };
}

function toRow(topic: {
  id: string;
  partitions: number;
  overrides: ReadonlyMap<string, string>;
}): TopicRow {
  const { id, partitions, overrides } = topic;
  return { id, partitions, overrides: Object.fromEntries(overrides) };
}
