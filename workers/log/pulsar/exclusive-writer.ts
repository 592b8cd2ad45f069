import { AccessMode, ServerError } from '../../../engine/protocol/pulsar/commands.js';
import type { TopicAdmin } from './admin.js';
import { barrierEntry } from './barrier.js';
import { epochProperty } from './epoch-counters.js';
import { ConnectionLost, PulsarError } from './errors.js';
import type { Lookup } from './lookup.js';
import { type OutgoingEntry, PulsarProducer, type SendEvents } from './producer.js';
import { readTail } from './tail.js';

/** Acknowledgements between two entries that are read back although nothing seems wrong. */
const checkEvery = 1_000;
/** For the receipt of the barrier. A broker that gives a topic away says nothing for as long as its keep-alive. */
const barrierTimeoutMs = 30_000;

/** The numbers do not add up, or somebody else wrote: nothing may be acknowledged any more. */
export class OwnershipDoubt extends Error {
  override readonly name = 'OwnershipDoubt';
}

export interface ExclusiveWriterOptions {
  readonly topic: string;
  readonly lookup: Lookup;
  readonly admin: TopicAdmin;
}

export interface WriterEvents {
  /** In the order of the sends. `baseOffset` is that of the entry's first record. */
  acknowledged(entry: OutgoingEntry, baseOffset: number, ledgerId: number, entryId: number): void;
  /**
   * The writer is of no more use. Each of the entries may have been stored, or not. `reason` is OwnershipDoubt, a
   * PulsarError (ProducerFenced: another one owns the topic) or ConnectionLost.
   */
  ended(reason: Error, inDoubt: readonly OutgoingEntry[]): void;
  /** An entry that had to wait for those of others may be sent now. */
  room(): void;
}

/** An entry whose receipt has come. */
interface Stored {
  readonly entry: OutgoingEntry;
  readonly ledgerId: number;
  readonly entryId: number;
}

/**
 * The only writer of a topic, by an `ExclusiveWithFencing` producer. Receipts carry no index, so offsets are
 * counted. The count begins behind an entry that a new owner writes and reads back (the barrier: sends of a fenced
 * predecessor lie before it, or nowhere), and is checked by reading back the first entry of every ledger and one in a
 * thousand. Acknowledgements wait for the check, except for the last kind.
 */
export class ExclusiveWriter implements SendEvents {
  /** Rises with every new owner: the partition's leader epoch. */
  topicEpoch = -1;
  /** Offset of the next record. */
  endOffset = 0;
  /** Most bytes of metadata and payload that the broker takes. */
  maxMessageBytes = 0;
  readonly #options: ExclusiveWriterOptions;
  readonly #events: WriterEvents;
  #producer: PulsarProducer | null = null;
  /** In order: stored, and to be acknowledged when the first of them has been read back. */
  readonly #held: Stored[] = [];
  /** The last one that was stored. */
  #ledgerId = -1;
  #entryId = -1;
  /** Until the barrier is stored, if one is written. */
  #barrier: { stored(stored: Stored): void; failed(reason: Error): void } | null = null;
  #sinceCheck = 0;
  #doubt: Error | null = null;
  /** Why it is of no more use. */
  #reason: Error | null = null;
  #isOpen = false;
  #failOpening: (reason: Error) => void = () => undefined;

