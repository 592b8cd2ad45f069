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
  connections: number;
  /** Sends of a connection that wait for their answers. */
  inFlight: number;
  /** Different sends, taken in turn. */
  distinctSends: number;
  /** How a raw producer of Pulsar's stores the same batches. */
  entryFormat: 'kafka' | 'pulsar';
}

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
}

/** One send: a batch for each partition. */
export interface SendSize {
  payloadBytes: number;
  records: number;
}

export function sizeOfSend({ recordBytes, batchBytes, partitions }: ProduceShape): SendSize {
  const records = recordsPerBatch(recordBytes, batchBytes) * partitions;
  return { records, payloadBytes: records * recordBytes };
}

export function recordsPerBatch(recordBytes: number, batchBytes: number): number {
  return Math.max(1, Math.floor(batchBytes / recordBytes));
}

/** A way to a broker on which sends are acknowledged in their order. */
export interface Channel {
  send(): void;
  close(): void;
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
  /** Microseconds from send to acknowledgement, since this was last asked; null where nothing was sent. */
  latency: Latency | null;
}

export interface Latency {
  p50: number;
  p99: number;
  p999: number;
  max: number;
}

/** A load under way. */
export interface Load {
  progress(): Progress;
  /** Begins nothing more, and resolves when all that was begun has ended. */
  stop(): Promise<void>;
}
