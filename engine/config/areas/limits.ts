import { availableParallelism } from 'node:os';
import { boolean, integer, integerOr, powerOfTwo, unlimited } from '../kinds.js';
import { setting } from '../setting.js';

const mebibyte = 1_048_576;
/** Beyond this the event loop is the limit, not the partition threads. */
const mostDefaultWorkers = 8;

/** Threads, memory and connections: every bound that a machine's size may ask to move. */
export const limits = {
  workers: setting({
    kind: integer(1, 64),
    default: () => Math.min(availableParallelism(), mostDefaultWorkers),
    defaultText: 'cores, at most 8',
    origin: 'Kopje',
    summary: 'Partition threads; each partition belongs to one of them.',
  }),
  ringSlots: setting({
    kind: powerOfTwo(64, 65_536),
    default: 4096,
    origin: 'Kopje',
    summary: 'Slots of the ring to and from each partition thread.',
  }),
  landingBytes: setting({
    kind: integer(4 * mebibyte),
    default: 128 * mebibyte,
    unit: 'bytes',
    origin: 'Kopje',
    summary: 'Memory that requests are read into, all connections together.',
  }),
  smallFrameBytes: setting({
    kind: integer(mebibyte),
    default: 8 * mebibyte,
    unit: 'bytes',
    origin: 'Kopje',
    summary: 'Memory kept back for small requests, so that heartbeats and commits pass under load.',
  }),
  replyBytesPerWorker: setting({
    kind: integer(4 * mebibyte),
    default: 64 * mebibyte,
    unit: 'bytes',
    origin: 'Kopje',
    summary: 'Memory of each partition thread that fetched records are read into.',
  }),
  maxReplyBytesPerConnection: setting({
    kind: integer(mebibyte),
    default: 4 * mebibyte,
    unit: 'bytes',
    origin: 'Kopje',
    summary: 'Records are read for a connection only while it has less than this unsent.',
  }),
  maxPartitions: setting({
    kind: integer(1, 1_048_576),
    default: 16_384,
    origin: 'Kopje',
    summary: 'Most partitions that this broker holds.',
  }),
  maxConnections: setting({
    kind: integer(1),
    default: 16_384,
    origin: 'Kafka',
    kafkaName: 'max.connections',
    summary: 'Most client connections at a time; further ones are closed at once.',
  }),
  maxQueuedRequests: setting({
    kind: integer(1, 65_536),
    default: 500,
    origin: 'KoP',
    kafkaName: 'queued.max.requests',
    summary: 'Most unanswered requests of one connection before it is read no further.',
  }),
  requestTimeoutMs: setting({
    kind: integer(1),
    default: 30_000,
    unit: 'ms',
    origin: 'KoP',
    kafkaName: 'request.timeout.ms',
    summary:
      'A half-read request or a reply that moves no further for this long ends the connection.',
  }),
  connectionMaxIdleMs: setting({
    kind: integer(1, unlimited),
    default: 600_000,
    unit: 'ms',
    origin: 'KoP',
    kafkaName: 'connections.max.idle.ms',
    summary: 'A connection without a request for this long is closed.',
  }),
  socketRequestMaxBytes: setting({
    kind: integer(65_536),
    default: 104_857_600,
    unit: 'bytes',
    origin: 'Kafka',
    kafkaName: 'socket.request.max.bytes',
    summary: 'Longest request; a longer one closes the connection.',
  }),
  socketSendBufferBytes: setting({
    kind: integerOr(-1, 4096, 1_073_741_824),
    default: 262_144,
    unit: 'bytes',
    origin: 'Kafka',
    kafkaName: 'socket.send.buffer.bytes',
    summary:
      "A connection's send buffer in the kernel; -1 lets the kernel choose. A distant client gets at most this much " +
      'in a round trip. Without the addon the kernel chooses.',
  }),
  fetchMaxBytes: setting({
    kind: integer(1024),
    default: 57_671_680,
    unit: 'bytes',
    origin: 'Kafka',
    kafkaName: 'fetch.max.bytes',
    summary: 'Most record bytes in one fetch response, whatever the client asks for.',
  }),
  maxIncrementalFetchSessionCacheSlots: setting({
    kind: integer(0),
    default: 1000,
    origin: 'Kafka',
    kafkaName: 'max.incremental.fetch.session.cache.slots',
    summary: 'Most fetch sessions (KIP-227) remembered.',
  }),
  maxRequestPartitionSizeLimit: setting({
    kind: integer(1),
    default: 2000,
    origin: 'Kafka',
    kafkaName: 'max.request.partition.size.limit',
    summary: 'Most partitions in one DescribeTopicPartitions response.',
  }),
  numPartitions: setting({
    kind: integer(1, 10_000),
    default: 1,
    origin: 'Kafka',
    kafkaName: 'num.partitions',
    summary: 'Partitions of a topic created without saying how many.',
  }),
  allowAutoTopicCreation: setting({
    kind: boolean,
    default: true,
    origin: 'KoP',
    kafkaName: 'auto.create.topics.enable',
    summary: 'Whether asking for an unknown topic by name creates it, if the client allows it.',
  }),
};
