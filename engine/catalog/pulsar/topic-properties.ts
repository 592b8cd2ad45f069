/** What a topic's Kafka side comes to in Pulsar: its properties and its retention policy, and back. */
import { createHash } from 'node:crypto';
import type { LogConfig } from '../../../workers/ring/control.js';
import { InvalidConfig } from '../../config/config-value.js';
import { parseTopicConfig } from '../../config/topic-configs.js';
import type { NewTopic } from '../auto-topic.js';
import type { RetentionPolicy, StoredTopic } from './topic-admin.js';

/** KoP's name, as is that of the entry format. */
const idProperty = 'kafkaTopicUUID';
const entryFormat = { config: 'entry.format', property: 'kafkaEntryFormat' } as const;
/** Before the name of every other Kafka config that was set on the topic. */
const configPrefix = 'kopje.config.';

const msPerMinute = 60_000;
const bytesPerMebibyte = 1_048_576;
const maxInt32 = 2 ** 31 - 1;

export type Properties = StoredTopic['properties'];

export function propertiesOf(id: string, overrides: NewTopic['overrides']): Properties {
  return { ...idPropertyOf(id), ...configProperties(overrides) };
}

/** A topic id as KoP writes it: a UUID with dashes. */
export function idPropertyOf(id: string): Properties {
  const hex = Buffer.from(id, 'base64url').toString('hex');
  const [, ...groups] = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/.exec(hex) ?? [];
  return { [idProperty]: groups.join('-') };
}

/** The topic id in the properties; null if there is none, or it is no UUID. */
export function idOf(properties: Properties): string | null {
  const hex = (properties[idProperty] ?? '').replaceAll('-', '');
  return /^[0-9a-fA-F]{32}$/.test(hex) ? Buffer.from(hex, 'hex').toString('base64url') : null;
}

/** The id of a topic that has none: the same wherever it is made, and another one if the topic is made anew. */
export function derivedId(pulsarTopic: string, creationDate: string): string {
  const bytes = createHash('sha256').update(`${pulsarTopic}\n${creationDate}`).digest();
  // As a UUID of version 8, whose bits are whatever its maker likes, and which is never all zeros.
  // Its text does not begin with a dash.
  bytes[0] = (bytes[0] as number) & 0x7f;
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes.subarray(0, 16).toString('base64url');
}

export function configProperties(overrides: NewTopic['overrides']): Properties {
  return Object.fromEntries([...overrides].map(([name, value]) => [configProperty(name), value]));
}

/** The name of the property of a config. */
export function configProperty(name: string): string {
  return name === entryFormat.config ? entryFormat.property : configPrefix + name;
}

/** The config that a property says; null for another property. */
function configOf(property: string): string | null {
  if (property === entryFormat.property) return entryFormat.config;
  return property.startsWith(configPrefix) ? property.slice(configPrefix.length) : null;
}

/** The configs of a topic; one that Kafka does not allow is left out. */
export function overridesOf(properties: Properties): Map<string, string> {
  const overrides = new Map<string, string>();
  for (const [key, value] of Object.entries(properties)) {
    const name = configOf(key);
    if (name === null) continue;
    try {
      overrides.set(name, parseTopicConfig(name, value));
    } catch (error) {
      if (!(error instanceof InvalidConfig)) throw error;
    }
  }
  return overrides;
}

/** The properties with a retention of Pulsar's in place of Kafka's configs: somebody has set it there. */
export function withRetention(properties: Properties, policy: RetentionPolicy): Properties {
  const { retentionTimeInMinutes: minutes, retentionSizeInMB: mebibytes } = policy;
  const limit = (value: number, unit: number) => String(value < 0 ? -1 : value * unit);
  return {
    ...properties,
    [configProperty('retention.ms')]: limit(minutes, msPerMinute),
    [configProperty('retention.bytes')]: limit(mebibytes, bytesPerMebibyte),
  };
}

/** Rounded up: Pulsar counts in minutes and MiB, and takes 0 for "keep nothing". */
export function retentionOf(config: LogConfig): RetentionPolicy {
  const { cleanupDelete, retentionMs, retentionBytes } = config;
  const limit = (value: number, unit: number) =>
    !cleanupDelete || value < 0 ? -1 : Math.min(maxInt32, Math.max(1, Math.ceil(value / unit)));
  return {
    retentionTimeInMinutes: limit(retentionMs, msPerMinute),
    retentionSizeInMB: limit(retentionBytes, bytesPerMebibyte),
  };
}
