/**
 * Namespaces as resources of AlterConfigs, IncrementalAlterConfigs and DescribeConfigs: a topic named
 * `TENANT/NAMESPACE/*` stands for all of a namespace, because no topic can have such a name. Kafka's own tools take it,
 * and `kopje namespace` uses it.
 */
import { InvalidConfig } from '../config/config-value.js';
import type { DescribedConfig } from '../config/described-config.js';
import { describeTopicConfigs } from '../config/described-config.js';
import {
  namespaceConfigs,
  parseTopicConfigs,
  type TopicOverrides,
} from '../config/topic-configs.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import { type ApiError, apiError } from './catalog-error.js';
import type { Services } from './services.js';

/** Stands for every namespace, where one is asked for. */
export const everyNamespace = '*/*/*';

export function resourceOf(namespace: string): string {
  return `${namespace}/*`;
}

/** The namespace that a resource's name stands for; null if it is a topic's. */
export function namespaceIn(resourceName: string): string | null {
  return /^([^/]+\/[^/]+)\/\*$/.exec(resourceName)?.[1] ?? null;
}

/** Resources of a DescribeConfigs request, with the namespaces themselves in place of one that stands for all. */
export function withNamespaces<Resource extends { resourceName: string }>(
  resources: readonly Resource[],
  { catalog }: Services,
): Resource[] {
  return resources.flatMap((resource) => {
    if (resource.resourceName !== everyNamespace) return [resource];
    return Array.from(catalog.policies(), ([namespace]) => ({
      ...resource,
      resourceName: resourceOf(namespace),
    }));
  });
}

/** Changes what a namespace says of its topics. Throws InvalidConfig, ConfigRefusal, CatalogFault. */
export async function alterNamespace(
  namespace: string,
  change: (policy: TopicOverrides) => Map<string, string>,
  { validateOnly, isForced }: { readonly validateOnly: boolean; readonly isForced: boolean },
  { catalog, settings }: Services,
): Promise<void> {
  const apply = (policy: TopicOverrides) => {
    const changed = parseTopicConfigs(change(policy), settings);
    for (const name of changed.keys()) {
      if (namespaceConfigs.has(name)) continue;
      const known = [...namespaceConfigs].join(', ');
      throw new InvalidConfig(`A namespace has no config ${name}, only ${known}`);
    }
    return changed;
  };
  if (validateOnly) apply(new Map());
  else await catalog.setPolicy(namespace, apply, isForced);
}

/** The configs that a namespace passes on to its topics. */
export function describeNamespace(
  namespace: string,
  { catalog, settings }: Services,
): DescribedConfig[] | ApiError {
  for (const [name, policy] of catalog.policies()) {
    if (name !== namespace) continue;
    return describeTopicConfigs({ overrides: new Map(), policy }, settings).filter((config) =>
      namespaceConfigs.has(config.name),
    );
  }
  return apiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `There is no namespace ${namespace} here.`);
}
