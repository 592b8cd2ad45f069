import { integer } from '../kinds.js';
import { setting } from '../setting.js';

/** Consumer groups and their offsets. */
export const groups = {
  groupMinSessionTimeoutMs: setting({
    kind: integer(1),
    default: 6000,
    unit: 'ms',
    origin: 'KoP',
    kafkaName: 'group.min.session.timeout.ms',
    summary: 'Shortest session timeout that a group member may ask for.',
  }),
  groupMaxSessionTimeoutMs: setting({
    kind: integer(1),
    default: 1_800_000,
    unit: 'ms',
    origin: 'KoP',
    kafkaName: 'group.max.session.timeout.ms',
    summary: 'Longest session timeout that a group member may ask for.',
  }),
  groupInitialRebalanceDelayMs: setting({
    kind: integer(0),
    default: 3000,
    unit: 'ms',
    origin: 'KoP',
    kafkaName: 'group.initial.rebalance.delay.ms',
    summary: 'How long a new group waits for further members before its first assignment.',
  }),
  groupMaxSize: setting({
    kind: integer(1),
    default: 2_147_483_647,
    origin: 'Kafka',
    kafkaName: 'group.max.size',
    summary: 'Most members of a group.',
  }),
  offsetsTopicNumPartitions: setting({
    kind: integer(1, 10_000),
    default: 50,
    origin: 'KoP',
    kafkaName: 'offsets.topic.num.partitions',
    summary: 'Partitions of __consumer_offsets; fixed once that topic exists.',
  }),
  offsetsTopicSegmentBytes: setting({
    kind: integer(1_048_576),
    default: 104_857_600,
    unit: 'bytes',
    origin: 'Kafka',
    kafkaName: 'offsets.topic.segment.bytes',
    summary: 'Segment size of __consumer_offsets.',
  }),
  offsetsRetentionMinutes: setting({
    kind: integer(1),
    default: 10_080,
    unit: 'minutes',
    origin: 'KoP',
    kafkaName: 'offsets.retention.minutes',
    summary: 'How long the offsets of a group without members are kept.',
  }),
  offsetsRetentionCheckIntervalMs: setting({
    kind: integer(1),
    default: 600_000,
    unit: 'ms',
    origin: 'KoP',
    kafkaName: 'offsets.retention.check.interval.ms',
    summary: 'How often offsets past their retention are looked for.',
  }),
  offsetMetadataMaxSize: setting({
    kind: integer(0),
    default: 4096,
    unit: 'bytes',
    origin: 'KoP',
    kafkaName: 'offset.metadata.max.bytes',
    summary: 'Longest metadata text of a committed offset.',
  }),
};
