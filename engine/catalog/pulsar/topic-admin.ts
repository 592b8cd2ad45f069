import { topicPath } from '../../../workers/log/pulsar/admin.js';
import { AdminError, type AdminHttp } from '../../../workers/log/pulsar/admin-http.js';

/** A topic as Pulsar's metadata has it. */
export interface StoredTopic {
  /** 0: it is not partitioned. */
  readonly partitions: number;
  readonly properties: Readonly<Record<string, string>>;
}

/** What Pulsar tells of a topic's users. */
export interface TopicStats {
  readonly publishers: readonly {
    readonly producerName: string;
    readonly clientVersion?: string;
  }[];
  readonly subscriptions: Readonly<
    Record<string, { readonly subscriptionProperties?: Readonly<Record<string, string>> }>
  >;
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

  /** Who uses a topic that has no partitions, or is one; null where there is none. */
  stats(topic: string): Promise<TopicStats | null> {
    return this.#known(`${topicPath(topic)}/stats`);
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

  /** The retention of a topic's own; null where it has none. */
  async retention(topic: string): Promise<RetentionPolicy | null> {
    const path = `${topicPath(topic)}/retention`;
    const { status, body } = await this.#http.ask({ method: 'GET', path, expected: [404] });
    return status === 404 || body.length === 0
      ? null
      : (JSON.parse(body.toString()) as RetentionPolicy);
  }

  /**
   * Pulsar refuses to keep less than the backlog quota that holds for the topic allows; then it is told to keep a
   * little more than that. Returns what it was told.
   */
  async setRetention(topic: string, retention: RetentionPolicy): Promise<RetentionPolicy> {
    const path = `${topicPath(topic)}/retention`;
    const set = (body: RetentionPolicy, expected: number[]) =>
      this.#http.ask({ method: 'POST', path, body, expected });
    const { status } = await set(retention, [412]);
    if (status !== 412) return retention;
    const quotas = await this.#http.get<Record<string, BacklogQuota>>(
      `${topicPath(topic)}/backlogQuotaMap?applied=true`,
    );
    const more = aboveQuotas(retention, Object.values(quotas));
    await set(more, []);
    return more;
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

  namespaceProperties(namespace: string): Promise<Record<string, string>> {
    return this.#http.get(`namespaces/${namespace}/properties`);
  }

  /** Beside those that there are. */
  async setNamespaceProperties(
    namespace: string,
    properties: StoredTopic['properties'],
  ): Promise<void> {
    if (Object.keys(properties).length === 0) return;
    const path = `namespaces/${namespace}/properties`;
    await this.#http.ask({ method: 'PUT', path, body: properties });
  }

  async removeNamespaceProperty(namespace: string, key: string): Promise<void> {
    const path = `namespaces/${namespace}/property/${encodeURIComponent(key)}`;
    await this.#http.ask({ method: 'DELETE', path, expected: [404] });
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

/** What a backlog may come to. */
export interface BacklogQuota {
  /** Bytes and seconds; below 0: no limit. */
  readonly limitSize: number;
  readonly limitTime: number;
}

/** A retention that no backlog quota exceeds. */
function aboveQuotas(
  { retentionTimeInMinutes, retentionSizeInMB }: RetentionPolicy,
  quotas: readonly BacklogQuota[],
): RetentionPolicy {
  const raise = (limit: number, quota: number) =>
    limit < 0 || quota < 0 ? limit : Math.max(limit, Math.floor(quota) + 1);
  const sizes = quotas.map(({ limitSize }) => limitSize / 1_048_576);
  const minutes = quotas.map(({ limitTime }) => limitTime / 60);
  return {
    retentionTimeInMinutes: minutes.reduce(raise, retentionTimeInMinutes),
    retentionSizeInMB: sizes.reduce(raise, retentionSizeInMB),
  };
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
