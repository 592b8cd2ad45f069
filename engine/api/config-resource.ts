import { checkBatchLimit } from '../config/batch-limit.js';
import { InvalidConfig } from '../config/config-value.js';
import { parseTopicConfigs, type TopicOverrides } from '../config/topic-configs.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import { type ApiError, apiError, catalogError, noError } from './catalog-error.js';
import { alterNamespace, namespaceIn } from './namespace-resource.js';
import type { Services } from './services.js';

/** What has configs, by Kafka's numbers. */
export const ConfigResourceType = { topic: 2, broker: 4 } as const;

/** One resource of AlterConfigs or IncrementalAlterConfigs. */
export interface AlteredResource<Config> {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly configs: readonly Config[];
}

/**
 * A change of a topic's own configs. Throws InvalidConfig, or ConfigRefusal for what is no question
 * of values.
 */
export type ConfigChange = (overrides: TopicOverrides) => Map<string, string>;

/** A refusal of a resource's change with INVALID_REQUEST. */
export class ConfigRefusal extends Error {
  override readonly name = 'ConfigRefusal';
}

/** No config, but a word with a change: it is made although clients of Pulsar's could not use the topic any more. */
export const forceConfig = 'kopje.force';

function isForce({
  name,
  value,
}: {
  readonly name: string;
  readonly value: string | null;
}): boolean {
  return name === forceConfig && value === 'true';
}

type Altered = Omit<AlteredResource<never>, 'configs'> & ApiError;

/**
 * Alters every resource on its own, with the checks and messages of Kafka's controller. Brokers are
 * refused: their settings are changed in the file, the environment or the flags.
 *
 * @param changeOf Reads what a resource's configs ask for.
 */
export function alterResources<
  Config extends { readonly name: string; readonly value: string | null },
>(
  resources: readonly AlteredResource<Config>[],
  validateOnly: boolean,
  changeOf: (configs: readonly Config[]) => ConfigChange,
  services: Services,
): Promise<Altered[]> {
  const counts = new Map<string, number>();
  const keyOf = ({ resourceType, resourceName }: AlteredResource<Config>) =>
    `${resourceType} ${resourceName}`;
  for (const resource of resources) {
    counts.set(keyOf(resource), (counts.get(keyOf(resource)) ?? 0) + 1);
  }
  const altered = resources.map(async (resource) => {
    const { resourceType, resourceName } = resource;
    const isRepeated = (counts.get(keyOf(resource)) ?? 0) > 1;
    const outcome = isRepeated
      ? invalidRequest('Each resource must appear at most once.')
      : await alterOne(resource, validateOnly, changeOf, services);
    return { resourceType, resourceName, ...outcome };
  });
  return Promise.all(altered);
}

async function alterOne<Config extends { readonly name: string; readonly value: string | null }>(
  resource: AlteredResource<Config>,
  validateOnly: boolean,
  changeOf: (configs: readonly Config[]) => ConfigChange,
  services: Services,
): Promise<ApiError> {
  const names = resource.configs.map(({ name }) => name);
  if (new Set(names).size < names.length) {
    return invalidRequest('Error due to duplicate config keys');
  }
  if (resource.resourceType === ConfigResourceType.broker) {
    return brokerFault(resource.resourceName, names, services.catalog.nodeId);
  }
  if (resource.resourceType !== ConfigResourceType.topic) {
    return invalidRequest(`Unknown resource type ${resource.resourceType}`);
  }
  const namespace = namespaceIn(resource.resourceName);
  const fault = namespace === null ? topicFault(resource.resourceName, services) : null;
  if (fault !== null) return fault;
  const isForced = resource.configs.some(isForce);
  try {
    const change = changeOf(resource.configs.filter((config) => !isForce(config)));
    if (namespace !== null) {
      await alterNamespace(namespace, change, { validateOnly, isForced }, services);
      return noError;
    }
    const apply = (overrides: TopicOverrides) => {
      const changed = parseTopicConfigs(change(overrides), services.settings);
      checkBatchLimit(overrides, changed, services.catalog.maxBatchBytes);
      return changed;
    };
    if (validateOnly) apply(services.catalog.topic(resource.resourceName)!.overrides);
    else await services.catalog.setOverrides(resource.resourceName, apply, isForced);
    return noError;
  } catch (error) {
    if (error instanceof InvalidConfig) {
      return apiError(ErrorCode.INVALID_CONFIG, error.message);
    }
    if (error instanceof ConfigRefusal) return invalidRequest(error.message);
    return catalogError(error);
  }
}

function topicFault(name: string, { catalog }: Services): ApiError | null {
  if (name === '') return invalidRequest('Default topic resources are not allowed.');
  const fault = catalog.nameFault(name);
  if (fault !== null) {
    return apiError(ErrorCode.INVALID_TOPIC_EXCEPTION, fault);
  }
  if (catalog.topic(name)) return null;
  return apiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${name}' does not exist.`);
}

function brokerFault(name: string, configs: readonly string[], nodeId: number): ApiError {
  if (name !== '' && !/^\d+$/.test(name)) {
    return invalidRequest(`Node id must be an integer, but it is: ${name}`);
  }
  if (name !== '' && Number(name) !== nodeId) {
    return invalidRequest(`Unexpected broker id, expected ${nodeId}, but received ${name}`);
  }
  if (configs.length === 0) return noError;
  return invalidRequest(`Cannot update these configs dynamically: [${configs.join(', ')}]`);
}

function invalidRequest(errorMessage: string): ApiError {
  return apiError(ErrorCode.INVALID_REQUEST, errorMessage);
}
