/**
 * ListConfigResources (key 74), versions 0–1.
 *
 * The names of what has configs (KIP-1142): from version 1 on topics and this broker, all kinds or
 * those asked for. Version 0, when the API was ListClientMetricsResources (KIP-714), lists client
 * metrics only, of which there are none.
 * - A kind that Kafka does not know is UNSUPPORTED_VERSION.
 * Absent: client metrics, groups and log levels as resources; they are listed as empty.
 */
import { ErrorCode } from '../protocol/kafka/errors.js';
import {
  decodeListConfigResourcesRequest,
  type ListConfigResourcesRequest,
  listConfigResourcesRequestVersions,
} from '../protocol/kafka/messages/list-config-resources-request.js';
import {
  type ConfigResource,
  encodeListConfigResourcesResponse,
  type ListConfigResourcesResponse,
} from '../protocol/kafka/messages/list-config-resources-response.js';
import { unary } from './api.js';
import { ConfigResourceType } from './config-resource.js';

/** Topic, broker, log levels, client metrics, group. */
const knownTypes: readonly number[] = [2, 4, 8, 16, 32];

export const listConfigResources = unary<ListConfigResourcesRequest, ListConfigResourcesResponse>({
  key: listConfigResourcesRequestVersions.apiKey,
  name: 'ListConfigResources',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: listConfigResourcesRequestVersions.flexibleFrom,
  authorization: 'cluster:describe',
  decode: decodeListConfigResourcesRequest,
  encode: encodeListConfigResourcesResponse,
  answer({ resourceTypes }, { apiVersion }, { catalog }) {
    if (apiVersion === 0) return { configResources: [] };
    if (resourceTypes.some((type) => !knownTypes.includes(type))) {
      return { errorCode: ErrorCode.UNSUPPORTED_VERSION };
    }
    const wanted = resourceTypes.length > 0 ? resourceTypes : knownTypes;
    const configResources: ConfigResource[] = [];
    if (wanted.includes(ConfigResourceType.topic)) {
      for (const { name } of catalog.topics()) {
        configResources.push({ resourceName: name, resourceType: ConfigResourceType.topic });
      }
    }
    if (wanted.includes(ConfigResourceType.broker)) {
      const resourceName = String(catalog.nodeId);
      configResources.push({ resourceName, resourceType: ConfigResourceType.broker });
    }
    return { configResources };
  },
});
