/**
 * IncrementalAlterConfigs (key 44), versions 0–1.
 *
 * Changes single configs of topics (KIP-339): SET, DELETE, and for lists APPEND and SUBTRACT, which
 * begin with the broker's default where the topic has no list of its own. Each topic on its own,
 * durable when answered; `validateOnly` stops before anything is changed.
 * - Deleting what is not set, even an unknown name, is no error, as in Kafka.
 * Absent: brokers' dynamic configs (KIP-226), log levels (KIP-412), client metrics (KIP-714) and
 * groups (KIP-848) as resources.
 */
import { InvalidConfig } from '../config/config-value.js';
import type { Settings } from '../config/schema.js';
import { type TopicConfigDefinition, topicConfigTable } from '../config/topic-config-table.js';
import { type TopicOverrides, topicConfigDefault } from '../config/topic-configs.js';
import {
  type AlterableConfig,
  decodeIncrementalAlterConfigsRequest,
  type IncrementalAlterConfigsRequest,
  incrementalAlterConfigsRequestVersions,
} from '../protocol/kafka/messages/incremental-alter-configs-request.js';
import {
  encodeIncrementalAlterConfigsResponse,
  type IncrementalAlterConfigsResponse,
} from '../protocol/kafka/messages/incremental-alter-configs-response.js';
import { unary } from './api.js';
import { alterResources, type ConfigChange, ConfigRefusal } from './config-resource.js';

const set = 0;
const remove = 1;
const append = 2;
const subtract = 3;

export const incrementalAlterConfigs = unary<
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse
>({
  key: incrementalAlterConfigsRequestVersions.apiKey,
  name: 'IncrementalAlterConfigs',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: incrementalAlterConfigsRequestVersions.flexibleFrom,
  authorization: 'topic:alter',
  decode: decodeIncrementalAlterConfigsRequest,
  encode: encodeIncrementalAlterConfigsResponse,
  async answer({ resources, validateOnly }, _context, services) {
    const changeOf = (configs: readonly AlterableConfig[]) =>
      operations(configs, services.settings);
    return { responses: await alterResources(resources, validateOnly, changeOf, services) };
  },
});

function operations(configs: readonly AlterableConfig[], settings: Settings): ConfigChange {
  const nulls = configs.filter(
    (config) => config.value === null && config.configOperation !== remove,
  );
  if (nulls.length > 0) {
    const names = nulls.map(({ name }) => name).join(',');
    throw new ConfigRefusal(`Null value not supported for : ${names}`);
  }
  return (overrides) => {
    const changed = new Map(overrides);
    for (const config of configs) operate(changed, config, settings);
    return changed;
  };
}

function operate(changed: Map<string, string>, config: AlterableConfig, settings: Settings): void {
  const { name, configOperation: operation } = config;
  const value = config.value ?? '';
  if (operation === set) {
    changed.set(name, value);
  } else if (operation === remove) {
    changed.delete(name);
  } else if (operation === append) {
    const items = listOf(changed, name, 'APPEND', settings);
    const added = split(value).filter((item) => !items.includes(item));
    if (added.length > 0) changed.set(name, [...items, ...added].join(','));
  } else if (operation === subtract) {
    const items = listOf(changed, name, 'SUBTRACT', settings);
    const taken = split(value);
    const left = items.filter((item) => !taken.includes(item));
    if (left.length < items.length) changed.set(name, left.join(','));
  } else {
    throw new ConfigRefusal(`Unknown operation ${operation} on ${name}`);
  }
}

/** The items of a list config as they are in effect. */
function listOf(
  overrides: TopicOverrides,
  name: string,
  operation: string,
  settings: Settings,
): string[] {
  const definition = topicConfigTable.get(name);
  if (definition === undefined || !isList(definition)) {
    throw new InvalidConfig(`Can't ${operation} to key ${name} because its type is not LIST.`);
  }
  return split(overrides.get(name) ?? topicConfigDefault(definition, settings));
}

function isList({ type }: TopicConfigDefinition): boolean {
  return type === 'list' || type === 'replicas';
}

function split(list: string): string[] {
  return list === '' ? [] : list.split(',').map((item) => item.trim());
}
