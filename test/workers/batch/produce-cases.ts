import type { LogConfig } from '../../../workers/log/log.js';
import { type BatchRecord, type BatchShape, buildBatch, codecs, seal } from './build-batch.js';

/** Record sets sent one after the other to a topic of their own; what the real Kafka answers is golden. */
export interface ProduceCase {
  readonly name: string;
  /** Settings of the topic, under Kafka's names. */
  readonly topic?: Readonly<Record<string, string>>;
  /** The same settings as a log has them. */
  readonly config?: Partial<LogConfig>;
  readonly version?: number;
  readonly sends: (nowMs: number) => Uint8Array[];
}

const idempotent = { producerId: 4_000_000_000, producerEpoch: 3, baseSequence: 0 };

function at(nowMs: number, shape: BatchShape = {}): Uint8Array {
  return buildBatch({ baseTimestamp: nowMs, ...shape });
}

/** A sound batch with bytes changed afterwards; `resealed` makes the CRC right again. */
function changed(
  nowMs: number,
  change: (batch: Buffer) => void,
  resealed: boolean,
  shape: BatchShape = {},
): Buffer {
  const batch = Buffer.from(at(nowMs, shape));
  change(batch);
  if (resealed) seal(batch);
  return batch;
}

const keyed = (count: number): BatchRecord[] =>
  Array.from({ length: count }, (_, index) => ({ key: `key-${index}`, value: 'x'.repeat(40) }));

function withProducer(nowMs: number, sequence: number, shape: BatchShape = {}): Uint8Array {
  return at(nowMs, { ...idempotent, baseSequence: sequence, ...shape });
}

const day = 86_400_000;
const compacted = {
  topic: { 'cleanup.policy': 'compact' },
  config: { cleanupCompact: true, cleanupDelete: false },
};
const appendTime = {
  topic: { 'message.timestamp.type': 'LogAppendTime' },
  config: { timestampType: 'LogAppendTime' },
} as const;
const bounded = {
  topic: { 'message.timestamp.before.max.ms': `${day}`, 'message.timestamp.after.max.ms': '1000' },
  config: { timestampBeforeMaxMs: day, timestampAfterMaxMs: 1000 },
};

const envelope: ProduceCase[] = [
  { name: 'sound', sends: (now) => [at(now, { records: keyed(3) })] },
  { name: 'empty record set', sends: () => [new Uint8Array()] },
  { name: 'ten bytes', sends: (now) => [at(now).subarray(0, 10)] },
  { name: 'header only, cut', sends: (now) => [at(now).subarray(0, 61)] },
  { name: 'last byte missing', sends: (now) => [at(now).slice(0, -1)] },
  { name: 'two batches', sends: (now) => [Buffer.concat([at(now), at(now)])] },
  {
    name: 'a batch and trailing bytes',
    sends: (now) => [Buffer.concat([at(now), Buffer.alloc(7)])],
  },
  {
    name: 'a batch and enough bytes for a header without a length',
    sends: (now) => [Buffer.concat([at(now), Buffer.alloc(30)])],
  },
  {
    name: 'a batch and one with an unknown magic',
    sends: (now) => [Buffer.concat([at(now), at(now, { magic: 9 })])],
  },
  {
    name: 'a batch and a good part of another',
    sends: (now) => [Buffer.concat([at(now), at(now).subarray(0, 40)])],
  },
  { name: 'length field 0', sends: (now) => [changed(now, (b) => b.writeInt32BE(0, 8), false)] },
  { name: 'length field 20', sends: (now) => [changed(now, (b) => b.writeInt32BE(20, 8), false)] },
  { name: 'length negative', sends: (now) => [changed(now, (b) => b.writeInt32BE(-5, 8), false)] },
  { name: 'magic 0', sends: (now) => [at(now, { magic: 0 })] },
  { name: 'magic 1', sends: (now) => [at(now, { magic: 1 })] },
  { name: 'magic 3', sends: (now) => [at(now, { magic: 3 })] },
  { name: 'bad crc', sends: (now) => [changed(now, (b) => b.writeInt32BE(1, 17), false)] },
  { name: 'base offset 7', sends: (now) => [at(now, { baseOffset: 7 })] },
  {
    name: 'base offset 7 and bad crc',
    sends: (now) => [changed(now, (b) => b.writeInt32BE(1, 17), false, { baseOffset: 7 })],
  },
  {
    name: 'too large',
    topic: { 'max.message.bytes': '100' },
    config: { maxMessageBytes: 100 },
    sends: (now) => [at(now, { records: keyed(4) })],
  },
  {
    name: 'too large and bad crc',
    topic: { 'max.message.bytes': '100' },
    config: { maxMessageBytes: 100 },
    sends: (now) => [changed(now, (b) => b.writeInt32BE(1, 17), false, { records: keyed(4) })],
  },
  {
    name: 'larger than a segment',
    topic: { 'segment.bytes': '1048576', 'max.message.bytes': '4000000' },
    config: { segmentBytes: 1_048_576, maxMessageBytes: 4_000_000 },
    sends: (now) => [at(now, { records: [{ key: 'k', value: 'x'.repeat(1_100_000) }] })],
  },
];

