import type { Logger } from 'pino';
import type { LogConfig } from '../../../workers/ring/control.js';
import type { Settings } from '../../config/schema.js';
import { isInternalTopic } from '../topic-name.js';
import type { StoredTopic, TopicAdmin } from './topic-admin.js';
import type { TopicNamePair } from './topic-names.js';

export type Writers = LogConfig['pulsarWriters'];

const writersProperty = 'kopje.pulsarWriters';

/**
 * Who writes to a topic where nobody says so: decided when it is served for the first time, by its format then, and kept
 * with it, so that no change of a format shuts anybody out.
 */
export class TopicWriters {
  readonly #settings: Settings;
  readonly #admin: TopicAdmin;
  readonly #log: Logger;

  constructor(settings: Settings, admin: TopicAdmin, log: Logger) {
    this.#settings = settings;
    this.#admin = admin;
    this.#log = log;
  }

  /** What a topic that is made now gets. */
  propertiesOf(entryFormat: LogConfig['entryFormat']): StoredTopic['properties'] {
    return { [writersProperty]: writersFor(entryFormat) };
  }

  async of(
    { kafkaName, pulsarTopic }: TopicNamePair,
    { properties }: StoredTopic,
    entryFormat: LogConfig['entryFormat'],
  ): Promise<Writers> {
    if (isInternalTopic(kafkaName)) return 'exclusive';
    const { pulsarWriters } = this.#settings;
    if (pulsarWriters !== 'format') return pulsarWriters;
    const known = properties[writersProperty];
    if (known === 'exclusive' || known === 'shared') return known;
    try {
      await this.#admin.setProperties(pulsarTopic, this.propertiesOf(entryFormat));
    } catch (error) {
      const message = 'who writes to a topic cannot be kept with it; its format decides anew';
      this.#log.warn({ err: error, topic: kafkaName }, message);
    }
    return writersFor(entryFormat);
  }
}

function writersFor(entryFormat: LogConfig['entryFormat']): Writers {
  return entryFormat === 'pulsar' ? 'shared' : 'exclusive';
}
