import type { NewTopic } from './auto-topic.js';
import type { OffsetsLayout } from './offsets-layout.js';
import type { ProducerIds } from './producer-ids.js';
import type { CatalogListener, Topic } from './topic.js';

/** Where log starts are kept that DeleteRecords moved. */
export interface LogStarts {
  /** Resolves when the log starts of the moment of the call, or newer ones, are durable. */
  writeLogStarts(): Promise<void>;
  /** The last log start of a partition that is durable. */
  logStart(topic: string, partition: number): number;
}

/** Who wants to hear which offsets groups have committed; told once they are stored, and never waited for. */
export interface CommitListener {
  committed(groupId: string, topic: string, partition: number, offset: number): void;
  /** The group has no offset there any more. */
  removed(groupId: string, topic: string, partition: number): void;
}

/** Room of what the logs are in; -1 stands for unknown, as in Kafka. */
export interface LogSpace {
  readonly totalBytes: number;
  readonly usableBytes: number;
}

/**
 * Which topics and partitions there are. Lookups are answered from memory; a change is made in memory only once it
 * is durable where the backend keeps it.
 */
export interface Catalog {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly producerIds: ProducerIds;
  readonly logStarts: LogStarts;
  /** Null where the backend does not show what groups have consumed. */
  readonly commits: CommitListener | null;
  /** What DescribeLogDirs names: a path, or the URL of a cluster. */
  readonly logDirectory: string;
  /** Bytes of the largest batch that the storage takes; infinite where only settings bound it. */
  readonly maxBatchBytes: number;
  /** Of the topic of committed offsets; final once there is one. */
  readonly offsetsLayout: OffsetsLayout;
  readonly topicCount: number;
  /** False while a partition is offline. */
  readonly isWhole: boolean;
  topic(name: string): Topic | undefined;
  topicById(id: string): Topic | undefined;
  /** In no particular order. */
  topics(): Iterable<Topic>;
  /** Null for a name that a topic may have, else the message that Kafka gives for it. */
  nameFault(name: string): string | null;
  /** A topic whose name differs from `name` only in `.` and `_`. */
  collidingTopic(name: string): string | undefined;
  on(listener: CatalogListener): void;
  /**
   * Makes a topic with all its partitions, or nothing of it. Throws CatalogFault 'topic-exists',
   * 'too-many-partitions' or 'storage'.
   */
  createTopic(spec: NewTopic): Promise<Topic>;
  /** Durable when resolved; what is left goes in the background. Throws 'unknown-topic' or 'storage'. */
  deleteTopic(name: string): Promise<void>;
  /** Grows a topic to `count` partitions. Throws 'unknown-topic', 'too-many-partitions' or 'storage'. */
  createPartitions(name: string, count: number): Promise<Topic>;
  /**
   * Changes a topic's own configs by what `change` makes of them. Throws 'unknown-topic', 'storage', or 'clients-attached',
   * unless it is forced, where others use the topic and could not any more.
   */
  setOverrides(name: string, change: OverridesChange, isForced: boolean): Promise<Topic>;
  /** What the namespace of a topic, which need not exist, says of its topics. */
  policyOf(topic: string): ReadonlyMap<string, string>;
  /** Every namespace that has topics here, or may have, with what it says of them. */
  policies(): Iterable<readonly [namespace: string, policy: ReadonlyMap<string, string>]>;
  /**
   * Changes what a namespace says of its topics. Durable when resolved, and then obeyed by the next batch of each. Throws
   * 'unknown-namespace' or 'storage', and 'clients-attached' as `setOverrides` does.
   */
  setPolicy(namespace: string, change: OverridesChange, isForced: boolean): Promise<void>;
  /** The topic, made with the defaults if there is none; however many ask for a name, it is made once. */
  ensureTopic(name: string): Promise<Topic>;
  /** Rejects where it is not known. */
  logSpace(): Promise<LogSpace>;
  /** After the partitions were closed. */
  close(): Promise<void>;
}

export type OverridesChange = (
  overrides: ReadonlyMap<string, string>,
) => ReadonlyMap<string, string>;
