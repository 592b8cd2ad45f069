import type { LogConfig } from '../../workers/ring/control.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import type { PartitionRef } from '../route/partition-port.js';

/**
 * A topic at one moment: a change makes another object, so `catalog.topic(name) === topic` tells
 * whether what one holds is current. The refs are shared between the objects of one topic.
 */
export interface Topic {
  readonly name: string;
  /** base64url, 22 characters; never reused by a topic of the same name. */
  readonly id: string;
  /** One of Kafka's own: see `isInternalTopic`. */
  readonly internal: boolean;
  /** By partition index, without holes. */
  readonly partitions: readonly PartitionRef[];
  /** What was set on the topic itself, by Kafka's config names. */
  readonly overrides: ReadonlyMap<string, string>;
  /** What its namespace says of topics that do not say it themselves. */
  readonly policy: ReadonlyMap<string, string>;
  /** The overrides merged with the policy and the broker's defaults. */
  readonly config: LogConfig;
}

/** What happens to topics, told synchronously, after the change is durable. */
export interface CatalogListener {
  created?(topic: Topic): void;
  deleted?(topic: Topic): void;
  /** Partitions from index `firstNew` on are new. */
  grown?(topic: Topic, firstNew: number): void;
  configured?(topic: Topic): void;
}

export type CatalogFaultCode =
  | 'topic-exists'
  | 'unknown-topic'
  | 'unknown-namespace'
  | 'too-many-partitions'
  /** Others use a topic, and could not any more. */
  | 'clients-attached'
  | 'storage'
  | 'busy';

/** A change of the catalog that was not made. */
export class CatalogFault extends Error {
  readonly code: CatalogFaultCode;
  constructor(code: CatalogFaultCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CatalogFault';
    this.code = code;
  }
}

/**
 * The place of a partition whose log is not there or did not open: every request for it is answered
 * as for one that is offline, and a restart with the directory in its place brings it back.
 */
export function offlinePartition(topic: string, topicId: string, partition: number): PartitionRef {
  const offlineErrorCode = ErrorCode.KAFKA_STORAGE_ERROR;
  return { topic, topicId, partition, slot: -1, worker: -1, online: false, offlineErrorCode };
}

/** False for `offlinePartition`: there is nothing behind it to ask or to close. */
export function hasLog(ref: PartitionRef): boolean {
  return ref.slot >= 0;
}
