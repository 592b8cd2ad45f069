import { AccessMode } from '../../../engine/protocol/pulsar/commands.js';
import type { SendReceipt } from '../../../engine/protocol/pulsar/frames.js';
import type { ProducerEvents, PulsarConnection } from './connection.js';
import { PulsarError } from './errors.js';
import type { WindowUser } from './send-window.js';

/** Entries of one producer that have no receipt; those of all on its connection are bounded as well. */
export const maxPendingSends = 500;

export interface ProducerOptions {
  readonly topic: string;
  readonly accessMode: AccessMode;
  /** The epoch of an earlier opening: fails with ProducerFenced if another one came between. Null at the first. */
  readonly topicEpoch: number | null;
  /** A topic has one producer of a name. Absent: one of the broker's making. */
  readonly name?: string;
}

/** An entry to store; metadata and payload are borrowed until it is acknowledged or has failed. */
export interface OutgoingEntry {
  /** Records in it: the index advances by so many. */
  readonly messageCount: number;
  readonly metadata: Uint8Array;
  readonly payload: readonly Uint8Array[];
  readonly payloadBytes: number;
  /** CRC32C over metadata size, metadata and payload; null leaves it out. */
  readonly checksum: number | null;
}

/** Who hears what became of the entries, in the order in which they were sent. */
export interface SendEvents {
  acknowledged(entry: OutgoingEntry, ledgerId: number, entryId: number): void;
  /**
   * Nothing more can be sent. The entries, oldest first, are in doubt: each may have been stored, or not, and
   * none may be sent again before the topic's tail has been read.
   */
  ended(reason: Error, inDoubt: readonly OutgoingEntry[]): void;
  /** An entry that had to wait for those of others may be sent now. Absent: none of these is sent. */
  room?(): void;
}

/** One producer on one topic. Whatever goes wrong ends it: what is in doubt is for its owner to settle. */
export class PulsarProducer implements ProducerEvents, WindowUser {
  /** Of the topic's ownership: that of an exclusive producer is higher than every earlier one's. -1: there was none. */
  topicEpoch = -1;
  readonly topic: string;
  readonly #connection: PulsarConnection;
  readonly #producerId: number;
  readonly #events: SendEvents;
  readonly #pending: OutgoingEntry[] = [];
  /** Sequence id of the oldest pending entry. */
  #firstSequence = 0;
  #ended = false;

  private constructor(
    connection: PulsarConnection,
    topic: string,
    producerId: number,
    events: SendEvents,
  ) {
    this.topic = topic;
    this.#connection = connection;
    this.#producerId = producerId;
    this.#events = events;
  }

  /** Rejects with PulsarError (ProducerFenced: somebody else owns the topic), ConnectionLost. */
  static async open(
    connection: PulsarConnection,
    { topic, accessMode, topicEpoch, name }: ProducerOptions,
    events: SendEvents,
  ): Promise<PulsarProducer> {
    const producerId = connection.newId();
    const producer = new PulsarProducer(connection, topic, producerId, events);
    // Before the answer: a close may come in the same read as it.
    connection.addProducer(producerId, producer);
    try {
      const answer = await connection.request(
        'producer',
        {
          topic,
          producerId,
          producerAccessMode: accessMode,
          ...(topicEpoch !== null && { topicEpoch }),
          ...(name !== undefined && { producerName: name, userProvidedProducerName: true }),
        },
        accessMode === AccessMode.waitForExclusive ? null : undefined,
      );
      if (answer.name !== 'producerSuccess') {
        throw new Error(`${topic}: a producer was answered with ${answer.name}`);
      }
      producer.topicEpoch = answer.fields.topicEpoch ?? -1;
      // With deduplication on, a name used again would lose what is sent under numbers that were there before.
      producer.#firstSequence = (answer.fields.lastSequenceId ?? -1) + 1;
      return producer;
    } catch (error) {
      connection.removeProducer(producerId);
      throw error;
    }
  }

  get isOpen(): boolean {
    return !this.#ended;
  }

  get pendingSends(): number {
    return this.#pending.length;
  }

  /** Resolves when no entry is borrowed any more; not before the producer has ended. */
  drained(): Promise<void> {
    return this.#connection.drained();
  }

  /** False if the entry has to wait, for a receipt of an earlier one or for `room`, or the producer has ended. */
  send(entry: OutgoingEntry): boolean {
    if (this.#ended || this.#pending.length >= maxPendingSends) return false;
    if (!this.#connection.sendWindow.take(this)) return false;
    this.#send(entry);
    return true;
  }

  /** Sends the only entry of a producer, or its first one: it waits for nobody. */
  sendFirst(entry: OutgoingEntry): void {
    if (this.#ended) return;
    this.#connection.sendWindow.takeAnyway();
    this.#send(entry);
  }

  room(): void {
    this.#events.room?.();
  }

  #send(entry: OutgoingEntry): void {
    const sequenceId = this.#firstSequence + this.#pending.length;
    this.#pending.push(entry);
    this.#connection.send(
      {
        producerId: this.#producerId,
        sequenceId,
        messageCount: entry.messageCount,
        metadataBytes: entry.metadata.length,
        payloadBytes: entry.payloadBytes,
        checksum: entry.checksum,
      },
      entry.metadata,
      entry.payload,
    );
  }

  receipt(receipt: SendReceipt): void {
    if (receipt.sequenceId !== this.#firstSequence || this.#pending.length === 0) {
      this.#fail(new Error(`a receipt for ${receipt.sequenceId}, not for ${this.#firstSequence}`));
      return;
    }
    if (receipt.entryId < 0) {
      this.#fail(new Error('the broker took an entry for a duplicate and stored nothing'));
      return;
    }
    const entry = this.#pending.shift() as OutgoingEntry;
    this.#firstSequence++;
    // First: who waits has its turn before what this one sends next.
    this.#connection.sendWindow.give(1);
    this.#events.acknowledged(entry, receipt.ledgerId, receipt.entryId);
  }

  sendFailed(_sequenceId: number, code: number, message: string): void {
    this.#fail(new PulsarError(code, message));
  }

  closed(reason: Error): void {
    this.#end(reason);
  }

  /** Gives the topic up. What is pending is in doubt. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#end(new Error('closed'));
    if (!this.#connection.isOpen) return;
    await this.#connection.request('closeProducer', { producerId: this.#producerId });
  }

  /** The broker still believes in this producer: tells it otherwise. */
  #fail(reason: Error): void {
    this.#end(reason);
    // It may answer with an error, or not at all if the connection ends: there is nothing left to lose.
    this.#connection
      .request('closeProducer', { producerId: this.#producerId })
      .catch(() => undefined);
  }

  #end(reason: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    const { sendWindow } = this.#connection;
    this.#connection.removeProducer(this.#producerId);
    sendWindow.leave(this);
    const inDoubt = this.#pending.splice(0);
    this.#events.ended(reason, inDoubt);
    sendWindow.give(inDoubt.length);
  }
}
