import t from 'tap';
import { checkBatchLimit } from '../../../engine/config/batch-limit.js';
import { InvalidConfig } from '../../../engine/config/config-value.js';
import {
  configSource,
  describeBrokerConfigs,
  describeTopicConfigs,
} from '../../../engine/config/described-config.js';
import { defaultSettings } from '../../../engine/config/schema.js';
import { topicConfigTable } from '../../../engine/config/topic-config-table.js';
import {
  effectiveTopicConfig,
  parseTopicConfig,
  parseTopicConfigs,
} from '../../../engine/config/topic-configs.js';

const settings = defaultSettings();

/** The value as kept, or the message of the refusal. */
function outcome(name: string, value: string): string {
  try {
    return parseTopicConfig(name, value);
  } catch (error) {
    if (error instanceof InvalidConfig) return error.message;
    throw error;
  }
}

// Each pair was put to the validation of Kafka 4.4.0 itself; what follows is its answer.
const accepted: readonly [string, string, string][] = [
  ['retention.bytes', '-99', '-99'],
  ['retention.ms', '+5', '5'],
  ['retention.ms', ' 5 ', '5'],
  ['retention.ms', '9223372036854775807', '9223372036854775807'],
  ['cleanup.policy', '', ''],
  ['cleanup.policy', 'delete, compact', 'delete,compact'],
  ['min.cleanable.dirty.ratio', '1e-1', '0.1'],
  ['min.cleanable.dirty.ratio', '1', '1.0'],
  ['preallocate', 'TRUE', 'true'],
  ['compression.type', ' gzip ', 'gzip'],
  ['compression.gzip.level', '-1', '-1'],
  ['leader.replication.throttled.replicas', '*', '*'],
  ['leader.replication.throttled.replicas', '1:2,2:3', '1:2,2:3'],
  ['leader.replication.throttled.replicas', '1:2, ,', '1:2'],
  ['leader.replication.throttled.replicas', ',', ''],
  ['errors.deadletterqueue.group.enable', 'true', 'true'],
];

const refused: readonly [string, string, string][] = [
  [
    'retention.ms',
    'abc',
    'Invalid value abc for configuration retention.ms: Not a number of type LONG',
  ],
  ['retention.ms', '', 'Invalid value  for configuration retention.ms: Not a number of type LONG'],
  [
    'retention.ms',
    '-2',
    'Invalid value -2 for configuration retention.ms: Value must be at least -1',
  ],
  [
    'retention.ms',
    '99999999999999999999',
    'Invalid value 99999999999999999999 for configuration retention.ms: Not a number of type LONG',
  ],
  [
    'segment.bytes',
    '99999999999',
    'Invalid value 99999999999 for configuration segment.bytes: Not a number of type INT',
  ],
  [
    'segment.bytes',
    '1',
    'Invalid value 1 for configuration segment.bytes: Value must be at least 1048576',
  ],
  [
    'cleanup.policy',
    'delete,foo',
    'Invalid value foo for configuration cleanup.policy: String must be one of: compact, delete',
  ],
  ['cleanup.policy', 'delete,,compact', "Configuration 'cleanup.policy' values must not be empty."],
  [
    'min.cleanable.dirty.ratio',
    '2',
    'Invalid value 2.0 for configuration min.cleanable.dirty.ratio: Value must be no more than 1',
  ],
  [
    'preallocate',
    '1',
    'Invalid value 1 for configuration preallocate: Expected value to be either true or false',
  ],
  [
    'message.timestamp.type',
    'x',
    'Invalid value x for configuration message.timestamp.type: String must be one of: CreateTime, LogAppendTime',
  ],
  [
    'compression.gzip.level',
    '0',
    'Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1',
  ],
  [
    'compression.zstd.level',
    '99',
    'Invalid value 99 for configuration compression.zstd.level: Value must be no more than 22',
  ],
  [
    'leader.replication.throttled.replicas',
    '1:2,*',
    'Invalid value [1:2, *] for configuration leader.replication.throttled.replicas: ' +
      "leader.replication.throttled.replicas must be the literal '*' or a list of replicas in the " +
      'following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...',
  ],
  ['nosuch', '1', 'Unknown topic config name: nosuch'],
];

t.test("values are judged as Kafka's own validation judges them", async (t) => {
  for (const [name, value, kept] of accepted)
    t.equal(outcome(name, value), kept, `${name}=${value}`);
  for (const [name, value, said] of refused)
    t.equal(outcome(name, value), said, `${name}=${value}`);
});

t.test('every default is a value that is allowed', async (t) => {
  for (const { name, value, source } of describeTopicConfigs(
    { overrides: new Map(), policy: new Map() },
    settings,
  )) {
    t.doesNotThrow(() => parseTopicConfig(name, value), `${name}=${value}`);
    t.equal(source, configSource.default, name);
  }
});

t.test('configs that contradict each other', async (t) => {
  const lags = new Map([
    ['min.compaction.lag.ms', '10'],
    ['max.compaction.lag.ms', '5'],
  ]);
  t.throws(() => parseTopicConfigs(lags, settings), {
    message: 'conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)',
  });
  const unknownFirst = new Map([
    ['retention.ms', 'x'],
    ['a.b', '1'],
  ]);
  t.throws(() => parseTopicConfigs(unknownFirst, settings), {
    message: 'Unknown topic config name: a.b',
  });
  const remote = new Map([['remote.storage.enable', 'true']]);
  t.throws(() => parseTopicConfigs(remote, settings), { message: /Tiered Storage .* disabled/ });
});

