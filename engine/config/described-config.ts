/** Configs as DescribeConfigs shows them: with their source and their synonyms. */
import { shownBatchLimit } from './batch-limit.js';
import { configTypeCodes } from './config-value.js';
import {
  defaultSettings,
  type SettingName,
  type Settings,
  settingNames,
  settingOf,
} from './schema.js';
import { type TopicConfigDefinition, topicConfigTable } from './topic-config-table.js';
import { isServed, type TopicOverrides, topicConfigDefault } from './topic-configs.js';

/** DescribeConfigs' numbers for where a value comes from. */
/** A namespace's are told as defaults that change while a broker runs. */
export const configSource = { topic: 1, dynamicDefault: 3, staticBroker: 4, default: 5 } as const;
export type ConfigSource = (typeof configSource)[keyof typeof configSource];

export interface ConfigSynonym {
  readonly name: string;
  readonly value: string;
  readonly source: ConfigSource;
}

export interface DescribedConfig {
  readonly name: string;
  readonly value: string;
  readonly source: ConfigSource;
  readonly isReadOnly: boolean;
  /** KIP-569's number of the type. */
  readonly typeCode: number;
  readonly documentation: string;
  /** The value's source first, then what would hold without it. */
  readonly synonyms: readonly ConfigSynonym[];
}

/** Every config of a topic, by name; `maxBatchBytes` is what its storage takes. */
export function describeTopicConfigs(
  { overrides, policy }: { overrides: TopicOverrides; policy: TopicOverrides },
  settings: Settings,
  maxBatchBytes = Number.POSITIVE_INFINITY,
): DescribedConfig[] {
  const defaults = defaultSettings(settings.backend);
  const served = [...topicConfigTable.values()].filter((one) => isServed(one, settings));
  return served.map((definition) => {
    const synonyms = brokerSynonyms(definition, settings, defaults);
    const inherited = policy.get(definition.name);
    if (inherited !== undefined) {
      const { name } = definition;
      synonyms.unshift({ name, value: inherited, source: configSource.dynamicDefault });
    }
    const own = overrides.get(definition.name);
    if (own !== undefined) {
      synonyms.unshift({ name: definition.name, value: own, source: configSource.topic });
    }
    const value = own ?? inherited ?? topicConfigDefault(definition, settings);
    return {
      name: definition.name,
      value: shownBatchLimit(definition.name, value, maxBatchBytes),
      source: synonyms[0]?.source ?? configSource.default,
      isReadOnly: false,
      typeCode: configTypeCodes[definition.type],
      documentation: definition.hasEffect
        ? definition.summary
        : `Without effect. ${definition.summary}`,
      synonyms,
    };
  });
}

/** Kafka leaves these unset and has their values in other units, which are no synonyms. */
const unsetInKafka: ReadonlySet<string> = new Set([
  'log.flush.interval.ms',
  'log.retention.ms',
  'log.roll.ms',
  'log.roll.jitter.ms',
]);

function brokerSynonyms(
  definition: TopicConfigDefinition,
  settings: Settings,
  defaults: Settings,
): ConfigSynonym[] {
  const { serverName: name } = definition;
  if (name === null) return [];
  const value = topicConfigDefault(definition, settings);
  const standard = topicConfigDefault(definition, defaults);
  const synonyms: ConfigSynonym[] = unsetInKafka.has(name)
    ? []
    : [{ name, value: standard, source: configSource.default }];
  if (value !== standard) synonyms.unshift({ name, value, source: configSource.staticBroker });
  return synonyms;
}

const numericTypes: Readonly<Record<string, number>> = {
  integer: configTypeCodes.long,
  number: configTypeCodes.double,
  boolean: configTypeCodes.boolean,
  list: configTypeCodes.list,
};

/** Kafka configs of a broker that no setting stands for, with the value that Kopje's ways come to. */
const fixedBrokerConfigs: readonly (readonly [name: string, value: string, typeCode: number])[] = [
  ['default.replication.factor', '1', configTypeCodes.int],
  ['delete.topic.enable', 'true', configTypeCodes.boolean],
  ['log.cleaner.enable', 'true', configTypeCodes.boolean],
  ['min.insync.replicas', '1', configTypeCodes.int],
  ['offsets.topic.replication.factor', '1', configTypeCodes.int],
  ['unclean.leader.election.enable', 'false', configTypeCodes.boolean],
];

/**
 * The broker's configs under Kafka's names, by name. All are read-only: settings are changed in
 * the file, the environment or the flags.
 */
export function describeBrokerConfigs(settings: Settings): DescribedConfig[] {
  const defaults = defaultSettings();
  const described = settingNames
    .filter((name) => settingOf(name).kafkaName !== undefined)
    .map((name) => describeSetting(name, settings, defaults));
  described.push(readOnly('node.id', String(settings.brokerId), String(defaults.brokerId), 3, ''));
  described.push(
    readOnly('log.dirs', settings.dataDir, defaults.dataDir, configTypeCodes.list, ''),
  );
  for (const [name, value, typeCode] of fixedBrokerConfigs) {
    described.push(readOnly(name, value, value, typeCode, ''));
  }
  return described.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function describeSetting(
  name: SettingName,
  settings: Settings,
  defaults: Settings,
): DescribedConfig {
  const { kind, kafkaName = name, summary } = settingOf(name);
  const typeCode = numericTypes[kind.type] ?? configTypeCodes.string;
  // Kafka, too, fills in the listeners where no advertised ones are given.
  const isUnset = name === 'kafkaAdvertisedListeners' && settings[name].length === 0;
  const value = kind.format(settings[isUnset ? 'kafkaListeners' : name]);
  return readOnly(kafkaName, value, kind.format(defaults[name]), typeCode, summary);
}

function readOnly(
  name: string,
  value: string,
  standard: string,
  typeCode: number,
  documentation: string,
): DescribedConfig {
  const synonyms: ConfigSynonym[] = [{ name, value: standard, source: configSource.default }];
  if (value !== standard) synonyms.unshift({ name, value, source: configSource.staticBroker });
  const source = synonyms[0]?.source ?? configSource.default;
  return { name, value, source, isReadOnly: true, typeCode, documentation, synonyms };
}
