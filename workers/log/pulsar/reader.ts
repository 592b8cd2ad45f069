import { randomUUID } from 'node:crypto';
import { type MessageId, SubscriptionType } from '../../../engine/protocol/pulsar/commands.js';
import type { ReceivedEntry } from '../../../engine/protocol/pulsar/frames.js';
import type { ConsumerEvents, PulsarConnection } from './connection.js';

/** Where a reader begins that wants all there is. */
export const earliest: MessageId = { ledgerId: -1, entryId: -1 };

/** Messages that may be on their way at once, however small they are: Pulsar's own default of a receiver queue. */
const maxPermits = 1_000;
/** Of a new size in the mean size of a message. */
const meanShare = 1 / 4;

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
  readonly topic: string;
  readonly #connection: PulsarConnection;
  readonly #consumerId: number;
  readonly #events: EntryEvents;
  #ended = false;
  /** Messages that are granted and have not come; below 0 behind an entry of several. */
  #granted = 0;
  #paused = false;
  readonly #windowBytes: number;
  /** Bytes of a message, as they came of late; 0 before the first. */
  #meanBytes = 0;

  private constructor(
    connection: PulsarConnection,
    topic: string,
    consumerId: number,
    windowBytes: number,
    events: EntryEvents,
  ) {
    this.topic = topic;
    this.#connection = connection;
    this.#consumerId = consumerId;
    this.#events = events;
    this.#windowBytes = windowBytes;
  }

  /**
   * Reads from `start`, that entry included. `windowBytes`: what is on its way at most, about; permits count
   * messages, so it begins with one entry and grows as their size becomes known. Rejects with PulsarError
   * (TopicNotFound), ConnectionLost.
   */
  static async open(
    connection: PulsarConnection,
    topic: string,
    start: MessageId,
    windowBytes: number,
    events: EntryEvents,
  ): Promise<PulsarReader> {
    const consumerId = connection.newId();
    const reader = new PulsarReader(connection, topic, consumerId, windowBytes, events);
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
    reader.#grant();
    return reader;
  }

  entry(view: Buffer, entry: ReceivedEntry): void {
    if (this.#ended) return;
    this.#granted -= entry.messageCount;
    const bytes = (entry.end - entry.metadataSizeAt) / entry.messageCount;
    const share = this.#meanBytes === 0 ? 1 : meanShare;
    this.#meanBytes += share * (bytes - this.#meanBytes);
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
    if (this.#paused || this.#ended) return;
    const fitting = this.#meanBytes === 0 ? 1 : Math.floor(this.#windowBytes / this.#meanBytes);
    const wanted = Math.max(1, Math.min(maxPermits, fitting));
    // A FLOW for each entry would cost as much as the entry.
    if (this.#granted > wanted >> 1) return;
    const messagePermits = wanted - this.#granted;
    this.#granted = wanted;
    this.#connection.tell('flow', { consumerId: this.#consumerId, messagePermits });
  }
}
