/** Every topic config of Kafka 4.4, as its LogConfig defines them, and Kopje's own. */
import type { ConfigDomain } from './config-value.js';
import type { SettingName } from './schema.js';

export interface TopicConfigDefinition extends ConfigDomain {
  /** The setting that gives the default; without one the default is fixed. */
  readonly setting?: SettingName;
  readonly fixedDefault?: string;
  /** Kafka's broker config with this meaning; null where Kafka has none. */
  readonly serverName: string | null;
  /** False: accepted, kept and shown, but nothing obeys it. */
  readonly hasEffect: boolean;
  /** There is no such config where the records are on the broker's disk. */
  readonly isOfPulsar?: true;
  readonly summary: string;
}

const longMax = '9223372036854775807';

/** A config that the log obeys; its default is a setting. */
const obeyed = (
  domain: ConfigDomain,
  setting: SettingName,
  serverName: string,
  summary: string,
): TopicConfigDefinition => ({ ...domain, setting, serverName, hasEffect: true, summary });

/** A config without effect. */
const idle = (
  domain: ConfigDomain,
  fixedDefault: string,
  serverName: string | null,
  summary: string,
): TopicConfigDefinition => ({ ...domain, fixedDefault, serverName, hasEffect: false, summary });

const tiered = 'Tiered storage, which Kopje has not.';
const replication = 'Replication between brokers, which Kopje has not.';

const records: readonly TopicConfigDefinition[] = [
  {
    name: 'entry.format',
    type: 'string',
    words: ['kafka', 'mixed_kafka', 'pulsar'],
    setting: 'entryFormat',
    serverName: null,
    hasEffect: true,
    summary: "Format in which batches are stored from now on; Kopje's own.",
  },
  {
    name: 'pulsar.writers',
    type: 'string',
    words: ['format', 'exclusive', 'shared'],
    setting: 'pulsarWriters',
    serverName: null,
    hasEffect: true,
    isOfPulsar: true,
    summary:
      'On Pulsar, who writes to the topic: Kopje alone (exclusive), or ordinary Pulsar producers as well (shared); format: ' +
      "as its format said when it was served for the first time. Kopje's own.",
  },
  obeyed(
    {
      name: 'compression.type',
      type: 'string',
      words: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'],
    },
    'compressionType',
    'compression.type',
    'Codec that batches are stored in; producer keeps what the producer chose.',
  ),
  obeyed(
    { name: 'compression.gzip.level', type: 'int', min: 1, max: 9, special: -1 },
    'compressionGzipLevel',
    'compression.gzip.level',
    'Level where the broker compresses with gzip.',
  ),
  obeyed(
    { name: 'compression.lz4.level', type: 'int', min: 1, max: 17 },
    'compressionLz4Level',
    'compression.lz4.level',
    'Level where the broker compresses with lz4.',
  ),
  obeyed(
    { name: 'compression.zstd.level', type: 'int', min: -131_072, max: 22 },
    'compressionZstdLevel',
    'compression.zstd.level',
    'Level where the broker compresses with zstd.',
  ),
  obeyed(
    { name: 'max.message.bytes', type: 'int', min: 0 },
    'messageMaxBytes',
    'message.max.bytes',
    'Largest record batch that is accepted.',
  ),
  idle(
    { name: 'max.decompressed.message.bytes', type: 'int', min: 1, max: 2_147_483_639 },
    '2147483639',
    'max.decompressed.message.bytes',
    'The setting maxInflatedBytes bounds what batches inflate to, for all topics alike.',
  ),
  obeyed(
    { name: 'message.timestamp.type', type: 'string', words: ['CreateTime', 'LogAppendTime'] },
    'logMessageTimestampType',
    'log.message.timestamp.type',
    "Whose clock timestamps are from: the producer's or the broker's.",
  ),
  obeyed(
    { name: 'message.timestamp.before.max.ms', type: 'long', min: 0 },
    'logMessageTimestampBeforeMaxMs',
    'log.message.timestamp.before.max.ms',
    'How far before now a timestamp may lie.',
  ),
  obeyed(
    { name: 'message.timestamp.after.max.ms', type: 'long', min: 0 },
    'logMessageTimestampAfterMaxMs',
    'log.message.timestamp.after.max.ms',
    'How far after now a timestamp may lie.',
  ),
];

