/**
 * DescribeConfigs (key 32), versions 1–4.
 *
 * Every config of topics and of this broker, or those asked for, with source and, if asked for,
 * synonyms (version 1 on) and documentation (KIP-569, version 3 on).
 * - Unknown names among the keys are passed over; an empty list of keys means all, as in Kafka.
 * - The broker's configs are its settings under Kafka's names, all read-only. The cluster-wide
 *   defaults (broker `''`) are empty, because there are no dynamic ones (KIP-226).
 * - A topic named `TENANT/NAMESPACE/*` stands for a namespace, see namespace-resource.ts.
 * Absent: log levels (KIP-412), client metrics (KIP-714) and groups (KIP-848) as resources.
 */
import {
  type DescribedConfig,
  describeBrokerConfigs,
  describeTopicConfigs,
} from '../config/described-config.js';
import type { Encodable } from '../protocol/kafka/encodable.js';
import { ErrorCode, errorMessage } from '../protocol/kafka/errors.js';
import {
  type DescribeConfigsRequest,
  type DescribeConfigsResource,
  decodeDescribeConfigsRequest,
  describeConfigsRequestVersions,
} from '../protocol/kafka/messages/describe-configs-request.js';
import {
  type DescribeConfigsResponse,
  type DescribeConfigsResult,
  encodeDescribeConfigsResponse,
} from '../protocol/kafka/messages/describe-configs-response.js';
import { unary } from './api.js';
import { type ApiError, apiError } from './catalog-error.js';
import { ConfigResourceType } from './config-resource.js';
import { describeNamespace, namespaceIn, withNamespaces } from './namespace-resource.js';
import { oncePer } from './once-per.js';
import type { Services } from './services.js';

export const describeConfigs = unary<DescribeConfigsRequest, DescribeConfigsResponse>({
  key: describeConfigsRequestVersions.apiKey,
  name: 'DescribeConfigs',
  minVersion: 1,
  maxVersion: 4,
  flexibleFrom: describeConfigsRequestVersions.flexibleFrom,
  authorization: 'topic:describe',
  decode: decodeDescribeConfigsRequest,
  encode: encodeDescribeConfigsResponse,
  answer(request, _context, services) {
    const kinds = oncePer((resourceType: number) =>
      oncePer((resourceName: string) =>
        oncePer((keys: string) => {
          const configurationKeys = JSON.parse(keys);
          return describe({ resourceType, resourceName, configurationKeys }, request, services);
        }),
      ),
    );
    const results = withNamespaces(request.resources, services).map(
      ({ resourceType, resourceName, configurationKeys }) =>
        kinds(resourceType)(resourceName)(JSON.stringify(configurationKeys)),
    );
    return { results };
  },
});

function describe(
  resource: DescribeConfigsResource,
  request: DescribeConfigsRequest,
  services: Services,
): Encodable<DescribeConfigsResult> {
  const { resourceType, resourceName, configurationKeys } = resource;
  const found = configsOf(resource, services);
  if (!Array.isArray(found)) return { resourceType, resourceName, ...found };
  const keys = configurationKeys?.length ? new Set(configurationKeys) : null;
  const configs = found
    .filter(({ name }) => keys === null || keys.has(name))
    .map((config) => ({
      name: config.name,
      value: config.value,
      readOnly: config.isReadOnly,
      configSource: config.source,
      isSensitive: false,
      synonyms: request.includeSynonyms ? config.synonyms : [],
      configType: config.typeCode,
      documentation: request.includeDocumentation ? config.documentation : null,
    }));
  return { resourceType, resourceName, errorMessage: '', configs };
}

function configsOf(
  { resourceType, resourceName }: DescribeConfigsResource,
  services: Services,
): DescribedConfig[] | ApiError {
  const { catalog, settings } = services;
  if (resourceType === ConfigResourceType.topic) {
    const namespace = namespaceIn(resourceName);
    if (namespace !== null) return describeNamespace(namespace, services);
    const fault = catalog.nameFault(resourceName);
    if (fault !== null) return apiError(ErrorCode.INVALID_TOPIC_EXCEPTION, fault);
    const topic = catalog.topic(resourceName);
    if (!topic) return apiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, '');
    return describeTopicConfigs(topic, settings, catalog.maxBatchBytes);
  }
  if (resourceType !== ConfigResourceType.broker) {
    return apiError(ErrorCode.INVALID_REQUEST, errorMessage(ErrorCode.INVALID_REQUEST));
  }
  if (resourceName === '') return [];
  if (!/^\d+$/.test(resourceName)) {
    const message = `Broker id must be an integer, but it is: ${resourceName}`;
    return apiError(ErrorCode.INVALID_REQUEST, message);
  }
  if (Number(resourceName) !== catalog.nodeId) {
    const message =
      `Unexpected broker id, expected ${catalog.nodeId} or empty string, ` +
      `but received ${resourceName}`;
    return apiError(ErrorCode.INVALID_REQUEST, message);
  }
  return describeBrokerConfigs(settings);
}
