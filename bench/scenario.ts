import type { FetchShape, ProduceShape } from './load/channel.js';
import type { GeneratorProcess } from './load/generator-process.js';
import type { Target } from './target/target.js';

/** What a user may change of a scenario. */
export interface Changes {
  readonly recordSize?: number;
  readonly partitions?: number;
  readonly compression?: ProduceShape['compression'];
  readonly acks?: number;
}

export type Size = Omit<ProduceShape, 'address' | 'topic' | 'entryFormat'>;

/** What a load is to do, with a user's changes. */
export interface LoadOrder {
  readonly shape: ProduceShape;
  /** MB a second that `end-to-end` produces. */
  readonly rate: number;
}

interface Named {
  readonly name: string;
  /** What a user should know of it. */
  readonly text: string;
}

/** A load that goes on while it is measured. */
export interface SteadyScenario extends Named {
  readonly kind: 'steady';
  /** Its requests are so small that each of them counts, not its bytes. */
  readonly isSmall: boolean;
  readonly size: Size;
  /** Every acknowledgement waits for the disk. */
  readonly isDurable: boolean;
  /** What a real client does in place of the generator; null where none can. */
  readonly client: 'produce' | 'fetch' | null;
  /** False where a raw client of Pulsar's has nothing that could be compared. */
  readonly isForPulsar: boolean;
  /** Puts the load on that is to be measured; ordered last, it is the one that is marked. */
  begin(generator: GeneratorProcess, order: LoadOrder): Promise<void>;
}

/** What is written in bursts is read at once, and only the reading is measured. */
export interface BurstScenario extends Named {
  readonly kind: 'bursts';
  readonly size: Size;
  readonly burstBytes: number;
}

/** How long the start of a broker takes. */
export interface StartScenario extends Named {
  readonly kind: 'start';
}

/** What a broker takes that was started for it and has nothing to do. */
export interface IdleScenario extends Named {
  readonly kind: 'idle';
}

export type Scenario = SteadyScenario | BurstScenario | StartScenario | IdleScenario;

/** What a fetch reads from: more than the brokers' own buffers, less than the page cache. */
export const fetchedTopicBytes = 1.5e9;
const megabyte = 1e6;
const fetchedBytes = 4 * 2 ** 20;

/** 62 KB batches of 1 KiB records, 248 KB requests over 4 partitions, 2 connections, 4 in flight. */
const largeBatches: Size = {
  partitions: 4,
  recordBytes: 1024,
  batchBytes: 62 * 1024,
  compression: 'none',
  acks: -1,
  connections: 2,
  pace: { inFlight: 4 },
  distinctBytes: 256 * 2 ** 20,
};
const oneRecord: Size = {
  ...largeBatches,
  partitions: 1,
  batchBytes: 1024,
  connections: 1,
  pace: { inFlight: 1 },
};

async function produce(generator: GeneratorProcess, { shape }: LoadOrder): Promise<void> {
  await generator.obey({ order: 'produce', shape });
}

/** Waits at the end for more, unless told else. */
export function readingOf(
  { address, topic, partitions }: ProduceShape,
  connections: number,
  how: Partial<FetchShape> = {},
): FetchShape {
  const maxBytes = fetchedBytes;
  const plain = { atTail: true, isOnDemand: false };
  return { address, topic, partitions, maxBytes, connections, ...plain, ...how };
}

const producing: Omit<SteadyScenario, 'name' | 'text'> = {
  kind: 'steady',
  isSmall: false,
  size: largeBatches,
  isDurable: false,
  client: null,
  isForPulsar: false,
  begin: produce,
};

