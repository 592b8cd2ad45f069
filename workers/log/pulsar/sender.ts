import { setTimeout as delay } from 'node:timers/promises';
import { ServerError } from '../../../engine/protocol/pulsar/commands.js';
import { LogFault } from '../log.js';
import { PulsarError } from './errors.js';
import {
  ExclusiveWriter,
  type ExclusiveWriterOptions,
  OwnershipDoubt,
  type WriterEvents,
} from './exclusive-writer.js';
import type { OutgoingEntry } from './producer.js';
import { storedOf } from './settle.js';

/** Sent and not stored: more waits in front of the log. */
export const maxInFlightBytes = 16 * 2 ** 20;
/** To come back as the owner after the broker or the connection is gone. */
const comeBackTimeoutMs = 10_000;
/** To see what was on its way when it went. */
const settleTimeoutMs = 1_000;
const firstWaitMs = 20;
const maxWaitMs = 1_000;
/** A broker that gives a topic away does not answer sends; after so long they are taken for lost. */
export const receiptTimeoutMs = 30_000;

/** An entry with its place. */
export interface PlacedEntry extends OutgoingEntry {
  readonly baseOffset: number;
  /** Of its batch. */
  readonly sizeBytes: number;
}

export interface SenderEvents {
  /** In order. The entry's place is -1:-1 where no receipt told it. */
  stored(entry: PlacedEntry, ledgerId: number, entryId: number): void;
  /** It has room again, or the owner is back. */
  ready(): void;
  /** What has no receipt may be stored or not. */
  ended(fault: LogFault): void;
  report(level: 'info' | 'warn', message: string, reason: string): void;
}

/** Sends entries in their order as the topic's owner, and comes back if the way to the broker was lost. */
export class Sender implements WriterEvents {
  readonly #options: ExclusiveWriterOptions;
  readonly #events: SenderEvents;
  /** Not sent yet, from `#firstQueued` on. */
  readonly #queue: PlacedEntry[] = [];
  #firstQueued = 0;
  /** Null while the owner is away. */
  #writer: ExclusiveWriter | null = null;
  #topicEpoch = -1;
  #inFlightBytes = 0;
  #storedEndOffset = 0;
  #heardMs = 0;
  #isHeard = false;
  /** When nothing that was sent and is in doubt can go out any more. */
  #drained: Promise<void> = Promise.resolve();
  /** Until nothing of a way back is under way. */
  #comingBack: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(options: ExclusiveWriterOptions, events: SenderEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** Takes the topic over. Rejects with PulsarError, ConnectionLost, AdminError, IndexMissing. */
  static async open(
    options: ExclusiveWriterOptions,
    events: SenderEvents,
    nowMs: number,
  ): Promise<{ sender: Sender; writer: ExclusiveWriter }> {
    const sender = new Sender(options, events);
    const writer = await ExclusiveWriter.takeOver(options, sender, nowMs);
    sender.#writer = writer;
    sender.#topicEpoch = writer.topicEpoch;
    sender.#storedEndOffset = writer.endOffset;
    return { sender, writer };
  }

  get isReady(): boolean {
    const isQueued = this.#firstQueued < this.#queue.length;
    return this.#writer !== null && !isQueued && this.#inFlightBytes < maxInFlightBytes;
  }