t.test('the log obeys overrides over settings', async (t) => {
  const plain = effectiveTopicConfig(new Map(), settings);
  t.match(plain, {
    segmentBytes: 1_073_741_824,
    retentionMs: 604_800_000,
    retentionBytes: -1,
    cleanupDelete: true,
    cleanupCompact: false,
    maxMessageBytes: 1_048_588,
    compressionType: 'producer',
    compressionLevel: null,
    timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
    minCleanableDirtyRatio: 0.5,
  });
  const overrides = parseTopicConfigs(
    new Map([
      ['cleanup.policy', 'compact'],
      ['compression.type', 'zstd'],
      ['retention.ms', '9223372036854775807'],
      ['message.timestamp.type', 'LogAppendTime'],
    ]),
    settings,
  );
  t.match(effectiveTopicConfig(overrides, { ...settings, logSegmentBytes: 2_000_000 }), {
    segmentBytes: 2_000_000,
    retentionMs: Number.MAX_SAFE_INTEGER,
    cleanupDelete: false,
    cleanupCompact: true,
    compressionType: 'zstd',
    compressionLevel: 3,
    timestampType: 'LogAppendTime',
  });
});

t.test('topic configs are described with source and synonyms', async (t) => {
  const given = { ...settings, logRetentionMs: 1000 };
  const described = describeTopicConfigs(
    { overrides: new Map([['retention.ms', '5']]), policy: new Map() },
    given,
  );
  const ofPulsar = [...topicConfigTable.values()].filter(({ isOfPulsar }) => isOfPulsar);
  t.equal(described.length, topicConfigTable.size - ofPulsar.length);
  const retention = described.find(({ name }) => name === 'retention.ms');
  t.equal(retention?.value, '5');
  t.equal(retention?.source, configSource.topic);
  t.strictSame(retention?.synonyms, [
    { name: 'retention.ms', value: '5', source: configSource.topic },
    { name: 'log.retention.ms', value: '1000', source: configSource.staticBroker },
  ]);
  const segment = described.find(({ name }) => name === 'segment.bytes');
  const standard = { name: 'log.segment.bytes', value: '1073741824', source: configSource.default };
  t.strictSame(segment?.synonyms, [standard]);
  t.strictSame(described.find(({ name }) => name === 'segment.ms')?.synonyms, []);
  const flush = described.find(({ name }) => name === 'flush.messages');
  t.match(flush?.documentation, /^Without effect\./);
});

t.test("the broker's configs have Kafka's names", async (t) => {
  const described = describeBrokerConfigs({ ...settings, numPartitions: 7 });
  const configOf = (name: string) => described.find((config) => config.name === name);
  t.match(configOf('num.partitions'), { value: '7', source: configSource.staticBroker });
  t.match(configOf('log.retention.ms'), { value: '604800000', source: configSource.default });
  t.match(configOf('advertised.listeners'), { value: 'PLAINTEXT://127.0.0.1:9092' });
  t.match(configOf('node.id'), { value: '1' });
  t.equal(new Set(described.map(({ name }) => name)).size, described.length, 'each name once');
  t.ok(described.every(({ isReadOnly }) => isReadOnly));
});

t.test('no batch is taken that the reply memory could not hold', (t) => {
  const overrides = new Map([['max.message.bytes', '100000000']]);
  const { maxMessageBytes } = effectiveTopicConfig(overrides, settings);
  t.equal(maxMessageBytes, settings.replyBytesPerWorker);
  t.end();
});

t.test('what the storage takes bounds max.message.bytes', async (t) => {
  const of = (bytes: number) => new Map([['max.message.bytes', String(bytes)]]);
  t.throws(() => checkBatchLimit(new Map(), of(1_001), 1_000), {
    message: /^Invalid value 1001 for configuration max.message.bytes: .* no more than 1000 bytes/,
  });
  t.doesNotThrow(() => checkBatchLimit(new Map(), of(1_000), 1_000));
  t.doesNotThrow(() => checkBatchLimit(of(2_000), of(2_000), 1_000), 'from before');
  const shown = (bytes: number | null) => {
    const overrides = bytes === null ? new Map() : of(bytes);
    const configs = describeTopicConfigs({ overrides, policy: new Map() }, settings, 5_000);
    return configs.find(({ name }) => name === 'max.message.bytes')?.value;
  };
  t.strictSame([shown(null), shown(6_000), shown(4_000)], ['5000', '5000', '4000']);
});

t.test('what is of Pulsar alone is refused where the records are on disk', async (t) => {
  const writers = [['pulsar.writers', 'shared']] as const;
  const refused = /pulsar\.writers has no meaning here: .* on its disk/;
  t.throws(() => parseTopicConfigs(writers, defaultSettings()), refused);
  const onPulsar = { ...defaultSettings(), backend: 'pulsar://host:6650' };
  t.equal(parseTopicConfigs(writers, onPulsar).get('pulsar.writers'), 'shared');
});
