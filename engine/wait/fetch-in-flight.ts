import { SubmitFlag } from '../../workers/ring/slots.js';
import type { InFlight } from '../api/api.js';
import { portErrorCode } from '../api/partition-lookup.js';
import type { Services } from '../api/services.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import type { PartitionRef } from '../route/partition-port.js';
import type { Channel, Completable, Completion } from '../route/ring-port.js';
import { FetchItem } from './fetch-item.js';
import type { FetchPartition } from './fetch-session.js';
import type { WaitingFetch } from './waiting-fetches.js';

/** What one Fetch request asks for beside its partitions. */
export interface FetchLimits {
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly readCommitted: boolean;
  /** v13+: partitions are looked up by topic id. */
  readonly byId: boolean;
}

/** Pause before reads are made again that all found the reply memory spent. */
const starvedRetryMs = 10;

/**
 * One Fetch request: waits without memory until enough bytes are there, then shares `maxBytes` over the
 * partitions in order and reads from their workers. The first partition with bytes always gets one whole
 * batch (KIP-74), so that a client makes progress whatever its limits are.
 */
export class FetchInFlight implements Completable, WaitingFetch {
  readonly items: FetchItem[];
  readonly #request: InFlight;
  readonly #services: Services;
  readonly #limits: FetchLimits;
  readonly #answer: (fetch: FetchInFlight) => void;
  readonly #deadlineMs: number;
  #slots: number[] = [];
  readonly #bySlot = new Map<number, FetchItem>();
  /** Sum of the items' `countedBytes`. */
  #countedBytes = 0;
  #reading = 0;
  /** The first partition that no read was sent for yet. */
  #next = 0;
  /** Bytes read before the round that is under way. */
  #servedBytes = 0;
  #state: 'begun' | 'measuring' | 'parked' | 'reading' | 'answered' = 'begun';

  constructor(
    request: InFlight,
    services: Services,
    asked: Iterable<FetchPartition>,
    limits: FetchLimits,
    answer: (fetch: FetchInFlight) => void,
  ) {
    this.#request = request;
    this.#services = services;
    this.#limits = limits;
    this.#answer = answer;
    this.#deadlineMs = services.now() + limits.maxWaitMs;
    this.items = Array.from(asked, (one) => new FetchItem(one, limits.readCommitted));
  }

  get slots(): readonly number[] {
    return this.#slots;
  }

  start(): void {
    const { maxWaitMs } = this.#limits;
    this.#refresh();
    if (maxWaitMs <= 0 || this.items.length === 0 || this.#hasError() || this.#enough()) {
      this.#read('reading');
    } else if (this.items.some((item) => item.unmeasured)) {
      this.#read(this.#minBytes() <= 1 ? 'reading' : 'measuring');
    } else {
      this.#park();
    }
  }

