import type { FetchShape, ProduceShape } from './load/channel.js';
import type { GeneratorProcess } from './load/generator-process.js';
import type { Target } from './target/target.js';

/** What a user may change of a scenario. */
export interface Changes {
  readonly recordSize?: number;
  readonly partitions?: number;
  readonly compression?: ProduceShape['compression'];
  readonly acks?: number;
  /** MB a second that `end-to-end` produces. */
  readonly rate: number;
}

type Size = Omit<ProduceShape, 'address' | 'topic' | 'entryFormat'>;

/** A kind of load. */
export interface Scenario {
  readonly name: string;
  /** What a user should know of it. */
  readonly text: string;
  /** Its requests are so small that each of them counts, not its bytes. */
  readonly isSmall: boolean;
  readonly size: Size;
  /** Puts the load on that is to be measured; ordered last, it is the one that is marked. */
  begin(generator: GeneratorProcess, shape: ProduceShape, changes: Changes): Promise<void>;
}

/** What a fetch reads from: more than the brokers' own buffers, less than the page cache. */
const fetchedTopicBytes = 1.5e9;
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

async function produce(generator: GeneratorProcess, shape: ProduceShape): Promise<void> {
  await generator.obey({ order: 'produce', shape });
}

function readingOf(
  { address, topic, partitions }: ProduceShape,
  connections: number,
  atTail: boolean,
): FetchShape {
  return { address, topic, partitions, maxBytes: fetchedBytes, connections, atTail };
}

const all: readonly Scenario[] = [
  {
    name: 'produce',
    text: '1 KiB records in 62 KiB batches to 4 partitions, 2 connections with 4 requests in flight',
    isSmall: false,
    size: largeBatches,
    begin: produce,
  },
  {
    name: 'fetch',
    text: 'what was written before, 4 MiB a request, 2 connections',
    isSmall: false,
    size: largeBatches,
    async begin(generator, shape) {
      await generator.obey({ order: 'fill', shape, bytes: fetchedTopicBytes });
      const reading = readingOf(shape, Math.min(2, shape.partitions), false);
      await generator.obey({ order: 'fetch', shape: reading });
    },
  },
  {
    name: 'small',
    text: 'one record of 100 bytes a request, 64 connections with 1 request in flight',
    isSmall: true,
    size: { ...oneRecord, recordBytes: 100, batchBytes: 100, connections: 64 },
    begin: produce,
  },
  {
    name: 'latency',
    text: 'one record of 1 KiB a request, one request after the other',
    isSmall: true,
    size: oneRecord,
    begin: produce,
  },
  {
    name: 'latency-read',
    text: 'the same while somebody reads at the end of the topic',
    isSmall: true,
    size: oneRecord,
    async begin(generator, shape) {
      // Without Kopje the reader is of no interest: it only costs the broker what it costs.
      if (shape.address.protocol === 'kafka') {
        await generator.obey({ order: 'fetch', shape: readingOf(shape, 1, true) });
      }
      await produce(generator, shape);
    },
  },
  {
    name: 'end-to-end',
    text: 'large batches at a rate of their own, from when one was due to when it was fetched',
    isSmall: false,
    size: { ...largeBatches, connections: 1 },
    async begin(generator, shape, { rate }) {
      const bytesPerSend = shape.batchBytes * shape.partitions;
      const pace = { sendsPerSecond: (rate * megabyte) / bytesPerSend };
      const fetched = readingOf(shape, shape.partitions, true);
      await generator.obey({ order: 'end-to-end', produced: { ...shape, pace }, fetched });
    },
  },
];

export const scenarios: ReadonlyMap<string, Scenario> = new Map(
  all.map((scenario) => [scenario.name, scenario]),
);

/** Those that need a broker that speaks Kafka's protocol. */
export function canRun(scenario: Scenario, { address }: Target): boolean {
  return scenario.name !== 'end-to-end' || address.protocol === 'kafka';
}

/** A scenario's size with a user's changes. */
export function sizeOf(
  { size }: Scenario,
  { recordSize, partitions, compression, acks }: Changes,
): Size {
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
