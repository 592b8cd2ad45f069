import type { Logger } from 'pino';
import type { PulsarOrigin } from '../../../workers/ring/control.js';
import type { Settings } from '../../config/schema.js';
import { type GroupHash, kafkaOffsetsLayout, type OffsetsLayout } from '../offsets-layout.js';
import { offsetsTopic } from '../topic-name.js';
import { prepareSnapshotTopic } from './snapshot-topic.js';
import { isForbidden, type StoredTopic, type TopicAdmin } from './topic-admin.js';
import type { TopicNames } from './topic-names.js';
import { configProperty } from './topic-properties.js';

/** Where KoP's coordinator of transactions keeps its state. */
const kopTransactionState = '__transaction_state';
/** A property of the offsets topic: which of its partitions keeps a group. */
export const groupHashProperty = 'kopjeGroupHash';
/** On every offsets topic that Kopje has made, and on none of KoP's. */
const ownProperty = configProperty('cleanup.policy');

/** The namespace of Kafka's own topics, and what KoP left in it. */
export class MetadataNamespace {
  readonly #names: TopicNames;
  readonly #settings: Settings;
  readonly #admin: TopicAdmin;
  readonly #log: Logger;
  #hasKopTransactions = false;
  #offsetsLayout: OffsetsLayout = kafkaOffsetsLayout;

  constructor(names: TopicNames, settings: Settings, admin: TopicAdmin, log: Logger) {
    this.#names = names;
    this.#settings = settings;
    this.#admin = admin;
    this.#log = log;
  }

  /** Of the offsets topic; final once that is open. */
  get offsetsLayout(): OffsetsLayout {
    return this.#offsetsLayout;
  }

  /** Rejects with AdminError. */
  async prepare(): Promise<void> {
    const namespace = this.#names.metadataNamespace;
    await this.#keepForEver(namespace);
    const state = await this.#admin.read(`persistent://${namespace}/${kopTransactionState}`);
    this.#hasKopTransactions = state !== null;
  }

  /** Looked for only where KoP's coordinator of transactions ever was: it takes a reading of the whole topic. */
  transactionsIn(kafkaName: string): PulsarOrigin['transactions'] {
    if (!this.#hasKopTransactions) return 'none';
    return kafkaName === offsetsTopic ? 'read-with-commits' : 'read';
  }

  /**
   * Before the offsets topic is opened. Its rule is written down first: without that, two nodes might have two.
   * Rejects with AdminError.
   */
  async learnOffsetsLayout(pulsarTopic: string, { properties }: StoredTopic): Promise<void> {
    const groupHash = hashIn(properties);
    if (properties[groupHashProperty] !== groupHash) {
      await this.#admin.setProperties(pulsarTopic, { [groupHashProperty]: groupHash });
    }
    const { kopCompatibleOffsets } = this.#settings;
    const names = this.#names;
    this.#offsetsLayout = {
      groupHash,
      forKop:
        kopCompatibleOffsets === 'auto' ? groupHash === 'java' : kopCompatibleOffsets === 'true',
      needsSnapshots: true,
      shortName: (topic) => names.ofKafka(topic)?.kafkaName ?? topic,
      fullName: (topic) => names.ofKafka(topic)?.pulsarTopic ?? topic,
    };
  }

  /** What a namespace says by default would lose committed offsets. */
  async #keepForEver(namespace: string): Promise<void> {
    const { producerIdExpirationMs } = this.#settings;
    try {
      await this.#admin.ensureNamespace(namespace);
      await this.#admin.keepForEver(namespace);
      await prepareSnapshotTopic(this.#admin, namespace, producerIdExpirationMs);
    } catch (error) {
      if (!isForbidden(error)) throw error;
      this.#log.warn(
        { err: error, namespace },
        'no right to keep a namespace for ever; see `kopje check`',
      );
    }
  }
}

/** KoP's own rule where nothing says that it is another one's topic. */
function hashIn(properties: StoredTopic['properties']): GroupHash {
  const told = properties[groupHashProperty];
  if (told === 'kafka' || told === 'java') return told;
  return properties[ownProperty] === undefined ? 'java' : 'kafka';
}
