/**
 * AlterConfigs (key 33), versions 0–2.
 *
 * Replaces the configs of topics: what is not named goes back to the broker's default. Superseded
 * by IncrementalAlterConfigs (KIP-339), but older tools use it. Each topic on its own, durable when
 * answered; `validateOnly` stops before anything is changed.
 * Absent: brokers' dynamic configs (KIP-226), client metrics and groups as resources.
 */
import {
  type AlterableConfig,
  type AlterConfigsRequest,
  alterConfigsRequestVersions,
  decodeAlterConfigsRequest,
} from '../protocol/kafka/messages/alter-configs-request.js';
import {
  type AlterConfigsResponse,
  encodeAlterConfigsResponse,
} from '../protocol/kafka/messages/alter-configs-response.js';
import { unary } from './api.js';
import { alterResources, type ConfigChange, ConfigRefusal } from './config-resource.js';

export const alterConfigs = unary<AlterConfigsRequest, AlterConfigsResponse>({
  key: alterConfigsRequestVersions.apiKey,
  name: 'AlterConfigs',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: alterConfigsRequestVersions.flexibleFrom,
  authorization: 'topic:alter',
  decode: decodeAlterConfigsRequest,
  encode: encodeAlterConfigsResponse,
  async answer({ resources, validateOnly }, _context, services) {
    return { responses: await alterResources(resources, validateOnly, replacement, services) };
  },
});

function replacement(configs: readonly AlterableConfig[]): ConfigChange {
  const nulls = configs.filter(({ value }) => value === null);
  if (nulls.length > 0) {
    const names = nulls.map(({ name }) => name).join(',');
    throw new ConfigRefusal(`Null value not supported for : ${names}`);
  }
  return () => new Map(configs.map(({ name, value }) => [name, value ?? '']));
}