const header: ProduceCase[] = [
  { name: 'count too high', sends: (now) => [at(now, { recordCount: 2, lastOffsetDelta: 1 })] },
  { name: 'count too low', sends: (now) => [at(now, { records: keyed(3), recordCount: 2 })] },
  {
    name: 'count and delta too low',
    sends: (now) => [at(now, { records: keyed(3), recordCount: 2, lastOffsetDelta: 1 })],
  },
  { name: 'delta too high', sends: (now) => [at(now, { lastOffsetDelta: 9 })] },
  { name: 'delta negative', sends: (now) => [at(now, { lastOffsetDelta: -3 })] },
  {
    name: 'no records',
    sends: (now) => [at(now, { records: [], recordCount: 0, lastOffsetDelta: -1 })],
  },
  { name: 'control batch', sends: (now) => [at(now, { attributes: 0x20 })] },
  { name: 'unknown compression', sends: (now) => [at(now, { attributes: 5 })] },
  { name: 'unused attribute', sends: (now) => [at(now, { attributes: 0x100 })] },
  {
    name: 'producer without sequence',
    sends: (now) => [withProducer(now, -1)],
  },
  {
    name: 'gzip that is none',
    sends: (now) => [changed(now, (b) => b.writeUInt16BE(1, 21), true, { records: keyed(9) })],
  },
  {
    name: 'gzip cut short',
    sends: (now) => [
      changed(now, (b) => b.fill(0, b.length - 40), true, { records: keyed(9), compression: 1 }),
    ],
  },
  {
    name: 'lz4 damaged',
    sends: (now) => [
      changed(now, (b) => b.fill(0x55, 70, 90), true, { records: keyed(9), compression: 3 }),
    ],
  },
  { name: 'record length lies', sends: (now) => [changed(now, (b) => b.writeInt8(2, 61), true)] },
  {
    name: 'key length lies',
    sends: (now) => [changed(now, (b) => b.writeInt8(100, 65), true)],
  },
  {
    name: 'offset deltas all 0',
    sends: (now) => [at(now, { records: keyed(3).map((record) => ({ ...record, delta: 0 })) })],
  },
  {
    name: 'offset deltas all 0, compressed',
    sends: (now) => [
      at(now, { records: keyed(3).map((record) => ({ ...record, delta: 0 })), compression: 1 }),
    ],
  },
  {
    name: 'transactional, without an id',
    sends: (now) => [withProducer(now, 0, { attributes: 0x10 })],
  },
];

