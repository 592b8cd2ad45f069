import { metadataNamespaceOf, servedNamespaces } from '../../config/pulsar-backend.js';
import type { Settings } from '../../config/schema.js';
import {
  isInternalTopic,
  maxTopicNameLength,
  offsetsTopic,
  topicNameFault,
} from '../topic-name.js';

const scheme = 'persistent://';
/** What Pulsar keeps beside the topics of a namespace. */
const systemTopic =
  /^(__change_events|__transaction_(buffer_snapshot|pending_ack|log_).*|transaction_coordinator_assign|.*__transaction_pending_ack)$/;
const partitionSuffix = /-partition-(\d+)$/;

/** A topic as Kafka's clients and as Pulsar call it. */
export interface TopicNamePair {
  /** `tenant/namespace`. */
  readonly namespace: string;
  /** The shortest of its names: `t` in the own namespace, else `tenant/namespace/t`. */
  readonly kafkaName: string;
  /** `persistent://tenant/namespace/t`, without a partition. */
  readonly pulsarTopic: string;
}

/** Which Pulsar topic a Kafka name means, and the other way round. */
export class TopicNames {
  /** `tenant/namespace`, the first is that of plain names. */
  readonly namespaces: readonly string[];
  /** Of Kafka's own topics. */
  readonly metadataNamespace: string;
  readonly #own: string;

  constructor(settings: Settings) {
    this.namespaces = servedNamespaces(settings);
    this.#own = this.namespaces[0] as string;
    this.metadataNamespace = metadataNamespaceOf(settings);
  }

  /** Null for a name that cannot be, or whose namespace is not served: see `fault`. */
  ofKafka(name: string): TopicNamePair | null {
    if (this.fault(name) !== null) return null;
    if (isInternalTopic(name)) return this.#pair(this.metadataNamespace, name);
    const parts = partsOf(name);
    return parts === null ? this.#pair(this.#own, name) : this.#pair(parts.namespace, parts.local);
  }

  /**
   * Null for a topic that Kafka's clients do not see: a partition, one of Pulsar's own, one of a namespace that is not
   * served, and one whose name Kafka does not allow.
   */
  ofPulsar(pulsarTopic: string): TopicNamePair | null {
    const { namespace, local } = partsOf(pulsarTopic) ?? { namespace: '', local: '' };
    if (namespace === this.metadataNamespace) {
      // KoP's others hold what Kafka's would not.
      return local === offsetsTopic ? this.#pair(namespace, local) : null;
    }
    const isHidden =
      systemTopic.test(local) || partitionSuffix.test(local) || isInternalTopic(local);
    if (isHidden || !this.namespaces.includes(namespace)) return null;
    return topicNameFault(local) === null ? this.#pair(namespace, local) : null;
  }

  /** Null for a name that a topic may have, else why not. */
  fault(name: string): string | null {
    const parts = partsOf(name);
    if (parts === null) return topicNameFault(name);
    const { namespace, local } = parts;
    if (!this.namespaces.includes(namespace)) {
      return `Topic name is invalid: the namespace ${namespace} is not served here (kafkaAllowedNamespaces)`;
    }
    if (name.length > maxTopicNameLength) {
      return `Topic name is invalid: it is longer than ${maxTopicNameLength} characters`;
    }
    if (isInternalTopic(local) || systemTopic.test(local)) {
      return `Topic name is invalid: '${local}' is no topic of ${namespace}`;
    }
    return topicNameFault(local);
  }

  #pair(namespace: string, local: string): TopicNamePair {
    const isPlain = namespace === this.#own || namespace === this.metadataNamespace;
    const kafkaName = isPlain ? local : `${namespace}/${local}`;
    return { namespace, kafkaName, pulsarTopic: `${scheme}${namespace}/${local}` };
  }
}

/** Whether a name may be another one of a topic that has a shorter one. */
export function isFullName(name: string): boolean {
  return name.includes('/');
}

/** A topic without its partition; the same for one that has none. */
export function withoutPartition(pulsarTopic: string): string {
  return pulsarTopic.replace(partitionSuffix, '');
}

/** Namespace and topic of `tenant/namespace/t` or `persistent://tenant/namespace/t`; null for a plain name. */
function partsOf(name: string): { namespace: string; local: string } | null {
  const rest = name.startsWith(scheme) ? name.slice(scheme.length) : name;
  const [, namespace, local] = /^([^/]+\/[^/]+)\/(.*)$/.exec(rest) ?? [];
  if (namespace === undefined || local === undefined) return null;
  return { namespace, local };
}