  send(entry: PlacedEntry, nowMs: number): void {
    if (this.#inFlightBytes === 0) this.#heardMs = nowMs;
    this.#inFlightBytes += entry.sizeBytes;
    this.#queue.push(entry);
    this.#pump();
  }

  /** Now and then. */
  tick(nowMs: number): void {
    if (this.#isHeard || this.#inFlightBytes === 0 || this.#writer === null) this.#heardMs = nowMs;
    this.#isHeard = false;
    if (nowMs - this.#heardMs < receiptTimeoutMs) return;
    this.#heardMs = nowMs;
    // It ends with what it has sent in doubt.
    void this.#writer?.close().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#writer?.close();
    // It would take a topic of that name that is made anew.
    await this.#comingBack;
  }

  /** Ends it for a reason of the log's own. */
  fail(fault: LogFault): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const writer = this.#writer;
    this.#writer = null;
    writer?.close().catch(() => undefined);
    this.#end(fault, writer?.drained() ?? this.#drained);
  }

  acknowledged(entry: OutgoingEntry, baseOffset: number, ledgerId: number, entryId: number): void {
    const placed = entry as PlacedEntry;
    if (placed.baseOffset !== baseOffset)
      throw new Error(`${placed.baseOffset} is at ${baseOffset}`);
    this.#isHeard = true;
    this.#take(placed, ledgerId, entryId);
    this.#pump();
    if (this.isReady) this.#events.ready();
  }

  ended(reason: Error, inDoubt: readonly OutgoingEntry[]): void {
    // One that was trying to come back tells it to whoever tries.
    if (this.#writer === null || this.#isClosed) return;
    this.#drained = this.#writer.drained();
    this.#writer = null;
    if (reason instanceof OwnershipDoubt || isFenced(reason)) this.#fail(reason);
    else this.#comingBack = this.#comeBack(reason, inDoubt as readonly PlacedEntry[]);
  }

  room(): void {
    this.#pump();
    if (this.isReady) this.#events.ready();
  }

  #take(entry: PlacedEntry, ledgerId: number, entryId: number): void {
    this.#inFlightBytes -= entry.sizeBytes;
    this.#storedEndOffset = entry.baseOffset + entry.messageCount;
    this.#events.stored(entry, ledgerId, entryId);
  }

  #pump(): void {
    const queue = this.#queue;
    while (this.#firstQueued < queue.length) {
      if (this.#writer?.send(queue[this.#firstQueued] as PlacedEntry) !== true) return;
      this.#firstQueued++;
    }
    queue.length = 0;
    this.#firstQueued = 0;
  }

  async #comeBack(reason: Error, sent: readonly PlacedEntry[]): Promise<void> {
    const { topic } = this.#options;
    this.#events.report('warn', 'the way to Pulsar was lost; the owner comes back', reason.message);
    const giveUpMs = performance.now() + comeBackTimeoutMs;
    let waitMs = firstWaitMs;
    for (;;) {
      let writer: ExclusiveWriter | null = null;
      try {
        // A producer would make Pulsar make a topic again that is being deleted.
        if (!(await this.#options.admin.exists(topic))) throw new Error(`${topic} is deleted`);
        if (this.#isClosed) return;
        writer = await ExclusiveWriter.comeBack(this.#options, this, this.#topicEpoch);
        const missing = await this.#settle(writer, sent);
        if (this.#isClosed || missing > 0) await writer.close().catch(() => undefined);
        if (this.#isClosed) return;
        if (missing === 0) return this.#goOn(writer);
        const lost = `${missing} of ${sent.length} entries were not stored`;
        return this.#fail(new Error(`${topic}: ${lost}: ${reason.message}`));
      } catch (error) {
        await writer?.close().catch(() => undefined);
        if (this.#isClosed) return;
        const isFinal = error instanceof OwnershipDoubt || isFenced(error as Error);
        if (isFinal || performance.now() >= giveUpMs) return this.#fail(error as Error);
      }
      await delay(waitMs, undefined, { ref: false });
      if (this.#isClosed) return;
      waitMs = Math.min(maxWaitMs, 2 * waitMs);
    }
  }

  /** Tells what was stored of what was in doubt; returns how many were not, after some patience. */
  async #settle(writer: ExclusiveWriter, sent: readonly PlacedEntry[]): Promise<number> {
    const giveUpMs = performance.now() + settleTimeoutMs;
    let missing = sent.filter(({ baseOffset }) => baseOffset >= this.#storedEndOffset);
    for (;;) {
      const { topic } = this.#options;
      const stored = storedOf(topic, missing, this.#storedEndOffset, writer.endOffset);
      for (const entry of missing.slice(0, stored)) this.#take(entry, -1, -1);
      missing = missing.slice(stored);
      if (missing.length === 0 || performance.now() >= giveUpMs || this.#isClosed) break;
      // What a broker had taken is stored even after its producer has gone.
      await delay(firstWaitMs, undefined, { ref: false });
      await writer.readEnd();
    }
    return missing.length;
  }

  #goOn(writer: ExclusiveWriter): void {
    if (!writer.isOpen) {
      this.#comingBack = this.#comeBack(new Error('it was lost again'), []);
      return;
    }
    this.#writer = writer;
    this.#events.report('info', 'the owner is back', `it ends at ${writer.endOffset}`);
    this.#pump();
    this.#events.ready();
  }

  #fail(reason: Error): void {
    this.#isClosed = true;
    const code = isFenced(reason) ? 'fenced' : 'storage';
    this.#end(new LogFault(code, reason.message, { cause: reason }), this.#drained);
  }

  /** Whoever lent an entry may use its memory again once it is told: not while a socket may still send from there. */
  #end(fault: LogFault, drained: Promise<void>): void {
    void drained.then(() => this.#events.ended(fault));
  }
}

function isFenced(reason: Error): boolean {
  return reason instanceof PulsarError && reason.code === ServerError.ProducerFenced;
}
