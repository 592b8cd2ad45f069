import { setTimeout as delay } from 'node:timers/promises';
import { ServerError } from '../../../engine/protocol/pulsar/commands.js';
import type { Codecs } from '../../../native/codecs.js';
import { LogFault } from '../log.js';
import type { StreamEvents } from './entry-stream.js';
import { PulsarError } from './errors.js';
import { EntryOrder, type Point } from './positions.js';
import type { OutgoingEntry } from './producer.js';
import { lastDelivered } from './replay.js';
import { maxInFlightBytes, receiptTimeoutMs } from './sender.js';
import { leaderEpochOf, SharedOwner, type SharedOwnerOptions } from './shared-owner.js';
import { SharedTail } from './shared-tail.js';
import { matchStamp, Stamps, stampStart } from './stamp.js';

/** To come back as the owner after the broker or the connection is gone; the name alone may take half of it. */
const comeBackTimeoutMs = 20_000;
/** For what lies before a barrier to be read. */
const settleTimeoutMs = 10_000;
const firstWaitMs = 20;
const maxWaitMs = 1_000;

export interface SharedSenderOptions extends SharedOwnerOptions {
  readonly codecs: Codecs;
  /** Ms since the epoch. */
  readonly clock: () => number;
}

export interface SharedSenderEvents {
  /** Whoever wrote it. */
  readonly delivered: StreamEvents['entry'];
  /** The oldest entry that had no place was the one that was delivered last: its payload is no longer borrowed. */
  placed(baseOffset: number, payload: readonly Uint8Array[]): void;
  /** It has room again, or the owner is back. */
  ready(): void;
  /** What has no place may be stored or not. */
  ended(fault: LogFault): void;
  report(level: 'info' | 'warn', message: string, reason: string): void;
}

/** An entry on its way to its place. */
interface Unplaced extends OutgoingEntry {
  readonly stamp: Uint8Array;
  /** Of its batch. */
  readonly sizeBytes: number;
  /** Where the receipt says that it is; -1 before that. */
  ledgerId: number;
  entryId: number;
}

/**
 * Sends entries to a topic to which others write as well, and finds them again at its tail: there they get their offsets.
 * Where the way to the broker is lost, it comes back, reads what is there, and sends the rest again.
 */
