import { randomUUID } from 'node:crypto';
import { type MessageId, SubscriptionType } from '../../../engine/protocol/pulsar/commands.js';
import type { ReceivedEntry } from '../../../engine/protocol/pulsar/frames.js';
import type { ConsumerEvents, PulsarConnection } from './connection.js';

/** Where a reader begins when nothing older is wanted: at the next entry that is written. */
export const latest: MessageId = {
  ledgerId: Number.MAX_SAFE_INTEGER,
  entryId: Number.MAX_SAFE_INTEGER,
};
/** Where a reader begins that wants all there is. */
export const earliest: MessageId = { ledgerId: -1, entryId: -1 };

/** Who gets the entries, in their order. */
export interface EntryEvents {
  /** Borrowed for the length of the call. */
  entry(view: Buffer, entry: ReceivedEntry): void;
  ended(reason: Error): void;
}

/**
 * A non-durable subscription from one entry on. It keeps no position on the broker and retains nothing there;
 * markers and damaged entries are not delivered, and show as gaps of the entry ids.
 */
export class PulsarReader implements ConsumerEvents {
  readonly #connection: PulsarConnection;
  readonly #consumerId: number;
  readonly #events: EntryEvents;
  #ended = false;
  /** Messages received whose permits were not granted again. */
  #owed = 0;
  #paused = false;
  readonly #grantAt: number;

  private constructor(
    connection: PulsarConnection,
    consumerId: number,
    permits: number,
    events: EntryEvents,
  ) {
    this.#connection = connection;
    this.#consumerId = consumerId;
    this.#events = events;
    // A FLOW for each entry would cost as much as the entry.
    this.#grantAt = Math.max(1, permits >> 1);
  }

  /**
   * Reads from `start`, that entry included. `permits`: messages on their way at most, though a whole entry always
   * comes. Rejects with PulsarError (TopicNotFound), ConnectionLost.
   */
  static async open(
    connection: PulsarConnection,
    topic: string,
    start: MessageId,
    permits: number,
    events: EntryEvents,
  ): Promise<PulsarReader> {
    const consumerId = connection.newId();
    const reader = new PulsarReader(connection, consumerId, permits, events);
    // Before the answer: the first entries may come in the same read as it.
    connection.addConsumer(consumerId, reader);
    try {
      await connection.request('subscribe', {
        topic,
        subscription: `kopje-reader-${randomUUID()}`,
        subType: SubscriptionType.exclusive,
        consumerId,
        durable: false,
        startMessageId: start,
        forceTopicCreation: false,
      });
    } catch (error) {
      connection.removeConsumer(consumerId);
      throw error;
    }
    // Not earlier: a FLOW before SUCCESS is ignored.
    connection.tell('flow', { consumerId, messagePermits: permits });
    return reader;
  }

  /** The last entry of the topic, markers included; entry -1 for an empty topic. */
  async lastMessageId(): Promise<MessageId> {
    const answer = await this.#connection.request('getLastMessageId', {
      consumerId: this.#consumerId,
    });
    if (answer.name !== 'getLastMessageIdResponse') {
      throw new Error(`the last message id was answered with ${answer.name}`);
    }
    return answer.fields.lastMessageId;
  }

  entry(view: Buffer, entry: ReceivedEntry): void {
    if (this.#ended) return;
    this.#owed += entry.messageCount;
    this.#events.entry(view, entry);
    this.#grant();
  }

  /** Nothing more is granted until `resume`: what is on its way still comes. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#grant();
  }

  endOfTopic(): void {
    // Terminated: there will be no more entries, and none was lost.
  }

  closed(reason: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.ended(reason);
  }

  /** The broker forgets it without being waited for. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#connection.removeConsumer(this.#consumerId);
    if (!this.#connection.isOpen) return;
    this.#connection
      .request('closeConsumer', { consumerId: this.#consumerId })
      .catch(() => undefined);
  }

  #grant(): void {
    if (this.#paused || this.#ended || this.#owed < this.#grantAt) return;
    const messagePermits = this.#owed;
    this.#owed = 0;
    this.#connection.tell('flow', { consumerId: this.#consumerId, messagePermits });
  }
}
