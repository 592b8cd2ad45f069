import { CatalogFault } from '../topic.js';
import type { TopicAdmin } from './topic-admin.js';
import { configProperties, configProperty, overridesOf } from './topic-properties.js';

type Policy = ReadonlyMap<string, string>;

const nothing: Policy = new Map();

/** What namespaces say of their topics; kept as properties of theirs, so that every node sees it. */
export class NamespacePolicies {
  readonly #admin: TopicAdmin;
  readonly #policies: Map<string, Policy>;

  constructor(admin: TopicAdmin, namespaces: readonly string[]) {
    this.#admin = admin;
    this.#policies = new Map(namespaces.map((namespace) => [namespace, nothing]));
  }

  all(): Iterable<readonly [namespace: string, policy: Policy]> {
    return this.#policies;
  }

  of(namespace: string): Policy {
    return this.#policies.get(namespace) ?? nothing;
  }

  /** Asks Pulsar anew; returns whether anything has changed. */
  async read(namespace: string): Promise<boolean> {
    const policy = overridesOf(await this.#admin.namespaceProperties(namespace));
    if (isEqual(policy, this.of(namespace))) return false;
    this.#policies.set(namespace, policy);
    return true;
  }

  /** Throws CatalogFault 'unknown-namespace'. */
  async change(namespace: string, change: (policy: Policy) => Policy): Promise<void> {
    const before = this.#policies.get(namespace);
    if (before === undefined) {
      const message = `The namespace ${namespace} is not served here (kafkaAllowedNamespaces).`;
      throw new CatalogFault('unknown-namespace', message);
    }
    const policy = change(before);
    await this.#admin.setNamespaceProperties(namespace, configProperties(policy));
    for (const name of before.keys()) {
      if (policy.has(name)) continue;
      await this.#admin.removeNamespaceProperty(namespace, configProperty(name));
    }
    this.#policies.set(namespace, policy);
  }
}

export function isEqual(left: Policy, right: Policy): boolean {
  return left.size === right.size && [...left].every(([name, value]) => right.get(name) === value);
}