export class SharedSender {
  readonly #options: SharedSenderOptions;
  readonly #events: SharedSenderEvents;
  readonly #stamps: Stamps;
  /** In their order; the first `#sent` of them were sent. */
  readonly #unplaced: Unplaced[] = [];
  #sent = 0;
  /** Null while it is away. */
  #owner: SharedOwner | null = null;
  #tail: SharedTail | null = null;
  #leaderEpoch = -1;
  #epochs = { topicEpoch: -1, sharedEpoch: 0 };
  #inFlightBytes = 0;
  #heardMs = 0;
  #isHeard = false;
  /** When nothing that was sent and is in doubt can go out any more. */
  #drained: Promise<void> = Promise.resolve();
  /** Until nothing of a way back is under way. */
  #comingBack: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(options: SharedSenderOptions, events: SharedSenderEvents) {
    this.#options = options;
    this.#events = events;
    this.#stamps = new Stamps(options.codecs);
  }

  /** Takes the topic over. Rejects with PulsarError, ConnectionLost, AdminError. */
  static async open(
    options: SharedSenderOptions,
    events: SharedSenderEvents,
  ): Promise<{ sender: SharedSender; owner: SharedOwner }> {
    const sender = new SharedSender(options, events);
    const owner = await SharedOwner.takeOver(options, sender.#sendEvents());
    const { topicEpoch, sharedEpoch } = owner;
    sender.#owner = owner;
    sender.#epochs = { topicEpoch, sharedEpoch };
    sender.#leaderEpoch = leaderEpochOf(owner);
    return { sender, owner };
  }

  /** Reads the tail from now on. Rejects with PulsarError, ConnectionLost. */
  async follow(start: Point): Promise<void> {
    const { lookup, topic } = this.#options;
    this.#tail = new SharedTail(lookup, topic, start, {
      entry: (...entry) => this.#delivered(...entry),
      failed: (reason) => this.#fail(reason),
    });
    await this.#tail.open();
  }

  get isReady(): boolean {
    const isQueued = this.#sent < this.#unplaced.length;
    return this.#owner !== null && !isQueued && this.#inFlightBytes < maxInFlightBytes;
  }

  send(entry: OutgoingEntry & { readonly sizeBytes: number }, nowMs: number): void {
    if (this.#inFlightBytes === 0) this.#heardMs = nowMs;
    this.#inFlightBytes += entry.sizeBytes;
    const { messageCount, payload, payloadBytes, sizeBytes } = entry;
    const { metadata, checksum, stamp } = this.#stamps.put(entry);
    // Named one by one: a spread takes 5 µs here, of 40 for a small entry.
    this.#unplaced.push({
      messageCount,
      metadata,
      payload,
      payloadBytes,
      checksum,
      stamp,
      sizeBytes,
      ledgerId: -1,
      entryId: -1,
    });
    this.#pump();
  }

  /** Now and then. */
  tick(nowMs: number): void {
    const isIdle = this.#inFlightBytes === 0 || this.#owner === null;
    if (this.#isHeard || isIdle) this.#heardMs = nowMs;
    this.#isHeard = false;
    if (nowMs - this.#heardMs < receiptTimeoutMs) return;
    this.#heardMs = nowMs;
    // It ends with what it has sent in doubt.
    void this.#owner?.close().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#tail?.close();
    await this.#owner?.close();
    // It would take the name on a topic that is made anew.
    await this.#comingBack;
  }

  /** Ends it for a reason of the log's own. */
  fail(fault: LogFault): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#tail?.close();
    const owner = this.#owner;
    this.#owner = null;
    owner?.close().catch(() => undefined);
    // Whoever lent an entry may use its memory again once it is told: not while a socket may still send from there.
    void (owner?.drained() ?? this.#drained).then(() => this.#events.ended(fault));
  }

  #sendEvents(): {
    acknowledged(entry: OutgoingEntry, l: number, e: number): void;
    ended(reason: Error): void;
    room(): void;
  } {
    return {
      acknowledged: (entry, ledgerId, entryId) => {
        const sent = entry as Unplaced;
        sent.ledgerId = ledgerId;
        sent.entryId = entryId;
        this.#isHeard = true;
        this.#pump();
      },
      ended: (reason) => this.#lost(reason),
      room: () => {
        this.#pump();
        if (this.isReady) this.#events.ready();
      },
    };
  }

  #pump(): void {
    const unplaced = this.#unplaced;
    while (this.#sent < unplaced.length) {
      if (this.#owner?.send(unplaced[this.#sent] as Unplaced) !== true) return;
      this.#sent++;
    }
  }

  #delivered(...entry: Parameters<StreamEvents['entry']>): void {
    const [baseOffset, nextOffset, view, start, end, ledgerId, entryId] = entry;
    this.#events.delivered(...entry);
    const [oldest] = this.#unplaced;
    if (oldest === undefined || this.#sent === 0) return;
    const match = matchStamp(view, stampStart(view, start, end), oldest.stamp);
    if (match === 'other-of-sender') {
      // The broker took a later one without it: neither may be sent again.
      this.#fail(new Error(`the entry at offset ${baseOffset} is there before an earlier one`));
      return;
    }
    if (match === 'none') {
      if (oldest.entryId >= 0 && isBehind(oldest, ledgerId, entryId)) {
        const place = `${oldest.ledgerId}:${oldest.entryId}`;
        this.#fail(new Error(`an entry was stored at ${place} and not delivered`));
      }
      return;
    }
    if (nextOffset - baseOffset !== oldest.messageCount) {
      const told = `${nextOffset - baseOffset} offsets, not ${oldest.messageCount}`;
      this.#fail(new Error(`the entry at offset ${baseOffset} has ${told}`));
      return;
    }
    this.#unplaced.shift();
    this.#sent--;
    this.#inFlightBytes -= oldest.sizeBytes;
    this.#isHeard = true;
    this.#events.placed(baseOffset, oldest.payload);
    this.#pump();
    if (this.isReady) this.#events.ready();
  }

  #lost(reason: Error): void {
    // One that was trying to come back tells it to whoever tries.
    if (this.#owner === null || this.#isClosed) return;
    this.#drained = this.#owner.drained();
    this.#owner = null;
    this.#comingBack = this.#comeBack(reason);
  }

  async #comeBack(reason: Error): Promise<void> {
    const { topic, admin } = this.#options;
    this.#events.report('warn', 'the way to Pulsar was lost; the owner comes back', reason.message);
    const giveUpMs = performance.now() + comeBackTimeoutMs;
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(maxWaitMs, 2 * waitMs)) {
      let owner: SharedOwner | null = null;
      try {
        // A producer would make Pulsar make a topic again that is being deleted.
        if (!(await admin.exists(topic))) throw new Error(`${topic} is deleted`);
        if (this.#isClosed) return;
        owner = await SharedOwner.comeBack(this.#options, this.#sendEvents(), this.#epochs);
        if (this.#sent > 0) await this.#settle(owner);
        if (owner.isOpen && !this.#isClosed) return this.#goOn(owner);
        throw new Error('it was lost again');
      } catch (error) {
        await owner?.close().catch(() => undefined);
        if (this.#isClosed) return;
        const isFinal = isFenced(error as Error) || error instanceof LogFault;
        if (isFinal || performance.now() >= giveUpMs) return this.#fail(error as Error);
      }
      await delay(waitMs, undefined, { ref: false });
      if (this.#isClosed) return;
    }
  }

  /** What was sent and is stored is found at the tail; the rest is nowhere, and is to be sent again. */
  async #settle(owner: SharedOwner): Promise<void> {
    const { topic, admin, clock } = this.#options;
    const barrier = await owner.writeBarrier(clock());
    const order = new EntryOrder((await admin.ledgers(topic)).ledgers);
    const delivered = await lastDelivered({ admin, topic }, order, order.numberOf(barrier), 0);
    if (delivered.withheld !== null) throw new Error("a transaction of Pulsar's own is open");
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const expire = () => reject(new Error(`${topic}: its tail was not read in time`));
      timer = setTimeout(expire, settleTimeoutMs);
    });
    try {
      await Promise.race([this.#tail?.reached(delivered.endOffset), late]);
    } finally {
      clearTimeout(timer);
    }
    const receipted = this.#unplaced.find(({ entryId }) => entryId >= 0);
    if (receipted !== undefined) {
      const place = `${receipted.ledgerId}:${receipted.entryId}`;
      throw new LogFault('storage', `${topic}: an entry was stored at ${place} and is not there`);
    }
    this.#sent = 0;
  }

  #goOn(owner: SharedOwner): void {
    this.#owner = owner;
    const { length } = this.#unplaced;
    const again = `epoch ${this.#leaderEpoch}, ${length} entries to send`;
    this.#events.report('info', 'the owner is back', again);
    this.#pump();
    this.#events.ready();
  }

  #fail(reason: Error): void {
    this.fail(reason instanceof LogFault ? reason : this.#faultOf(reason));
  }

  #faultOf(reason: Error): LogFault {
    const code = isFenced(reason) ? 'fenced' : 'storage';
    const message = `${this.#options.topic}: ${reason.message}`;
    return new LogFault(code, message, { cause: reason });
  }
}

/** Whether a position is at or behind the place that a receipt told. */
function isBehind(told: Unplaced, ledgerId: number, entryId: number): boolean {
  if (ledgerId !== told.ledgerId) return ledgerId > told.ledgerId;
  return entryId >= told.entryId;
}

function isFenced(reason: Error): boolean {
  return reason instanceof PulsarError && reason.code === ServerError.ProducerFenced;
}
