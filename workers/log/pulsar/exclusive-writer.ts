import { AccessMode } from '../../../engine/protocol/pulsar/commands.js';
import type { IndexSource } from './admin.js';
import type { Lookup } from './lookup.js';
import { type OutgoingEntry, PulsarProducer } from './producer.js';
import { indexOf, readTail } from './tail.js';

/** Acknowledgements between two entries that are read back although nothing seems wrong. */
const checkEvery = 1_000;

/** The numbers do not add up, or somebody else wrote: nothing may be acknowledged any more. */
export class OwnershipDoubt extends Error {
  override readonly name = 'OwnershipDoubt';
}

export interface ExclusiveWriterOptions {
  readonly topic: string;
  readonly lookup: Lookup;
  readonly admin: IndexSource;
  /** The epoch of an earlier opening, to come back as the same owner; null to take the topic over. */
  readonly topicEpoch: number | null;
}

export interface WriterEvents {
  /** In the order of the sends. `baseOffset` is that of the entry's first record. */
  acknowledged(entry: OutgoingEntry, baseOffset: number): void;
  /**
   * The writer is of no more use. Each of the entries may have been stored, or not. `reason` is OwnershipDoubt, a
   * PulsarError (ProducerFenced: another one owns the topic) or ConnectionLost.
   */
  ended(reason: Error, inDoubt: readonly OutgoingEntry[]): void;
}

/** An entry whose receipt has come. */
interface Stored {
  readonly entry: OutgoingEntry;
  readonly ledgerId: number;
  readonly entryId: number;
}

/**
 * The only writer of a topic, by an `ExclusiveWithFencing` producer. Receipts carry no index, so offsets are
 * counted, and the count is checked by reading an entry back: the first one (sends of a fenced predecessor may come
 * in before it), the first of every ledger, and one in a thousand. Acknowledgements wait for the check, except for the last kind.
 */
export class ExclusiveWriter {
  /** Rises with every new owner: the partition's leader epoch. */
  readonly topicEpoch: number;
  /** Offset of the next record, as far as is known: until the first acknowledgement it may still be too low. */
  endOffset: number;
  readonly #options: ExclusiveWriterOptions;
  readonly #events: WriterEvents;
  readonly #producer: PulsarProducer;
  /** In order: stored, and to be acknowledged when the first of them has been read back. */
  readonly #held: Stored[] = [];
  /** The last one that was stored. */
  #ledgerId = -1;
  #entryId = -1;
  /** Nothing of this opening has been read back: the count may still be too low. */
  #isFirst = true;
  #sinceCheck = 0;
  #doubt: Error | null = null;
  #ended = false;

  private constructor(
    options: ExclusiveWriterOptions,
    events: WriterEvents,
    producer: PulsarProducer,
    endOffset: number,
  ) {
    this.#options = options;
    this.#events = events;
    this.#producer = producer;
    this.topicEpoch = producer.topicEpoch;
    this.endOffset = endOffset;
  }

  /** Takes the topic over, or comes back. Rejects with PulsarError (ProducerFenced), ConnectionLost, AdminError. */
  static async open(
    options: ExclusiveWriterOptions,
    events: WriterEvents,
  ): Promise<ExclusiveWriter> {
    const { topic, lookup, admin, topicEpoch } = options;
    const connection = await lookup.connectionFor(topic, 'write');
    // Null until the tail is known: nothing is sent before that.
    const opened: { writer: ExclusiveWriter | null; failure: Error | null } = {
      writer: null,
      failure: null,
    };
    const producer = await PulsarProducer.open(
      connection,
      { topic, accessMode: AccessMode.exclusiveWithFencing, topicEpoch },
      {
        acknowledged: (entry, ledgerId, entryId) => {
          const { writer } = opened;
          if (writer !== null) writer.#stored({ entry, ledgerId, entryId });
        },
        ended: (reason, inDoubt) => {
          const { writer } = opened;
          opened.failure = reason;
          if (writer !== null) writer.#end(reason, inDoubt);
        },
      },
    );
    try {
      // After the producer: nothing but what is on its way already can come behind this tail.
      const { endOffset } = await readTail(await lookup.connectionFor(topic, 'read'), admin, topic);
      if (opened.failure !== null) throw opened.failure;
      opened.writer = new ExclusiveWriter(options, events, producer, endOffset);
      return opened.writer;
    } catch (error) {
      await producer.close().catch(() => undefined);
      throw error;
    }
  }