const time: ProduceCase[] = [
  { name: 'max timestamp lies', sends: (now) => [at(now, { maxTimestamp: now - 5000 })] },
  {
    name: 'no timestamp',
    sends: () => [at(-1, { records: [{ key: 'k', timestamp: -1 }], maxTimestamp: 7 })],
  },
  { name: 'two hours ahead', sends: (now) => [at(now + 2 * 3_600_000)] },
  {
    ...bounded,
    name: 'some out of bounds',
    sends: (now) => [
      at(now, {
        records: [0, -2 * day, 5000, -1000].map((delta) => ({ key: 'k', timestamp: now + delta })),
      }),
    ],
  },
  {
    ...bounded,
    name: 'no timestamp within bounds',
    sends: () => [at(-1, { records: [{ key: 'k', timestamp: -1 }] })],
  },
  {
    ...bounded,
    name: 'out of bounds, compressed',
    sends: (now) => [
      at(now, {
        records: [0, -2 * day].map((delta) => ({ key: 'k', timestamp: now + delta })),
        compression: 4,
      }),
    ],
  },
  { ...appendTime, name: 'append time', sends: (now) => [at(now - 5000, { records: keyed(2) })] },
  {
    ...appendTime,
    name: 'append time, compressed',
    sends: (now) => [at(now - 5000, { records: keyed(2), compression: 2 })],
  },
  {
    ...appendTime,
    name: 'append time set by the client',
    sends: (now) => [at(now, { attributes: 8, records: keyed(2) })],
  },
  {
    name: 'append time set by the client for create time',
    sends: (now) => [at(now, { attributes: 8, records: keyed(2), maxTimestamp: now + 20 })],
  },
];

const topicRules: ProduceCase[] = [
  {
    ...compacted,
    name: 'keyless on a compacted topic',
    sends: (now) => [at(now, { records: [{ key: 'a' }, {}, { key: null }, { key: 'b' }, {}, {}] })],
  },
  {
    ...compacted,
    name: 'keyless and compressed on a compacted topic',
    sends: (now) => [at(now, { records: [{ key: 'a' }, {}], compression: 3 })],
  },
  {
    name: 'recompressed',
    topic: { 'compression.type': 'gzip' },
    config: { compressionType: 'gzip' },
    sends: (now) => [at(now, { records: keyed(20), compression: 3 })],
  },
  {
    name: 'decompressed',
    topic: { 'compression.type': 'uncompressed' },
    config: { compressionType: 'uncompressed' },
    sends: (now) => [at(now, { records: keyed(20), compression: 4 })],
  },
  {
    name: 'compressed',
    topic: { 'compression.type': 'snappy' },
    config: { compressionType: 'snappy' },
    sends: (now) => [at(now, { records: keyed(20) })],
  },
  {
    name: 'too large once decompressed',
    topic: { 'compression.type': 'uncompressed', 'max.message.bytes': '400' },
    config: { compressionType: 'uncompressed', maxMessageBytes: 400 },
    sends: (now) => [at(now, { records: keyed(20), compression: 4 })],
  },
  {
    name: 'zstd before version 7',
    version: 6,
    sends: (now) => [at(now, { records: keyed(2), compression: 4 })],
  },
];

const maxSequence = 2 ** 31 - 1;