  satisfied(slot: number | null): boolean {
    if (this.#state !== 'parked') return true;
    // A fetch over thousands of partitions looks only at the one that changed.
    if (slot === null ? !this.#lookAgain() : !this.#lookAt(slot)) return false;
    this.#unpark();
    this.#refresh();
    this.#read('reading');
    return true;
  }

  expired(): void {
    if (this.#state !== 'parked') return;
    this.#unpark();
    this.#refresh();
    this.#read('reading');
  }

  completed(index: number, completion: Completion, channel: Channel): void {
    const item = this.items[index] as FetchItem;
    if (!item.take(completion, channel, this.#services.files)) {
      // The segment was deleted or compacted meanwhile: the worker reads what there is now.
      this.#submit(item, index, SubmitFlag.atLeastOneBatch, item.asked.maxBytes);
      return;
    }
    if (--this.#reading === 0) this.#readEnded();
  }

  /** Gives all reply memory back. */
  release(): void {
    for (const item of this.items) item.release();
  }

  #minBytes(): number {
    return Math.min(this.#limits.minBytes, this.#limits.maxBytes);
  }

  #refresh(): void {
    const { catalog, rings } = this.#services;
    for (const item of this.items) item.refresh(catalog, rings, this.#limits.byId);
  }

  #hasError(): boolean {
    return this.items.some((item) => item.errorCode !== ErrorCode.NONE);
  }

  #enough(): boolean {
    this.#countedBytes = 0;
    for (const item of this.items) {
      item.countedBytes = item.availableBytes();
      this.#countedBytes += item.countedBytes;
    }
    return this.#countedBytes >= this.#minBytes();
  }

  #lookAgain(): boolean {
    this.#refresh();
    return this.#hasError() || this.#enough();
  }

  #lookAt(slot: number): boolean {
    const item = this.#bySlot.get(slot);
    if (item === undefined) return false;
    const { catalog, rings } = this.#services;
    item.refresh(catalog, rings, this.#limits.byId);
    const before = item.countedBytes;
    item.countedBytes = item.availableBytes();
    this.#countedBytes += item.countedBytes - before;
    return item.errorCode !== ErrorCode.NONE || this.#countedBytes >= this.#minBytes();
  }

  #read(state: 'measuring' | 'reading'): void {
    this.#state = state;
    this.#next = 0;
    this.#readMore();
  }

  /**
   * Shares what is left of `maxBytes` over the next partitions in order and sends the reads. Each is
   * counted with all that it may bring; what it did not is shared in another round, or partitions
   * behind long logs that are read at their ends would get nothing.
   */
  #readMore(): void {
    const fileAllowed = this.#services.files !== null && this.#state === 'reading';
    this.#servedBytes = this.#readBytes();
    let restBytes = this.#limits.maxBytes - this.#servedBytes;
    let first = this.#servedBytes === 0;
    this.#reading = 1;
    for (; this.#next < this.items.length && (restBytes > 0 || first); this.#next++) {
      const item = this.items[this.#next] as FetchItem;
      if (!item.readable || item.ref === undefined) continue;
      const wishBytes = Math.max(0, item.asked.maxBytes);
      const share = Math.max(0, Math.min(wishBytes, restBytes));
      const counted = Math.min(wishBytes, item.atMostBytes);
      // A share that others may leave larger is for the next round; one too small brings no batch.
      if (counted > share && this.#reading > 1) break;
      const flags =
        (first ? SubmitFlag.atLeastOneBatch : 0) | (fileAllowed ? SubmitFlag.fileAllowed : 0);
      this.#reading++;
      this.#submit(item, this.#next, flags, share);
      restBytes -= counted;
      first = false;
    }
    if (--this.#reading === 0) this.#readEnded();
  }

  #readBytes(): number {
    let sizeBytes = 0;
    for (const item of this.items) sizeBytes += item.records.length;
    return sizeBytes;
  }

  /** Whether partitions and bytes are left; after a round in vain, too few bytes for a batch. */
  #hasMore(readBytes: number): boolean {
    const isVain = readBytes === this.#servedBytes;
    if (readBytes > 0 && (isVain || readBytes >= this.#limits.maxBytes)) return false;
    return this.items.some((item, index) => index >= this.#next && item.readable);
  }

  #submit(item: FetchItem, index: number, flags: number, maxBytes: number): void {
    const isolation = this.#limits.readCommitted ? SubmitFlag.readCommitted : 0;
    const { fetchOffset } = item.asked;
    const ref = item.ref as PartitionRef;
    this.#services.rings.submitRead(ref, fetchOffset, maxBytes, flags | isolation, this, index);
  }

  #readEnded(): void {
    const sizeBytes = this.#readBytes();
    const starved = this.items.some((item) => item.starved);
    if (this.#request.closed.aborted) {
      this.#giveUp();
    } else if (!starved && this.#hasMore(sizeBytes)) {
      this.#readMore();
    } else if (sizeBytes === 0 && starved && this.#mayRetry()) {
      setTimeout(() => this.#readAgain(), starvedRetryMs);
    } else if (this.#state === 'measuring' && sizeBytes < this.#minBytes() && !this.#hasError()) {
      for (const item of this.items) item.measure();
      this.#park();
    } else if (this.items.some((item) => item.abortedRange !== null)) {
      void this.#askAborted();
    } else {
      this.#end();
    }
  }

  #end(): void {
    this.#state = 'answered';
    if (this.#request.closed.aborted) this.#giveUp();
    else this.#answer(this);
  }

  /** Rare: nothing is kept on the way of every read for it. */
  async #askAborted(): Promise<void> {
    await Promise.all(this.items.map((item) => this.#askAbortedOf(item)));
    this.#end();
  }

  async #askAbortedOf(item: FetchItem): Promise<void> {
    const { abortedRange, ref } = item;
    if (abortedRange === null || ref === undefined) return;
    const { startOffset, endOffset } = abortedRange;
    try {
      item.aborted = await this.#services.partitions.aborted(ref, startOffset, endOffset);
    } catch (error) {
      // Without the list the client would show what was aborted.
      item.release();
      item.errorCode = portErrorCode(error);
    }
  }

  /** Reads that find no memory are made again for `requestTimeoutMs`; then the client gets an empty answer. */
  #mayRetry(): boolean {
    return this.#services.now() < this.#deadlineMs + this.#services.settings.requestTimeoutMs;
  }

  #readAgain(): void {
    this.#refresh();
    this.#read(this.#state === 'measuring' ? 'measuring' : 'reading');
  }

  #park(): void {
    const waitMs = this.#deadlineMs - this.#services.now();
    this.#state = 'parked';
    for (const item of this.items)
      if (item.ref !== undefined) this.#bySlot.set(item.ref.slot, item);
    this.#slots = [...this.#bySlot.keys()];
    this.#request.closed.addEventListener('abort', this.#onClosed, { once: true });
    this.#services.waits.park(this, Math.max(0, waitMs));
  }

  #unpark(): void {
    this.#request.closed.removeEventListener('abort', this.#onClosed);
  }

  readonly #onClosed = (): void => {
    this.#services.waits.forget(this);
    this.#giveUp();
  };

  /** The client is gone. */
  #giveUp(): void {
    this.#state = 'answered';
    this.release();
    this.#request.replyNothing();
  }
}
