import type { Logger } from 'pino';
import type { PulsarClient } from '../../../workers/log/pulsar/client.js';
import { untilGivenUp } from '../../cluster/give-up.js';
import type { Topic } from '../topic.js';
import { isEqual, type NamespacePolicies } from './namespace-policies.js';
import { NamespaceWatches } from './namespace-watches.js';
import { onceReached } from './reach.js';
import type { ServedTopics } from './served-topics.js';
import type { StoredTopic, TopicAdmin } from './topic-admin.js';
import { TopicIds } from './topic-ids.js';
import { type TopicNamePair, type TopicNames, withoutPartition } from './topic-names.js';
import type { TopicPolicies } from './topic-policies.js';
import { overridesOf } from './topic-properties.js';
import { TopicQueue } from './topic-queue.js';

/** Properties of topics, which no watch tells of, are read again so often, so many topics each time. */
const rereadIntervalMs = 30_000;
const rereadMax = 500;

export interface TopicFollowerOptions {
  readonly client: PulsarClient;
  readonly admin: TopicAdmin;
  readonly names: TopicNames;
  readonly namespaces: NamespacePolicies;
  readonly served: ServedTopics;
  readonly policies: TopicPolicies;
  readonly log: Logger;
}

/** Follows the cluster: topics made, grown, changed and deleted by others are served, or no longer. */
export class TopicFollower {
  readonly #admin: TopicAdmin;
  readonly #names: TopicNames;
  readonly #namespaces: NamespacePolicies;
  readonly #served: ServedTopics;
  readonly #policies: TopicPolicies;
  readonly #log: Logger;
  readonly #ids: TopicIds;
  readonly #watches: NamespaceWatches;
  readonly #queue: TopicQueue;
  readonly #reread: NodeJS.Timeout;
  #rereadFrom = 0;

  constructor(options: TopicFollowerOptions) {
    const { client, admin, names, namespaces, served, policies, log } = options;
    this.#admin = admin;
    this.#names = names;
    this.#namespaces = namespaces;
    this.#served = served;
    this.#policies = policies;
    this.#log = log;
    this.#ids = new TopicIds(admin, log);
    this.#queue = new TopicQueue(
      (pair) => served.table.inTurn(pair.kafkaName, () => this.#follow(pair)),
      log,
    );
    this.#watches = new NamespaceWatches(
      client,
      {
        changed: (topics) => void this.#queue.add(this.#pairsOf(topics)),
        resumed: (namespace, topics) => void this.#lookAround(namespace, topics),
      },
      log,
    );
    this.#reread = setInterval(() => void this.#rereadSome(), rereadIntervalMs);
    this.#reread.unref();
  }

  /** Resolves when every topic of these namespaces is served; waits for a cluster that is not reached. */
  async open(namespaces: Iterable<string>, signal: AbortSignal): Promise<void> {
    for (const namespace of namespaces) {
      const watch = () => this.#watches.open(namespace);
      const topics = await onceReached(watch, `the topics of ${namespace}`, this.#log, signal);
      await untilGivenUp(this.#lookAround(namespace, topics), signal);
    }
  }

  /** A topic may have changed. */
  lookAt(pair: TopicNamePair): void {
    void this.#queue.add([pair]);
  }

  async close(): Promise<void> {
    clearInterval(this.#reread);
    this.#watches.close();
    await this.#queue.close();
  }

  /** Compares all topics that there are here or there in a namespace. */
  async #lookAround(namespace: string, topics: readonly string[]): Promise<void> {
    const partitioned = await this.#admin.partitionedTopics(namespace).catch((error: unknown) => {
      this.#log.warn({ err: error, namespace }, 'cannot list partitioned topics');
      return [];
    });
    const prefix = `persistent://${namespace}/`;
    const held = this.#served.pairs().filter(({ pulsarTopic }) => pulsarTopic.startsWith(prefix));
    await this.#queue.add([...held, ...this.#pairsOf([...topics, ...partitioned])]);
  }

  async #rereadSome(): Promise<void> {
    for (const namespace of this.#names.namespaces) {
      try {
        if (await this.#namespaces.read(namespace)) await this.#served.obeyPolicy(namespace);
      } catch (error) {
        this.#log.warn(
          { err: error, namespace },
          'cannot read what a namespace says of its topics',
        );
      }
    }
    const all = this.#served.pairs();
    if (this.#rereadFrom >= all.length) this.#rereadFrom = 0;
    const some = all.slice(this.#rereadFrom, this.#rereadFrom + rereadMax);
    this.#rereadFrom += rereadMax;
    await this.#queue.add(some);
  }

  /** Brings one topic in line with Pulsar; returns whether anything had to be changed. */
  async #follow(pair: TopicNamePair): Promise<boolean> {
    const stored = await this.#read(pair);
    let held = this.#served.table.get(pair.kafkaName);
    if (stored === null) {
      if (held === undefined) return false;
      await this.#served.drop(held);
      return true;
    }
    const id = await this.#ids.of(pair.pulsarTopic, stored, held?.id);
    if (held !== undefined && held.id !== id) {
      await this.#served.drop(held);
      held = undefined;
    }
    if (held === undefined) {
      await this.#served.open(pair, stored, id);
      return true;
    }
    const isGrown = stored.partitions > held.partitions.length;
    if (isGrown) held = await this.#served.openMore(held, stored.partitions);
    return (await this.#takeConfig(held, stored)) || isGrown;
  }

  async #read(pair: TopicNamePair): Promise<StoredTopic | null> {
    const stored = await this.#admin.read(pair.pulsarTopic);
    if (stored === null) return null;
    const config = this.#served.configOf(pair, overridesOf(stored.properties));
    return this.#policies.adopt(pair, stored, config);
  }

  async #takeConfig(topic: Topic, stored: StoredTopic): Promise<boolean> {
    const overrides = overridesOf(stored.properties);
    if (isEqual(overrides, topic.overrides)) return false;
    await this.#served.reconfigure(topic, overrides);
    return true;
  }

  *#pairsOf(pulsarTopics: Iterable<string>): Iterable<TopicNamePair> {
    for (const pulsarTopic of new Set([...pulsarTopics].map(withoutPartition))) {
      const pair = this.#names.ofPulsar(pulsarTopic);
      if (pair !== null) yield pair;
    }
  }
}
