import { topicPath } from '../../../workers/log/pulsar/admin.js';
import { AdminError, type AdminHttp } from '../../../workers/log/pulsar/admin-http.js';
import type { MessageId } from '../../protocol/pulsar/commands.js';

/** A topic as Pulsar's metadata has it. */
export interface StoredTopic {
  /** 0: it is not partitioned. */
  readonly partitions: number;
  readonly properties: Readonly<Record<string, string>>;
}

export interface RetentionPolicy {
  /** -1: no limit. */
  readonly retentionTimeInMinutes: number;
  readonly retentionSizeInMB: number;
}

/** The requests of Pulsar's admin API that topics are listed, made and changed with. All reject with AdminError. */
export class TopicAdmin {
  readonly #http: AdminHttp;

  constructor(http: AdminHttp) {
    this.#http = http;
  }

  /** `persistent://…` of the partitioned topics of a namespace. */
  partitionedTopics(namespace: string): Promise<string[]> {
    return this.#http.get(`persistent/${namespace}/partitioned`);
  }

  /** Null where there is none, or no more than what is left of a deletion. */
  async read(topic: string): Promise<StoredTopic | null> {
    const path = `${topicPath(topic)}/partitions?checkAllowAutoCreation=false`;
    const metadata = await this.#known<StoredTopic & { deleted?: boolean }>(path);
    if (metadata === null || metadata.deleted === true) return null;
    if (metadata.partitions > 0) {
      return { partitions: metadata.partitions, properties: metadata.properties ?? {} };
    }
    const properties = await this.#known<Record<string, string>>(`${topicPath(topic)}/properties`);
    return properties === null ? null : { partitions: 0, properties };
  }

  /** When a topic's ledger was made: another one for a topic that was made anew. Null where there is none yet. */
  async creationDate(topic: string): Promise<string | null> {
    const info = await this.#known<{ creationDate?: string }>(`${topicPath(topic)}/internal-info`);
    return info?.creationDate ?? null;
  }

  /** Index of a stored entry; fails where the broker does not number them. */
  async entryIndex(topic: string, { ledgerId, entryId }: MessageId): Promise<number> {
    const path = `${topicPath(topic)}/ledger/${ledgerId}/entry/${entryId}`;
    const { headers } = await this.#http.ask({ method: 'GET', path });
    const index = headers['x-pulsar-broker-entry-metadata-index'];
    if (index !== undefined) return Number(index);
    throw new Error(
      `${topic}: the broker does not number entries: set brokerEntryMetadataInterceptors=` +
        'org.apache.pulsar.common.intercept.AppendIndexMetadataInterceptor in broker.conf and restart it',
    );
  }

  async createPartitioned(topic: string, stored: StoredTopic): Promise<void> {
    await this.#http.ask({
      method: 'PUT',
      path: `${topicPath(topic)}/partitions`,
      body: stored,
      contentType: 'application/vnd.partitioned-topic-metadata+json',
    });
  }

  /** A topic without partitions. */
  async createPlain(topic: string, properties: StoredTopic['properties']): Promise<void> {
    await this.#http.ask({ method: 'PUT', path: topicPath(topic), body: properties });
  }

  async grow(topic: string, partitions: number): Promise<void> {
    const path = `${topicPath(topic)}/partitions`;
    await this.#http.ask({ method: 'POST', path, body: partitions });
  }

  /** Also where producers and readers are attached. It is no error if there is none any more. */
  async remove(topic: string, isPartitioned: boolean): Promise<void> {
    const path = `${topicPath(topic)}${isPartitioned ? '/partitions' : ''}?force=true`;
    await this.#http.ask({ method: 'DELETE', path, expected: [404] });
  }

  /** Beside those that there are. */
  async setProperties(topic: string, properties: StoredTopic['properties']): Promise<void> {
    if (Object.keys(properties).length === 0) return;
    const path = `${topicPath(topic)}/properties`;
    await this.#http.ask({ method: 'PUT', path, body: properties });
  }

  async removeProperty(topic: string, key: string): Promise<void> {
    const path = `${topicPath(topic)}/properties?key=${encodeURIComponent(key)}`;
    await this.#http.ask({ method: 'DELETE', path });
  }

  async setRetention(topic: string, retention: RetentionPolicy): Promise<void> {
    const path = `${topicPath(topic)}/retention`;
    await this.#http.ask({ method: 'POST', path, body: retention });
  }

  /** Sees that Pulsar does not delete a topic that nobody uses. */
  async keepInactive(topic: string): Promise<void> {
    const path = `${topicPath(topic)}/inactiveTopicPolicies`;
    await this.#http.ask({ method: 'POST', path, body: keptWhileInactive });
  }

  /** Makes a namespace if there is none; its tenant has to exist. */
  async ensureNamespace(namespace: string): Promise<void> {
    const path = `namespaces/${namespace}`;
    await this.#http.ask({ method: 'PUT', path, expected: [409] });
  }

  /** Sees that nothing in a namespace is ever deleted by age, size or disuse. */
  async keepForEver(namespace: string): Promise<void> {
    const forEver: RetentionPolicy = { retentionTimeInMinutes: -1, retentionSizeInMB: -1 };
    const base = `namespaces/${namespace}`;
    await this.#http.ask({ method: 'POST', path: `${base}/retention`, body: forEver });
    const body = keptWhileInactive;
    await this.#http.ask({ method: 'POST', path: `${base}/inactiveTopicPolicies`, body });
  }

  async #known<Answer>(path: string): Promise<Answer | null> {
    const { status, body } = await this.#http.ask({ method: 'GET', path, expected: [404] });
    return status === 404 ? null : (JSON.parse(body.toString()) as Answer);
  }
}

const keptWhileInactive = {
  inactiveTopicDeleteMode: 'delete_when_no_subscriptions',
  maxInactiveDurationSeconds: 60,
  deleteWhileInactive: false,
};

/** Whether Pulsar refused for want of rights. */
export function isForbidden(error: unknown): boolean {
  return error instanceof AdminError && (error.status === 401 || error.status === 403);
}
