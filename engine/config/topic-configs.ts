/** What a topic's own configs mean together with the broker's settings. */
import type { LogConfig } from '../../workers/ring/control.js';
import { InvalidConfig, parseConfigValue } from './config-value.js';
import { unlimited } from './kinds.js';
import { type Settings, settingOf } from './schema.js';
import { type TopicConfigDefinition, topicConfigTable } from './topic-config-table.js';

/** Configs set on a topic, by Kafka's name; only those that differ from the broker's. */
export type TopicOverrides = ReadonlyMap<string, string>;

const noConfigs: TopicOverrides = new Map();

/** The configs that a namespace may have: those that it passes on to its topics. */
export const namespaceConfigs: ReadonlySet<string> = new Set(['entry.format', 'pulsar.writers']);

/** Checks one config and returns its value as it is kept. Throws InvalidConfig with Kafka's message. */
export function parseTopicConfig(name: string, value: string): string {
  const definition = topicConfigTable.get(name);
  if (definition === undefined) throw new InvalidConfig(`Unknown topic config name: ${name}`);
  return parseConfigValue(definition, value);
}

/**
 * Checks all configs of a topic, one by one and together, and returns them as they are kept.
 * Unknown names are complained of first, as Kafka does. Throws InvalidConfig.
 */
export function parseTopicConfigs(
  given: Iterable<readonly [name: string, value: string]>,
  settings: Settings,
): Map<string, string> {
  const pairs = [...given];
  for (const [name] of pairs) {
    if (!topicConfigTable.has(name)) throw new InvalidConfig(`Unknown topic config name: ${name}`);
  }
  const overrides = new Map<string, string>();
  for (const [name, value] of pairs) overrides.set(name, parseTopicConfig(name, value));
  const { minCompactionLagMs, maxCompactionLagMs } = effectiveTopicConfig(overrides, settings);
  if (minCompactionLagMs > maxCompactionLagMs) {
    throw new InvalidConfig(
      `conflict topic config setting min.compaction.lag.ms (${minCompactionLagMs}) > ` +
        `max.compaction.lag.ms (${maxCompactionLagMs})`,
    );
  }
  for (const name of overrides.keys()) {
    if (isServed(topicConfigTable.get(name) as TopicConfigDefinition, settings)) continue;
    throw new InvalidConfig(
      `${name} has no meaning here: the broker keeps the records on its disk (backend=embedded).`,
    );
  }
  if (overrides.get('remote.storage.enable') === 'true') {
    throw new InvalidConfig(
      'Tiered Storage functionality is disabled in the broker. ' +
        'Topic cannot be configured with remote log storage.',
    );
  }
  return overrides;
}

/** False for a config that this broker does not have. */
export function isServed({ isOfPulsar }: TopicConfigDefinition, { backend }: Settings): boolean {
  return isOfPulsar !== true || backend !== 'embedded';
}

/** The default of a topic config under these settings, as Kafka prints it. */
export function topicConfigDefault(definition: TopicConfigDefinition, settings: Settings): string {
  if (definition.setting === undefined) return definition.fixedDefault ?? '';
  return settingOf(definition.setting).kind.format(settings[definition.setting]);
}

/** What the log of a topic with these configs obeys; `policy` is what its namespace says. */
export function effectiveTopicConfig(
  overrides: TopicOverrides,
  settings: Settings,
  policy: TopicOverrides = noConfigs,
): LogConfig {
  const effective = (name: string): string => {
    const own = overrides.get(name) ?? policy.get(name);
    if (own !== undefined) return own;
    return topicConfigDefault(topicConfigTable.get(name) as TopicConfigDefinition, settings);
  };
  const number = (name: string): number => {
    const value = Number(effective(name));
    return Math.max(-unlimited, Math.min(unlimited, value));
  };
  const policies = effective('cleanup.policy').split(',');
  const compressionType = effective('compression.type') as LogConfig['compressionType'];
  const level = topicConfigTable.has(`compression.${compressionType}.level`)
    ? number(`compression.${compressionType}.level`)
    : null;
  return {
    segmentBytes: number('segment.bytes'),
    segmentMs: number('segment.ms'),
    segmentJitterMs: number('segment.jitter.ms'),
    segmentIndexBytes: number('segment.index.bytes'),
    indexIntervalBytes: number('index.interval.bytes'),
    retentionMs: number('retention.ms'),
    retentionBytes: number('retention.bytes'),
    cleanupDelete: policies.includes('delete'),
    cleanupCompact: policies.includes('compact'),
    // A larger batch could be written and never be read.
    maxMessageBytes: Math.min(number('max.message.bytes'), settings.replyBytesPerWorker),
    compressionType,
    compressionLevel: level,
    timestampType: effective('message.timestamp.type') as LogConfig['timestampType'],
    timestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
    timestampAfterMaxMs: number('message.timestamp.after.max.ms'),
    minCompactionLagMs: number('min.compaction.lag.ms'),
    maxCompactionLagMs: number('max.compaction.lag.ms'),
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
    deleteRetentionMs: number('delete.retention.ms'),
    fileDeleteDelayMs: number('file.delete.delay.ms'),
    entryFormat: effective('entry.format') as LogConfig['entryFormat'],
    pulsarWriters: effective('pulsar.writers') === 'shared' ? 'shared' : 'exclusive',
  };
}
