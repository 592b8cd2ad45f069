import type { CountCopy } from '../../batch/rebuild.js';
import type { EntryCache } from './entry-cache.js';
import { EntryStream } from './entry-stream.js';
import type { Lookup } from './lookup.js';
import type { Positions } from './positions.js';

/** Feeds of one partition: consumers at more positions than that take turns. */
const maxFeeds = 8;
/** A feed that was used so lately is not given to another position. */
const minFeedMs = 1_000;
/** One that nobody has used for so long is closed. */
const idleMs = 30_000;
/** A feed stops when so much lies in front of its readers. */
const maxAheadBytes = 4 * 2 ** 20;
/** On its way to it at once, about. */
const windowBytes = 2 ** 20;
/** Offsets that a feed may pass on its way to a read. */
const maxPassedOffsets = 4_000;
/** A feed whose entries are there already is needless. */
const maxNeedless = 16;
/** Until the next try after a feed could not be opened. */
const retryMs = 500;
/** How long a read waits for its entry; then it brings nothing, and the consumer asks again. */
export const readTimeoutMs = 10_000;

export interface CatchUpTools {
  readonly topic: string;
  readonly lookup: Lookup;
  readonly positions: Positions;
  readonly cache: EntryCache;
  /** Puts offsets whose entries are not delivered into the cache. */
  addHole(offset: number, endOffset: number): void;
  /** Ms since the epoch. */
  clock(): number;
  /** Payload bytes were copied into the cache. */
  readonly copied: CountCopy;
  /** What a read waits for may be there, or will not come. */
  arrived(): void;
  report(message: string, reason: string): void;
}

/** A stream of entries into the cache, in front of one or more readers. */
class Feed {
  /** The offset that it was opened for; what lies before is not kept. */
  readonly firstOffset: number;
  /** Where the foremost of its readers is. */
  position: number;
  nextOffset: number;
  usedMs: number;
  aheadBytes = 0;
  needless = 0;
  stream: EntryStream | null = null;
  isClosed = false;

  constructor(offset: number, nowMs: number) {
    this.firstOffset = offset;
    this.position = offset;
    this.nextOffset = offset;
    this.usedMs = nowMs;
  }

  /** Whether it brings an offset soon. */
  comesTo(offset: number): boolean {
    const { firstOffset, nextOffset } = this;
    const behind = Math.max(firstOffset, nextOffset);
    return firstOffset <= offset && nextOffset <= offset && offset - behind <= maxPassedOffsets;
  }

  close(): void {
    this.isClosed = true;
    this.stream?.close();
  }
}

/** Brings entries that readers ask for from Pulsar into the cache: subscriptions that stay open as long as they are read. */
export class CatchUp {
  readonly #tools: CatchUpTools;
  readonly #feeds: Feed[] = [];
  /** Until when somebody waits for an offset. */
  readonly #deadlines = new Map<number, number>();
  #retryAtMs = 0;
  /** Told once, until it works again. */
  #isTroubled = false;
  #owesNews = false;
  #isClosed = false;

  constructor(tools: CatchUpTools) {
    this.#tools = tools;
  }

