import type { Latencies } from './latencies.js';

/** A broker as the load reaches it. */
export type Address =
  | { protocol: 'kafka'; host: string; port: number }
  | { protocol: 'pulsar'; serviceUrl: string; adminUrl: string };

/** What is produced. */
export interface ProduceShape {
  address: Address;
  /** For Pulsar the whole name; its partitions are topics. */
  topic: string;
  partitions: number;
  recordBytes: number;
  batchBytes: number;
  compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  acks: number;
  connections: number;
  pace: Pace;
  /** Records are all different for so long; then they come again. */
  distinctBytes: number;
  /** How a raw producer of Pulsar's stores the same batches. */
  entryFormat: 'kafka' | 'pulsar';
}

/**
 * Either so many sends of a connection wait for their answers, or so many begin every second, whether those before
 * them have been answered or not.
 */
export type Pace = { inFlight: number } | { sendsPerSecond: number };

/** Of tiny requests fewer, which would take more memory than their records. */
const maxDistinctSends = 2 ** 16;

/** What is read from its start to its end. */
export interface FetchShape {
  address: Address;
  topic: string;
  partitions: number;
  /** Bytes asked for in one request of Kafka's. */
  maxBytes: number;
  connections: number;
  /** Waits at the end for more; else it begins again there. */
  atTail: boolean;
  /** Reads when it is told to, and as far. */
  isOnDemand: boolean;
}

/** What a Produce request of a real client holds at most, about: a topic with more partitions is gone round in turns. */
const maxBatchesPerSend = 40;

/** Batches of one send, each for another partition. */
export function batchesPerSend({ address, partitions }: ProduceShape): number {
  return address.protocol === 'kafka' ? Math.min(maxBatchesPerSend, partitions) : partitions;
}

/** One send: a batch for each partition whose turn it is. */
export interface SendSize {
  payloadBytes: number;
  records: number;
}

export function sizeOfSend(shape: ProduceShape): SendSize {
  const { recordBytes, batchBytes } = shape;
  const records = recordsPerBatch(recordBytes, batchBytes) * batchesPerSend(shape);
  return { records, payloadBytes: records * recordBytes };
}

/** How many sends are prepared: taken in turn, no record comes twice before all were sent. */
export function distinctSends(shape: ProduceShape): number {
  const { payloadBytes } = sizeOfSend(shape);
  return Math.min(maxDistinctSends, Math.ceil(shape.distinctBytes / payloadBytes));
}

export function recordsPerBatch(recordBytes: number, batchBytes: number): number {
  return Math.max(1, Math.floor(batchBytes / recordBytes));
}

/** A way to a broker on which sends are acknowledged in their order. */
export interface Channel {
  send(): void;
  close(): void;
}

/** Ways to a broker, and what was sent on them. */
export interface Channels {
  readonly channels: readonly Channel[];
  /** Reads back what was acknowledged. Rejects if a record is missing, there too often, or another one. */
  verify(): Promise<void>;
}

export interface ChannelEvents {
  /** The oldest send that was not. */
  acknowledged(): void;
  failed(error: Error): void;
}

/** What has been done since a load began. */
export interface Progress {
  payloadBytes: number;
  records: number;
  requests: number;
}

/** Who hears of a load. */
export interface LoadEvents {
  /** A request was refused, or the broker is gone: it cannot go on. */
  failed(error: Error): void;
  /** A send begins, which was due at this moment of `performance.now()`. */
  began?(dueMs: number): void;
  /** A partition was read up to here. */
  arrived?(partition: number, endOffset: number): void;
}

/** A load under way. */
export interface Load {
  /** Null where there is nothing to be timed. */
  readonly latencies: Latencies | null;
  progress(): Progress;
  /** Begins nothing more, and resolves when all that was begun has ended. */
  stop(): Promise<void>;
  /** After `stop`: rejects if what was acknowledged is not there. */
  verify(): Promise<void>;
}
