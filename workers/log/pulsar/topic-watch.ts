import type { PulsarConnection, TopicListEvents } from './connection.js';

/** Every topic; the broker looks at their names behind `persistent://`. */
const anyTopic = '.*';

/** Hears of topics that come and go in a namespace (`tenant/namespace`), for as long as the connection lasts. */
export class TopicWatch {
  readonly #connection: PulsarConnection;
  readonly #watcherId: number;
  /** Those there were when the watch began, partitions each by itself. */
  readonly topics: readonly string[];

  private constructor(connection: PulsarConnection, watcherId: number, topics: readonly string[]) {
    this.#connection = connection;
    this.#watcherId = watcherId;
    this.topics = topics;
  }

  /** Rejects with PulsarError where the broker watches nothing, ConnectionLost. */
  static async open(
    connection: PulsarConnection,
    namespace: string,
    events: TopicListEvents,
  ): Promise<TopicWatch> {
    const watcherId = connection.newId();
    connection.addWatcher(watcherId, events);
    try {
      const answer = await connection.request('watchTopicList', {
        watcherId,
        namespace,
        topicsPattern: anyTopic,
      });
      if (answer.name !== 'watchTopicListSuccess') {
        throw new Error(`${namespace}: a watch was answered with ${answer.name}`);
      }
      return new TopicWatch(connection, watcherId, answer.fields.topics);
    } catch (error) {
      connection.removeWatcher(watcherId);
      throw error;
    }
  }

  close(): void {
    this.#connection.removeWatcher(this.#watcherId);
    if (!this.#connection.isOpen) return;
    // Nobody waits for the answer.
    this.#connection
      .request('watchTopicListClose', { watcherId: this.#watcherId })
      .catch(() => undefined);
  }
}
