/**
 * What main and a worker tell each other beside the rings: rare, of any size, over a MessagePort.
 * A request is answered once, by its id; a notice is not answered.
 */
import type { CompactionPlan, CompactionResult } from '../log/compaction.js';
import type { EntryPlace, LogConfig } from '../log/log.js';
import type { OAuth2Settings } from '../log/pulsar/oauth2.js';

export type { EntryPlace, LogConfig };

/** A partition as Pulsar has it. */
export interface PulsarOrigin {
  /** `persistent://…` of the partition. */
  topic: string;
  /** Whether KoP may have written transactions into it; those that commit are also for who reads it anew. */
  transactions: 'none' | 'read' | 'read-with-commits';
}

/** Everything a worker needs to open one partition. */
export interface OpenPartition {
  slot: number;
  generation: number;
  topic: string;
  topicId: string;
  partition: number;
  config: LogConfig;
  create: boolean;
  recoveryPoint: number;
  logStartOffset: number;
  cleanShutdown: boolean;
  /** Where the backend is Pulsar. */
  pulsar?: PulsarOrigin;
}

export type ControlRequest =
  | ({ kind: 'open' } & OpenPartition)
  | { kind: 'close'; slot: number; remove: boolean }
  | { kind: 'configure'; slot: number; config: LogConfig }
  | { kind: 'list-offset'; slot: number; timestamp: number }
  | { kind: 'aborted'; slot: number; startOffset: number; endOffset: number }
  | { kind: 'end-offset-for-epoch'; slot: number; leaderEpoch: number }
  | { kind: 'place'; slot: number; offset: number }
  | { kind: 'trim'; slot: number; offset: number }
  | { kind: 'producers'; slot: number }
  | { kind: 'describe'; slot: number }
  /** What became of a plan that the partition sent out as a `compact` notice; null: the job failed. */
  | {
      kind: 'compacted';
      slot: number;
      generation: number;
      plan: CompactionPlan;
      result: CompactionResult | null;
    }
  /** Closes every partition; the thread's task ends after the answer. */
  | { kind: 'stop' };

export type ControlMessage = { id: number; request: ControlRequest };

export type ControlAnswer =
  | { kind: 'answer'; id: number; value: unknown }
  | { kind: 'failure'; id: number; errorCode: number; message: string };

export type WorkerNotice =
  /** The thread listens; its id tells which of the pool's threads it is. */
  | { kind: 'up'; threadId: number }
  | { kind: 'notice'; level: 'info' | 'warn' | 'error'; message: string; fields: object }
  /** What may ail many partitions at once. */
  | {
      kind: 'common';
      level: 'info' | 'warn' | 'error';
      message: string;
      fields: { topic: string; partition: number };
    }
  /** A fault took the partition offline; Kafka's error code is what clients are told. */
  | { kind: 'offline'; slot: number; generation: number; errorCode: number; message: string }
  /** Segments are to be compacted, by a thread that owns no partition. */
  | { kind: 'compact'; slot: number; generation: number; plan: CompactionPlan };

export type FromWorker = ControlAnswer | WorkerNotice;

/** Who Kopje is to Pulsar. */
export type PulsarAuthentication =
  | { kind: 'none' }
  /** A JWT as it is, or in a file that is read anew for each connection. */
  | { kind: 'token'; token: string }
  | { kind: 'token-file'; path: string }
  | ({ kind: 'oauth2' } & OAuth2Settings);

/** The Pulsar cluster that keeps the records. */
export interface PulsarBackend {
  kind: 'pulsar';
  /** `pulsar://HOST:PORT[,HOST:PORT…]` or `pulsar+ssl://…`. */
  serviceUrl: string;
  /** `http://HOST:PORT` or `https://…`. */
  adminUrl: string;
  authentication: PulsarAuthentication;
  /** CA certificates in PEM, null for Node's own; whether a certificate has to bear its host's name. */
  tls: { ca: string | null; verifiesHostname: boolean };
  /** `persistent://…` of the topic that keeps what partitions know of their producers. */
  snapshotTopic: string;
  /** `tenant/namespace` of Kafka's own topics, and of Kopje's. */
  metadataNamespace: string;
  /** Of entries that a thread keeps for its readers. */
  cacheBytes: number;
  /** Entries hold no more of Kafka's batches than KoP reads right: one. */
  kopCompatible: boolean;
  /** For every answer of a broker. */
  operationTimeoutMs: number;
}

/** Where the records are kept. */
export type Backend = { kind: 'embedded' } | PulsarBackend;

/** What every worker needs to know of the broker's settings. */
export interface WorkerSettings {
  backend: Backend;
  dataDir: string;
  /** `memory`: the logs are in the thread's own memory, under the paths that they would have on disk. */
  storage: 'disk' | 'memory';
  durability: 'fsync' | 'os';
  validateRecords: 'full' | 'headers';
  producerIdExpirationMs: number;
  maxInflatedBytes: number;
}

/** What a worker thread is started with. */
export interface WorkerTask {
  index: number;
  settings: WorkerSettings;
  landing: SharedArrayBuffer;
  bells: SharedArrayBuffer;
  table: SharedArrayBuffer;
  tableLines: number;
  /** Counters of all workers, `WorkerCounter.slots` doubles each. */
  counters: SharedArrayBuffer;
  memory: {
    submissions: SharedArrayBuffer;
    completions: SharedArrayBuffer;
    replies: SharedArrayBuffer;
  };
  port: import('node:worker_threads').MessagePort;
}