  private constructor(options: ExclusiveWriterOptions, events: WriterEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** Takes the topic over from whoever has it. Rejects with PulsarError, ConnectionLost, AdminError, IndexMissing. */
  static takeOver(
    options: ExclusiveWriterOptions,
    events: WriterEvents,
    nowMs: number,
  ): Promise<ExclusiveWriter> {
    return new ExclusiveWriter(options, events).#open(null, async (writer) => {
      if (!(await writer.#isUntouched())) await writer.#writeBarrier(nowMs);
    });
  }

  /**
   * Comes back as the same owner. The end is that of the tail, and behind it may still come what had been sent before.
   * Rejects with PulsarError (ProducerFenced: there is another owner), ConnectionLost, AdminError.
   */
  static comeBack(
    options: ExclusiveWriterOptions,
    events: WriterEvents,
    topicEpoch: number,
  ): Promise<ExclusiveWriter> {
    return new ExclusiveWriter(options, events).#open(topicEpoch, (writer) => writer.readEnd());
  }

  get isOpen(): boolean {
    return this.#isOpen && this.#reason === null;
  }

  /** The last entry of this writer; the barrier, where none followed. Entry -1 before the first. */
  get last(): { ledgerId: number; entryId: number } {
    return { ledgerId: this.#ledgerId, entryId: this.#entryId };
  }

  /**
   * Nothing may be pending. Rejects with AdminError, and with PulsarError (ProducerFenced): while another owner takes over,
   * a broker may accept the old one once more, and what is at the end may be the other's. Its epoch was stored before.
   */
  async readEnd(): Promise<void> {
    const { admin, topic } = this.#options;
    const { endOffset } = await readTail(admin, topic);
    const epoch = await admin.property(topic, epochProperty);
    if (Number(epoch) !== this.topicEpoch) {
      const message = `${topic} has epoch ${epoch}, this owner ${this.topicEpoch}`;
      throw new PulsarError(ServerError.ProducerFenced, message);
    }
    this.endOffset = endOffset;
  }

  /** False if the entry has to wait until an earlier one is acknowledged, or the writer has ended. */
  send(entry: OutgoingEntry): boolean {
    return this.#producer?.send(entry) ?? false;
  }

  /** Resolves when no entry is borrowed any more; not before the writer has ended. */
  async drained(): Promise<void> {
    await this.#producer?.drained();
  }

  /** Gives the topic up; what is not acknowledged is in doubt. */
  async close(): Promise<void> {
    await this.#producer?.close();
  }

  acknowledged(entry: OutgoingEntry, ledgerId: number, entryId: number): void {
    this.#stored({ entry, ledgerId, entryId });
  }

  ended(reason: Error, inDoubt: readonly OutgoingEntry[]): void {
    this.#end(reason, inDoubt);
  }

  room(): void {
    this.#events.room();
  }

  async #open(
    topicEpoch: number | null,
    findEnd: (writer: ExclusiveWriter) => Promise<void>,
  ): Promise<ExclusiveWriter> {
    const { topic, lookup } = this.#options;
    const connection = await lookup.connectionFor(topic, 'write');
    this.maxMessageBytes = connection.maxMessageBytes;
    const failed = new Promise<never>((_, reject) => {
      this.#failOpening = reject;
    });
    failed.catch(() => undefined);
    const producer = await PulsarProducer.open(
      connection,
      { topic, accessMode: AccessMode.exclusiveWithFencing, topicEpoch },
      this,
    );
    this.#producer = producer;
    this.topicEpoch = producer.topicEpoch;
    try {
      // After the producer: nothing but what is on its way already can come behind what is read now.
      await Promise.race([findEnd(this), failed]);
      if (this.#reason !== null) throw this.#reason;
      this.#isOpen = true;
      return this;
    } catch (error) {
      await producer.close().catch(() => undefined);
      throw error;
    }
  }

  /** No owner was before, and no entry ever: none can be on its way but a plain producer's, and that is found out. */
  async #isUntouched(): Promise<boolean> {
    if (this.topicEpoch > 0) return false;
    const { admin, topic } = this.#options;
    const [{ last }, index] = await Promise.all([admin.ledgers(topic), admin.ledgerIndex(topic)]);
    return last.entryId < 0 && index < 0;
  }

  async #writeBarrier(nowMs: number): Promise<void> {
    const { admin, topic } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const stored = new Promise<Stored>((resolve, reject) => {
      this.#barrier = { stored: resolve, failed: reject };
      const late = () => reject(new Error(`${topic}: no receipt within ${barrierTimeoutMs} ms`));
      timer = setTimeout(late, barrierTimeoutMs);
    });
    this.#producer?.sendFirst(barrierEntry(nowMs));
    try {
      const { ledgerId, entryId } = await stored;
      this.endOffset = (await admin.entry(topic, { ledgerId, entryId })).index + 1;
      this.#ledgerId = ledgerId;
      this.#entryId = entryId;
    } finally {
      clearTimeout(timer);
    }
  }

  #stored(stored: Stored): void {
    const { ledgerId, entryId } = stored;
    const barrier = this.#barrier;
    if (barrier !== null) {
      this.#barrier = null;
      barrier.stored(stored);
      return;
    }
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

  #acknowledge({ entry, ledgerId, entryId }: Stored): void {
    const baseOffset = this.endOffset;
    this.endOffset += entry.messageCount;
    this.#events.acknowledged(entry, baseOffset, ledgerId, entryId);
  }

  /** The oldest held entry is the first of a ledger: it and all behind it wait until it has been read back. */
  #verifyFirst(): void {
    const first = this.#held[0] as Stored;
    const { messageCount } = first.entry;
    this.#readBack(first, (index) => {
      const counted = this.endOffset + messageCount - 1;
      if (index === counted) this.#release(first.ledgerId);
      else this.#mismatch(first, index, counted);
    });
  }

  #release(ledgerId: number): void {
    const other = this.#held.findIndex((stored) => stored.ledgerId !== ledgerId);
    const released = this.#held.splice(0, other < 0 ? this.#held.length : other);
    for (const stored of released) this.#acknowledge(stored);
    // Another ledger began meanwhile.
    if (this.#reason === null && this.#held.length > 0) this.#verifyFirst();
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
    const { topic, admin } = this.#options;
    admin.entry(topic, { ledgerId, entryId }).then(
      ({ index }) => {
        if (this.#reason === null) judge(index);
      },
      (error: Error) => this.#fail(error.message, error),
    );
  }

  #mismatch({ ledgerId, entryId }: Stored, index: number, counted: number): void {
    this.#fail(`entry ${ledgerId}:${entryId} has index ${index}, not ${counted}`);
  }

  #fail(problem: string, cause?: Error): void {
    if (this.#reason !== null) return;
    const message = `${this.#options.topic}: ${problem}`;
    this.#doubt ??= cause ? new ConnectionLost(message, { cause }) : new OwnershipDoubt(message);
    // Ends the producer at once, and this writer with it.
    this.#producer?.close().catch(() => undefined);
  }

  #end(reason: Error, pending: readonly OutgoingEntry[]): void {
    if (this.#reason !== null) return;
    this.#reason = this.#doubt ?? reason;
    const held = this.#held.splice(0).map(({ entry }) => entry);
    if (this.#isOpen) this.#events.ended(this.#reason, [...held, ...pending]);
    else {
      this.#barrier?.failed(this.#reason);
      this.#failOpening(this.#reason);
    }
  }
}