  /** False if the entry has to wait until an earlier one is acknowledged, or the writer has ended. */
  send(entry: OutgoingEntry): boolean {
    if (this.#ended) return false;
    // Until the first one has been read back the offsets of all are unknown.
    const isAlone = this.#producer.pendingSends === 0 && this.#held.length === 0;
    return (!this.#isFirst || isAlone) && this.#producer.send(entry);
  }

  /** Gives the topic up; what is not acknowledged is in doubt. */
  close(): Promise<void> {
    return this.#producer.close();
  }

  #stored(stored: Stored): void {
    const { ledgerId, entryId } = stored;
    const isSameLedger = ledgerId === this.#ledgerId;
    if (isSameLedger && entryId !== this.#entryId + 1) {
      this.#held.push(stored);
      this.#fail(`${ledgerId}:${entryId} was stored after ${ledgerId}:${this.#entryId}`);
      return;
    }
    this.#ledgerId = ledgerId;
    this.#entryId = entryId;
    if (this.#held.length > 0) this.#held.push(stored);
    else if (!isSameLedger) {
      this.#held.push(stored);
      this.#verifyFirst();
    } else {
      this.#acknowledge(stored);
      this.#checkNowAndThen(stored);
    }
  }

  #acknowledge({ entry }: Stored): void {
    const baseOffset = this.endOffset;
    this.endOffset += entry.messageCount;
    this.#events.acknowledged(entry, baseOffset);
  }

  /** The oldest held entry is the first of a ledger: it and all behind it wait until it has been read back. */
  #verifyFirst(): void {
    const first = this.#held[0] as Stored;
    const { messageCount } = first.entry;
    this.#readBack(first, (index) => {
      const counted = this.endOffset + messageCount - 1;
      // What a fenced predecessor had sent came in before it.
      if (this.#isFirst && index > counted) this.endOffset = index - messageCount + 1;
      else if (index !== counted) return this.#mismatch(first, index, counted);
      this.#isFirst = false;
      this.#release(first.ledgerId);
    });
  }

  #release(ledgerId: number): void {
    const other = this.#held.findIndex((stored) => stored.ledgerId !== ledgerId);
    const released = this.#held.splice(0, other < 0 ? this.#held.length : other);
    for (const stored of released) this.#acknowledge(stored);
    // Another ledger began meanwhile.
    if (!this.#ended && this.#held.length > 0) this.#verifyFirst();
  }

  #checkNowAndThen(stored: Stored): void {
    if (++this.#sinceCheck < checkEvery) return;
    this.#sinceCheck = 0;
    const counted = this.endOffset - 1;
    this.#readBack(stored, (index) => {
      if (index !== counted) this.#mismatch(stored, index, counted);
    });
  }

  #readBack({ ledgerId, entryId }: Stored, judge: (index: number) => void): void {
    const { topic, lookup, admin } = this.#options;
    lookup
      .connectionFor(topic, 'read')
      .then((connection) => indexOf(connection, admin, topic, { ledgerId, entryId }))
      .then(
        (index) => {
          if (!this.#ended) judge(index);
        },
        (error: Error) => this.#fail(error.message, error),
      );
  }

  #mismatch({ ledgerId, entryId }: Stored, index: number, counted: number): void {
    this.#fail(`entry ${ledgerId}:${entryId} has index ${index}, not ${counted}`);
  }

  #fail(problem: string, cause?: Error): void {
    if (this.#ended) return;
    const message = `${this.#options.topic}: ${problem}`;
    this.#doubt ??= new OwnershipDoubt(message, cause && { cause });
    // Ends the producer at once, and this writer with it.
    this.#producer.close().catch(() => undefined);
  }

  #end(reason: Error, pending: readonly OutgoingEntry[]): void {
    if (this.#ended) return;
    this.#ended = true;
    const held = this.#held.splice(0).map(({ entry }) => entry);
    this.#events.ended(this.#doubt ?? reason, [...held, ...pending]);
  }
}
