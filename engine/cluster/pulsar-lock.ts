/**
 * The lock of a Pulsar cluster: a topic of ours, without entries. Its epoch, which Pulsar raises for each exclusive
 * producer, says whose turn it is; a property says that the owner is alive. Both are in Pulsar's metadata, so that a node
 * keeps its turn while bookies take no writes.
 */

import { topicPath } from '../../workers/log/pulsar/admin.js';
import { AdminError, type AdminHttp } from '../../workers/log/pulsar/admin-http.js';
import type { PulsarClient } from '../../workers/log/pulsar/client.js';
import { PulsarError } from '../../workers/log/pulsar/errors.js';
import { PulsarProducer } from '../../workers/log/pulsar/producer.js';
import { TopicAdmin } from '../catalog/pulsar/topic-admin.js';
import { AccessMode, ServerError } from '../protocol/pulsar/commands.js';
import type { Lock, LockNote, LockState } from './lock.js';

const topicName = '__kopje_lock';
const noteProperty = 'kopje.lease';
/** Where Pulsar keeps the epoch of a topic's owners. */
const epochProperty = 'pulsar.topic.epoch';

export class PulsarLock implements Lock {
  readonly name: string;
  readonly #client: PulsarClient;
  readonly #http: AdminHttp;
  readonly #topic: string;
  readonly #path: string;

  constructor(client: PulsarClient, metadataNamespace: string) {
    this.name = metadataNamespace;
    this.#client = client;
    this.#http = client.admin.http;
    this.#topic = `persistent://${metadataNamespace}/${topicName}`;
    this.#path = `${topicPath(this.#topic)}/properties`;
  }

  /** False before the first node has made it. Rejects with AdminError. */
  async exists(): Promise<boolean> {
    return (await new TopicAdmin(this.#http).read(this.#topic)) !== null;
  }

  /** Makes the topic, once for all nodes. Its namespace has to be there. */
  async prepare(): Promise<void> {
    if (await this.exists()) return;
    await new TopicAdmin(this.#http).createPlain(this.#topic, {}).catch((error: unknown) => {
      const isMade = error instanceof AdminError && error.status === 409;
      if (!isMade) throw error;
    });
  }

  /** Asked of the broker that owns the topic, which answers with what it has stored. Rejects with AdminError. */
  async read(): Promise<LockState> {
    const properties = await this.#http.get<Record<string, string>>(this.#path);
    const note = properties[noteProperty];
    return {
      epoch: Number(properties[epochProperty] ?? -1),
      note: note === undefined ? null : (JSON.parse(note) as LockNote),
    };
  }

  /** Rejects with AdminError. */
  async write(note: LockNote): Promise<void> {
    const body = { [noteProperty]: JSON.stringify(note) };
    await this.#http.ask({ method: 'PUT', path: this.#path, body });
  }

  /**
   * By an exclusive producer of a moment. Not by one with fencing: of two that come at once, Pulsar gives both the same
   * epoch. Rejects with PulsarError, ConnectionLost.
   */
  async take(): Promise<number | null> {
    const connection = await this.#client.lookup.connectionFor(this.#topic, 'control');
    const options = {
      topic: this.#topic,
      accessMode: AccessMode.exclusive,
      topicEpoch: null,
    };
    const unused = { acknowledged() {}, ended() {} };
    try {
      const producer = await PulsarProducer.open(connection, options, unused);
      // The epoch stays; there is nothing to send.
      await producer.close();
      return producer.topicEpoch;
    } catch (error) {
      const isTaken = error instanceof PulsarError && error.code === ServerError.ProducerFenced;
      if (isTaken) return null;
      throw error;
    }
  }
}