const segments: readonly TopicConfigDefinition[] = [
  obeyed(
    { name: 'segment.bytes', type: 'int', min: 1_048_576 },
    'logSegmentBytes',
    'log.segment.bytes',
    'Size at which a new segment is begun.',
  ),
  obeyed(
    { name: 'segment.ms', type: 'long', min: 1 },
    'logRollMs',
    'log.roll.ms',
    'Age at which a new segment is begun.',
  ),
  obeyed(
    { name: 'segment.jitter.ms', type: 'long', min: 0 },
    'logRollJitterMs',
    'log.roll.jitter.ms',
    'Most that is taken at random from segment.ms.',
  ),
  obeyed(
    { name: 'segment.index.bytes', type: 'int', min: 4 },
    'logIndexSizeMaxBytes',
    'log.index.size.max.bytes',
    'Largest offset index of a segment.',
  ),
  obeyed(
    { name: 'index.interval.bytes', type: 'int', min: 0 },
    'logIndexIntervalBytes',
    'log.index.interval.bytes',
    'Record bytes between two entries of the offset index.',
  ),
  obeyed(
    { name: 'file.delete.delay.ms', type: 'long', min: 0 },
    'logSegmentDeleteDelayMs',
    'log.segment.delete.delay.ms',
    'How long the files of a deleted segment stay.',
  ),
  idle(
    { name: 'preallocate', type: 'boolean' },
    'false',
    'log.preallocate',
    'Files grow as they are written.',
  ),
  idle(
    { name: 'flush.messages', type: 'long', min: 1 },
    longMax,
    'log.flush.interval.messages',
    'The setting durability decides when records are synced.',
  ),
  idle(
    { name: 'flush.ms', type: 'long', min: 0 },
    longMax,
    'log.flush.interval.ms',
    'The setting durability decides when records are synced.',
  ),
];

const cleanup: readonly TopicConfigDefinition[] = [
  obeyed(
    { name: 'cleanup.policy', type: 'list', words: ['compact', 'delete'] },
    'logCleanupPolicy',
    'log.cleanup.policy',
    'What happens to old segments: deleted, compacted by key, both; empty: neither.',
  ),
  obeyed(
    { name: 'retention.ms', type: 'long', min: -1 },
    'logRetentionMs',
    'log.retention.ms',
    'Age at which segments are deleted; -1 keeps them.',
  ),
  obeyed(
    { name: 'retention.bytes', type: 'long' },
    'logRetentionBytes',
    'log.retention.bytes',
    'Size of a partition beyond which its oldest segments are deleted; -1: no limit.',
  ),
  obeyed(
    { name: 'delete.retention.ms', type: 'long', min: 0 },
    'logCleanerDeleteRetentionMs',
    'log.cleaner.delete.retention.ms',
    'How long a tombstone stays readable after it was compacted.',
  ),
  obeyed(
    { name: 'min.cleanable.dirty.ratio', type: 'double', min: 0, max: 1 },
    'logCleanerMinCleanableRatio',
    'log.cleaner.min.cleanable.ratio',
    'Share of a log not yet compacted at which compaction begins.',
  ),
  obeyed(
    { name: 'min.compaction.lag.ms', type: 'long', min: 0 },
    'logCleanerMinCompactionLagMs',
    'log.cleaner.min.compaction.lag.ms',
    'Age before which a record is not compacted away.',
  ),
  obeyed(
    { name: 'max.compaction.lag.ms', type: 'long', min: 1 },
    'logCleanerMaxCompactionLagMs',
    'log.cleaner.max.compaction.lag.ms',
    'Age at which a record is compacted however little there is to clean.',
  ),
];

const absent: readonly TopicConfigDefinition[] = [
  idle(
    { name: 'errors.deadletterqueue.group.enable', type: 'boolean' },
    'false',
    null,
    'Share groups, which arrive later.',
  ),
  idle(
    { name: 'follower.replication.throttled.replicas', type: 'replicas' },
    '',
    null,
    replication,
  ),
  idle({ name: 'leader.replication.throttled.replicas', type: 'replicas' }, '', null, replication),
  idle(
    { name: 'local.retention.bytes', type: 'long', min: -2 },
    '-2',
    'log.local.retention.bytes',
    tiered,
  ),
  idle(
    { name: 'local.retention.ms', type: 'long', min: -2 },
    '-2',
    'log.local.retention.ms',
    tiered,
  ),
  idle(
    { name: 'min.insync.replicas', type: 'int', min: 1 },
    '1',
    'min.insync.replicas',
    'Every partition has one replica; its durability is the setting durability.',
  ),
  idle(
    { name: 'remote.copy.lag.bytes', type: 'long', min: -1 },
    '-1',
    'log.remote.copy.lag.bytes',
    tiered,
  ),
  idle(
    { name: 'remote.copy.lag.ms', type: 'long', min: -1 },
    '0',
    'log.remote.copy.lag.ms',
    tiered,
  ),
  idle({ name: 'remote.log.copy.disable', type: 'boolean' }, 'false', null, tiered),
  idle({ name: 'remote.log.delete.on.disable', type: 'boolean' }, 'false', null, tiered),
  idle({ name: 'remote.storage.enable', type: 'boolean' }, 'false', null, tiered),
  idle(
    { name: 'unclean.leader.election.enable', type: 'boolean' },
    'false',
    'unclean.leader.election.enable',
    replication,
  ),
];

/** By name, in alphabetical order. */
export const topicConfigTable: ReadonlyMap<string, TopicConfigDefinition> = new Map(
  [...records, ...segments, ...cleanup, ...absent]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((definition) => [definition.name, definition]),
);
