import { AccessMode } from '../../../engine/protocol/pulsar/commands.js';
import { AdminError, type PulsarAdmin } from './admin.js';
import type { Lookup } from './lookup.js';
import { PulsarProducer } from './producer.js';
import { parseTopicName } from './topic-name.js';

/** Where Pulsar keeps how often a topic was taken by an exclusive producer, counted from 0. */
export const epochProperty = 'pulsar.topic.epoch';

/** How often each partition was opened to be shared. */
export interface SharedEpochs {
  /** 0: never. Rejects with AdminError. */
  read(topic: string): Promise<number>;
  /** Returns how often it has been now. Rejects with AdminError, PulsarError, ConnectionLost. */
  raise(topic: string): Promise<number>;
}

/**
 * Counters that only rise, whoever raises them: for each partition a topic without entries, which an exclusive producer
 * takes for a moment. Raising the epoch of the partition's own topic would shut out everybody else who writes there.
 */
export class EpochCounters implements SharedEpochs {
  readonly #lookup: Lookup;
  readonly #admin: PulsarAdmin;
  /** `tenant/namespace`. */
  readonly #namespace: string;

  constructor(lookup: Lookup, admin: PulsarAdmin, metadataNamespace: string) {
    this.#lookup = lookup;
    this.#admin = admin;
    this.#namespace = metadataNamespace;
  }

  async read(topic: string): Promise<number> {
    return (await this.#find(topic)) ?? 0;
  }

  async raise(topic: string): Promise<number> {
    const counter = counterOf(topic, this.#namespace);
    // Not left to the broker, which may make none, or a partitioned one.
    if ((await this.#find(topic)) === null) await this.#admin.createTopic(counter);
    const connection = await this.#lookup.connectionFor(counter, 'write');
    const accessMode = AccessMode.exclusiveWithFencing;
    const options = { topic: counter, accessMode, topicEpoch: null };
    const producer = await PulsarProducer.open(connection, options, {
      acknowledged: () => undefined,
      ended: () => undefined,
    });
    await producer.close();
    return producer.topicEpoch + 1;
  }

  /** Null where there is no counter. */
  async #find(topic: string): Promise<number | null> {
    try {
      const epoch = await this.#admin.property(counterOf(topic, this.#namespace), epochProperty);
      return epoch === null ? 0 : Number(epoch) + 1;
    } catch (error) {
      if (error instanceof AdminError && error.status === 404) return null;
      throw error;
    }
  }
}

/** The topic that counts for a partition. */
export function counterOf(topic: string, metadataNamespace: string): string {
  const { tenant, namespace, local } = parseTopicName(topic);
  const whole = `${tenant}/${namespace}/${local}`.replaceAll('~', '%7E');
  // Not a slash, and no number of a partition at the end: Pulsar would look for the others.
  const flat = encodeURIComponent(whole).replaceAll('%', '~');
  return `persistent://${metadataNamespace}/__kopje_epoch~${flat}~`;
}