const all: readonly Scenario[] = [
  {
    ...producing,
    name: 'produce',
    text: '1 KiB records in 62 KiB batches to 4 partitions, 2 connections with 4 requests in flight',
    client: 'produce',
    isForPulsar: true,
  },
  {
    ...producing,
    name: 'produce-lz4',
    text: 'the same, compressed with lz4',
    client: 'produce',
    size: { ...largeBatches, compression: 'lz4' },
  },
  {
    ...producing,
    name: 'produce-zstd',
    text: 'the same, compressed with zstd',
    client: 'produce',
    size: { ...largeBatches, compression: 'zstd' },
  },
  {
    kind: 'bursts',
    name: 'fetch-tail',
    text: 'what was just written, 64 MB at a time; the writing is not measured',
    size: largeBatches,
    burstBytes: 64 * megabyte,
  },
  {
    ...producing,
    name: 'fetch',
    text: 'a log of 1.5 GB in the page cache, from its start again and again, 4 MiB a request, 2 connections',
    client: 'fetch',
    isForPulsar: true,
    async begin(generator, { shape }) {
      await generator.obey({ order: 'fill', shape, bytes: fetchedTopicBytes });
      const reading = readingOf(shape, Math.min(2, shape.partitions), { atTail: false });
      await generator.obey({ order: 'fetch', shape: reading });
    },
  },
  {
    ...producing,
    name: 'small',
    text: 'one record of 100 bytes a request, 64 connections with 1 request in flight',
    isSmall: true,
    size: { ...oneRecord, recordBytes: 100, batchBytes: 100, connections: 64 },
    isForPulsar: true,
  },
  {
    ...producing,
    name: 'latency',
    text: 'one record of 1 KiB a request, one request after the other',
    isSmall: true,
    size: oneRecord,
    isForPulsar: true,
  },
  {
    ...producing,
    name: 'latency-read',
    text: 'the same while somebody reads at the end of the topic',
    isSmall: true,
    size: oneRecord,
    isForPulsar: true,
    async begin(generator, order) {
      const { shape } = order;
      // Without Kopje the reader is of no interest: it only costs the broker what it costs.
      if (shape.address.protocol === 'kafka') {
        await generator.obey({ order: 'fetch', shape: readingOf(shape, 1) });
      }
      await produce(generator, order);
    },
  },
  {
    ...producing,
    name: 'end-to-end',
    text: 'large batches at a rate of their own, from when one was due to when it was fetched',
    size: { ...largeBatches, connections: 1 },
    async begin(generator, { shape, rate }) {
      const bytesPerSend = shape.batchBytes * shape.partitions;
      const pace = { sendsPerSecond: (rate * megabyte) / bytesPerSend };
      const fetched = readingOf(shape, shape.partitions);
      await generator.obey({ order: 'end-to-end', produced: { ...shape, pace }, fetched });
    },
  },
  {
    ...producing,
    name: 'many-partitions',
    text: '16 KiB batches over 1 000 partitions, 40 of them a request',
    size: { ...largeBatches, partitions: 1_000, batchBytes: 16 * 1024 },
  },
  {
    ...producing,
    name: 'durable',
    text: 'as produce, every acknowledgement on disk (durability=fsync; flush.messages=1)',
    isDurable: true,
    client: 'produce',
  },
  {
    kind: 'start',
    name: 'start',
    text: 'from the start of the process to the first answer to Metadata, on empty storage',
  },
  {
    kind: 'idle',
    name: 'idle',
    text: 'memory of a broker that has done nothing, and of 10 000 idle connections to it',
  },
];

export const scenarios: ReadonlyMap<string, Scenario> = new Map(
  all.map((scenario) => [scenario.name, scenario]),
);

/**
 * False for a target that cannot do what the scenario needs.
 * @param isRaw the generator puts the load on, not a real client
 */
export function canRun(scenario: Scenario, target: Target, isRaw: boolean): boolean {
  if (!isRaw) {
    if (scenario.kind !== 'steady' || scenario.client === null) return false;
    if (target.address.protocol !== 'kafka') return false;
  }
  if (target.isOnPulsar) {
    if (scenario.kind !== 'steady' || !scenario.isForPulsar) return false;
  }
  if (scenario.kind === 'start' || scenario.kind === 'idle') return target.launch !== null;
  const needsKafka = scenario.kind === 'bursts' || scenario.name === 'end-to-end';
  if (needsKafka && target.address.protocol !== 'kafka') return false;
  return scenario.kind === 'bursts' || !scenario.isDurable || target.durable !== null;
}

/** A scenario's size with a user's changes. */
export function sizeOf(size: Size, { recordSize, partitions, compression, acks }: Changes): Size {
  const recordBytes = recordSize ?? size.recordBytes;
  return {
    ...size,
    recordBytes,
    // A batch of one record stays one.
    batchBytes: size.batchBytes === size.recordBytes ? recordBytes : size.batchBytes,
    partitions: partitions ?? size.partitions,
    compression: compression ?? size.compression,
    acks: acks ?? size.acks,
  };
}
