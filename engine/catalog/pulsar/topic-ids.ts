import type { Logger } from 'pino';
import { isForbidden, type StoredTopic, type TopicAdmin } from './topic-admin.js';
import { derivedId, idOf, idPropertyOf } from './topic-properties.js';

/** The ids that topics have for Kafka; one that has none is given one, for good if rights allow. */
export class TopicIds {
  readonly #admin: TopicAdmin;
  readonly #log: Logger;
  /** Set once Pulsar refuses to keep an id: no more are tried. */
  #isForbidden = false;

  constructor(admin: TopicAdmin, log: Logger) {
    this.#admin = admin;
    this.#log = log;
  }

  /** `held`: the id that the topic had when it was last looked at. */
  async of(
    pulsarTopic: string,
    { partitions, properties }: StoredTopic,
    held: string | undefined,
  ): Promise<string> {
    const known = idOf(properties);
    if (known !== null) return known;
    const first = partitions > 0 ? `${pulsarTopic}-partition-0` : pulsarTopic;
    const creationDate = await this.#admin.creationDate(first);
    if (creationDate === null && held !== undefined) return held;
    const id = derivedId(pulsarTopic, creationDate ?? '');
    if (this.#isForbidden) return id;
    try {
      await this.#admin.setProperties(pulsarTopic, idPropertyOf(id));
    } catch (error) {
      if (!isForbidden(error)) throw error;
      this.#isForbidden = true;
      this.#log.warn({ err: error }, 'no right to keep topic ids: they are derived at each start');
    }
    return id;
  }
}
