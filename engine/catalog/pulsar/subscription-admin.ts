import { topicPath } from '../../../workers/log/pulsar/admin.js';
import type { AdminHttp } from '../../../workers/log/pulsar/admin-http.js';
import type { EntryPlace } from '../../../workers/ring/control.js';
import type { BacklogQuota, RetentionPolicy } from './topic-admin.js';

/** A subscription of a topic. */
export interface TopicSubscription {
  /** It has the properties that were asked for. */
  readonly isOurs: boolean;
  readonly consumers: number;
}

interface Stats {
  readonly subscriptions: Record<
    string,
    { consumers: unknown[]; subscriptionProperties?: Record<string, string> }
  >;
}

/** The requests of Pulsar's admin API that subscriptions are made and moved with. All reject with AdminError. */
export class SubscriptionAdmin {
  readonly #http: AdminHttp;
  readonly #properties: Readonly<Record<string, string>>;

  /** @param properties of the subscriptions that are made here */
  constructor(http: AdminHttp, properties: Readonly<Record<string, string>>) {
    this.#http = http;
    this.#properties = properties;
  }

  /** By their names; `topic` has no partitions. */
  async subscriptions(topic: string): Promise<Map<string, TopicSubscription>> {
    const query = 'getPreciseBacklog=false&subscriptionBacklogSize=false';
    const { subscriptions } = await this.#http.get<Stats>(`${topicPath(topic)}/stats?${query}`);
    const ours = Object.entries(this.#properties);
    return new Map(
      Object.entries(subscriptions).map(([name, { consumers, subscriptionProperties = {} }]) => {
        const isOurs = ours.every(([key, value]) => subscriptionProperties[key] === value);
        return [name, { isOurs, consumers: consumers.length }];
      }),
    );
  }

  /** Makes one that reads on from an entry; 409 where there is one of that name. */
  async create(topic: string, name: string, place: EntryPlace): Promise<void> {
    const body = { ...place, properties: this.#properties };
    await this.#http.ask({ method: 'PUT', path: pathOf(topic, name), body });
  }

  /** To an entry, which need not be there yet. Disconnects whoever reads with it. */
  async move(topic: string, name: string, place: EntryPlace): Promise<void> {
    const path = `${pathOf(topic, name)}/resetcursor`;
    await this.#http.ask({ method: 'POST', path, body: place });
  }

  /** It is no error if there is none any more; one that somebody reads with is an AdminError. */
  async remove(topic: string, name: string): Promise<void> {
    await this.#http.ask({ method: 'DELETE', path: pathOf(topic, name), expected: [404] });
  }

  /** Whether the policies that hold for a topic let nothing go by age or size, and bound no backlog. */
  async keepsForEver(topic: string): Promise<boolean> {
    const path = topicPath(topic);
    const [retention, quotas] = await Promise.all([
      this.#http.get<RetentionPolicy | null>(`${path}/retention?applied=true`),
      this.#http.get<Record<string, BacklogQuota>>(`${path}/backlogQuotaMap?applied=true`),
    ]);
    if (retention?.retentionTimeInMinutes !== -1 || retention.retentionSizeInMB !== -1)
      return false;
    return Object.values(quotas).every(
      ({ limitSize, limitTime }) => limitSize < 0 && limitTime < 0,
    );
  }
}

function pathOf(topic: string, name: string): string {
  // Pulsar decodes it twice.
  return `${topicPath(topic)}/subscription/${encodeURIComponent(encodeURIComponent(name))}`;
}