  /** An entry is not in the cache. False when it has been waited for long enough. */
  want(offset: number, nowMs: number): boolean {
    const deadline = this.#deadlines.get(offset);
    if (deadline === undefined) this.#deadlines.set(offset, nowMs + readTimeoutMs);
    else if (nowMs >= deadline) {
      this.#deadlines.delete(offset);
      return false;
    }
    const feed = this.#feeds.find((one) => one.comesTo(offset));
    if (feed !== undefined) this.#advance(feed, offset, nowMs);
    else if (nowMs >= this.#retryAtMs && this.#hasRoom(nowMs)) void this.#open(offset, nowMs);
    return true;
  }

  /** A read went from the cache; its reader goes on at `nextOffset`. */
  used(offset: number, nextOffset: number, nowMs: number): void {
    if (this.#deadlines.size > 0) this.#deadlines.delete(offset);
    for (const feed of this.#feeds) {
      if (feed.position <= offset && offset <= feed.nextOffset && nextOffset > feed.position) {
        this.#advance(feed, nextOffset, nowMs);
      }
    }
  }

  /** Now and then: what is idle is closed, and who waits too long is told. */
  tick(nowMs: number): void {
    for (const feed of [...this.#feeds]) {
      if (nowMs - feed.usedMs >= idleMs) this.#close(feed);
    }
    for (const [offset, deadline] of this.#deadlines) {
      // Nobody asks any more: its connection is gone.
      if (nowMs >= deadline + readTimeoutMs) this.#deadlines.delete(offset);
    }
    if (this.#deadlines.size > 0) this.#tell();
  }

  get feeds(): number {
    return this.#feeds.length;
  }

  close(): void {
    this.#isClosed = true;
    for (const feed of [...this.#feeds]) this.#close(feed);
  }

  #advance(feed: Feed, offset: number, nowMs: number): void {
    feed.usedMs = nowMs;
    feed.position = offset;
    feed.aheadBytes = this.#tools.cache.bytesFrom(offset, feed.nextOffset);
    if (feed.aheadBytes <= maxAheadBytes >> 1) feed.stream?.resume();
  }

  #hasRoom(nowMs: number): boolean {
    if (this.#feeds.length < maxFeeds) return true;
    const oldest = this.#feeds.reduce((one, other) => (other.usedMs < one.usedMs ? other : one));
    if (nowMs - oldest.usedMs < minFeedMs) return false;
    this.#close(oldest);
    return true;
  }

  async #open(offset: number, nowMs: number): Promise<void> {
    const { topic, lookup, positions } = this.#tools;
    const feed = new Feed(offset, nowMs);
    this.#feeds.push(feed);
    try {
      const point = await positions.locate(offset);
      if (feed.isClosed) return;
      feed.nextOffset = point.offset;
      const stream = await EntryStream.open(lookup, topic, point, windowBytes, {
        entry: (baseOffset, nextOffset, view, start, end, ledgerId, entryId) => {
          positions.saw(nextOffset, ledgerId, entryId);
          if (!feed.isClosed) this.#take(feed, baseOffset, nextOffset, view, start, end);
        },
        ended: (reason) => this.#failed(feed, reason),
      });
      feed.stream = stream;
      this.#isTroubled = false;
      if (feed.isClosed) stream.close();
      else if (feed.aheadBytes > maxAheadBytes) stream.pause();
    } catch (error) {
      this.#failed(feed, error as Error);
    }
  }

  #take(
    feed: Feed,
    baseOffset: number,
    nextOffset: number,
    view: Uint8Array,
    start: number,
    end: number,
  ): void {
    const { cache, addHole, copied } = this.#tools;
    const before = feed.nextOffset;
    feed.nextOffset = nextOffset;
    if (nextOffset <= feed.firstOffset) return;
    if (baseOffset > before) addHole(before, baseOffset);
    if (cache.find(baseOffset) !== -1) {
      // Who writes it has put it there.
      if (++feed.needless >= maxNeedless) this.#close(feed);
    } else {
      feed.needless = 0;
      // Not `slice`: that of a Buffer borrows.
      cache.add(baseOffset, nextOffset, new Uint8Array(view.subarray(start, end)));
      copied('cache', end - start);
    }
    feed.aheadBytes += end - start;
    if (feed.aheadBytes > maxAheadBytes) feed.stream?.pause();
    if (this.#deadlines.size > 0) this.#tell();
  }

  #failed(feed: Feed, reason: Error): void {
    if (feed.isClosed) return;
    this.#close(feed);
    this.#retryAtMs = this.#tools.clock() + retryMs;
    if (!this.#isTroubled) {
      this.#isTroubled = true;
      const message = 'entries could not be read from Pulsar; it is tried again';
      this.#tools.report(message, reason.message);
    }
    const timer = setTimeout(() => this.#tell(), retryMs);
    timer.unref();
  }

  #close(feed: Feed): void {
    const index = this.#feeds.indexOf(feed);
    if (index >= 0) this.#feeds.splice(index, 1);
    feed.close();
  }

  /** Once for all that came in one go. */
  #tell(): void {
    if (this.#owesNews || this.#isClosed) return;
    this.#owesNews = true;
    queueMicrotask(() => {
      this.#owesNews = false;
      if (!this.#isClosed) this.#tools.arrived();
    });
  }
}
