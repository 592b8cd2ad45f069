import type { Logger } from 'pino';
import type { PulsarClient } from '../../../workers/log/pulsar/client.js';
import { TopicWatch } from '../../../workers/log/pulsar/topic-watch.js';

/** Back-off before a watch that ended is begun again. */
const firstRetryMs = 200;
const maxRetryMs = 30_000;

export interface WatchEvents {
  /** These may have come, gone or changed: `persistent://…`, partitions each by itself. */
  changed(topics: readonly string[]): void;
  /** A watch began again: whatever happened meanwhile was not told, and these are there now. */
  resumed(namespace: string, topics: readonly string[]): void;
}

/** Watches namespaces for as long as it is not closed; a watch that ends is begun again. */
export class NamespaceWatches {
  readonly #client: PulsarClient;
  readonly #events: WatchEvents;
  readonly #log: Logger;
  readonly #watches = new Map<string, TopicWatch>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #closed = false;

  constructor(client: PulsarClient, events: WatchEvents, log: Logger) {
    this.#client = client;
    this.#events = events;
    this.#log = log;
  }

  /** Begins to watch a namespace; returns what is there. Rejects where that cannot be. */
  async open(namespace: string): Promise<readonly string[]> {
    const connection = await this.#client.lookup.anyBroker();
    let isOpen = false;
    const watch = await TopicWatch.open(connection, namespace, {
      changed: (topics) => this.#events.changed(topics),
      closed: (reason) => {
        this.#watches.delete(namespace);
        if (isOpen) this.#resumeLater(namespace, reason, 0);
      },
    });
    isOpen = true;
    if (this.#closed) watch.close();
    else this.#watches.set(namespace, watch);
    return watch.topics;
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
  }

  #resumeLater(namespace: string, reason: Error, failures: number): void {
    if (this.#closed) return;
    this.#log.warn(
      { err: reason, namespace },
      'topics of a namespace are not watched; tried again',
    );
    const waitMs = Math.min(maxRetryMs, firstRetryMs * 2 ** failures);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#resume(namespace, failures);
    }, waitMs);
    this.#timers.add(timer);
  }

  async #resume(namespace: string, failures: number): Promise<void> {
    try {
      const topics = await this.open(namespace);
      if (this.#closed) return;
      this.#log.info({ namespace }, 'topics of a namespace are watched again');
      this.#events.resumed(namespace, topics);
    } catch (error) {
      this.#resumeLater(namespace, error as Error, failures + 1);
    }
  }
}