const sequences: ProduceCase[] = [
  {
    name: 'in order',
    sends: (now) => [
      withProducer(now, 0, { records: keyed(3) }),
      withProducer(now, 3),
      withProducer(now, 4),
    ],
  },
  { name: 'duplicate', sends: (now) => [withProducer(now, 0), withProducer(now, 0)] },
  {
    name: 'duplicate of the fifth last',
    sends: (now) => [0, 1, 2, 3, 4, 0].map((sequence) => withProducer(now + sequence, sequence)),
  },
  {
    name: 'duplicate of the sixth last',
    sends: (now) => [0, 1, 2, 3, 4, 5, 0].map((sequence) => withProducer(now + sequence, sequence)),
  },
  {
    name: 'part of a duplicate',
    sends: (now) => [
      withProducer(now, 0, { records: keyed(3) }),
      withProducer(now, 0, { records: keyed(2) }),
      withProducer(now, 1, { records: keyed(2) }),
    ],
  },
  { name: 'gap', sends: (now) => [withProducer(now, 0), withProducer(now, 2)] },
  { name: 'unknown producer starts high', sends: (now) => [withProducer(now, 77)] },
  {
    name: 'old epoch',
    sends: (now) => [withProducer(now, 0), withProducer(now, 0, { producerEpoch: 2 })],
  },
  {
    name: 'new epoch from 0',
    sends: (now) => [
      withProducer(now, 0),
      withProducer(now, 0, { producerEpoch: 4 }),
      withProducer(now, 0),
    ],
  },
  {
    name: 'new epoch, not from 0',
    sends: (now) => [withProducer(now, 0), withProducer(now, 1, { producerEpoch: 4 })],
  },
  {
    name: 'sequence wraps',
    sends: (now) => [
      withProducer(now, maxSequence - 1, { records: keyed(4) }),
      withProducer(now, 2),
      withProducer(now, maxSequence - 1, { records: keyed(4) }),
    ],
  },
  {
    name: 'sequence wraps at a boundary',
    sends: (now) => [withProducer(now, maxSequence), withProducer(now, 0), withProducer(now, 1)],
  },
  {
    name: 'sequence after the end is not 0',
    sends: (now) => [withProducer(now, maxSequence), withProducer(now, 1)],
  },
  {
    name: 'a bad batch leaves the sequence',
    sends: (now) => [
      withProducer(now, 0),
      changed(now, (b) => b.writeInt32BE(1, 17), false, { ...idempotent, baseSequence: 1 }),
      withProducer(now, 1),
    ],
  },
  {
    ...appendTime,
    name: 'duplicate with append time',
    sends: (now) => [withProducer(now - 9000, 0), withProducer(now - 9000, 0)],
  },
  {
    name: 'epoch without sequence or id',
    sends: (now) => [at(now, { producerEpoch: 5, baseSequence: 9 })],
  },
  {
    name: 'negative epoch',
    sends: (now) => [withProducer(now, 0, { producerEpoch: -1 })],
  },
];

export const produceCases: ProduceCase[] = [
  ...envelope,
  ...header,
  ...time,
  ...topicRules,
  ...sequences,
];

/** How a stored batch differs from what was sent: what both Kafka and we change. */
export interface StoredFacts {
  attributes: number;
  /** `append` with LogAppendTime, else ms after the time of sending (-1 stays -1). */
  maxTimestamp: number | 'append' | 'none';
  lastOffsetDelta: number;
  records: number;
  soundCrc: boolean;
}

export function storedFacts(batch: Uint8Array, nowMs: number, appendTimeMs: number): StoredFacts {
  const bytes = Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength);
  const greatest = Number(bytes.readBigInt64BE(35));
  let maxTimestampFact: StoredFacts['maxTimestamp'] = greatest - nowMs;
  if (greatest === -1) maxTimestampFact = 'none';
  else if (greatest === appendTimeMs) maxTimestampFact = 'append';
  return {
    attributes: bytes.readInt16BE(21),
    maxTimestamp: maxTimestampFact,
    lastOffsetDelta: bytes.readInt32BE(23),
    records: bytes.readInt32BE(57),
    soundCrc: codecs.crc32c(bytes, 21, bytes.length) === bytes.readUInt32BE(17),
  };
}

/** One answer of Produce as far as it does not depend on the clock. */
export interface ProduceAnswer {
  errorCode: number;
  baseOffset: number;
  /** `duplicate`: the time of the batch that was repeated. */
  appendTime: 'none' | 'set';
  logStartOffset: number;
  recordErrors: number[];
  hasMessage: boolean;
}

export interface CaseAnswer {
  name: string;
  answers: ProduceAnswer[];
  /** Of the first batch in the log, null if there is none. */
  stored: StoredFacts | null;
}
