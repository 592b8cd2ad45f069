import { AccessMode, type MessageId } from '../../../engine/protocol/pulsar/commands.js';
import { plainMetadata } from '../../format/plain-message.js';
import type { TopicAdmin } from './admin.js';
import type { Lookup } from './lookup.js';
import { sendOne } from './send-one.js';

/** Keeps bytes under the place that they were given. */
export interface SnapshotStore {
  /** `partition` is for whoever looks at the topic. Rejects with PulsarError, ConnectionLost. */
  write(partition: string, bytes: Uint8Array, nowMs: number): Promise<MessageId>;
  /** Rejects with AdminError, where the place is gone, too. */
  read(place: MessageId): Promise<Uint8Array>;
}

/** A topic of messages that are found by their place alone, so that no opening reads what others have written. */
export class SnapshotTopic implements SnapshotStore {
  readonly #topic: string;
  readonly #lookup: Lookup;
  readonly #admin: Pick<TopicAdmin, 'payload'>;

  constructor(topic: string, lookup: Lookup, admin: Pick<TopicAdmin, 'payload'>) {
    this.#topic = topic;
    this.#lookup = lookup;
    this.#admin = admin;
  }

  async write(partition: string, bytes: Uint8Array, nowMs: number): Promise<MessageId> {
    // Not on a connection of writers: what a fenced one does ends it.
    const connection = await this.#lookup.connectionFor(this.#topic, 'control');
    return sendOne(connection, this.#topic, AccessMode.shared, {
      messageCount: 1,
      metadata: plainMetadata(partition, 1, nowMs),
      payload: [bytes],
      payloadBytes: bytes.length,
      checksum: null,
    });
  }

  read(place: MessageId): Promise<Uint8Array> {
    return this.#admin.payload(this.#topic, place);
  }
}
