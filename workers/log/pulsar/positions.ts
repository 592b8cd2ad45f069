import type { MessageId } from '../../../engine/protocol/pulsar/commands.js';
import { AdminError, type LedgerFacts, type TopicAdmin } from './admin.js';
import { nearestIndexed } from './indexed-entry.js';

/** Points remembered for a partition; when there are more, every second one is forgotten. */
const maxPoints = 2_048;
/** Points are at least so many offsets apart at first. */
const firstSpacing = 256;
/** Offsets that a reader passes over rather than have them searched: less than a probe costs. */
const maxPassedOffsets = 2_000;
/** And entries, where a search ends. */
const maxPassedEntries = 64;
/** A search halves at least every second time: it ends long before. */
const maxProbes = 128;

/** Everything at `offset` or beyond lies behind the entry `after`; entry -1: at the start of its ledger. */
export interface Point {
  readonly offset: number;
  readonly after: MessageId;
}

/** Where offsets lie: a sparse index of what was seen, and a search for the rest. */
export class Positions {
  readonly #admin: TopicAdmin;
  readonly #topic: string;
  /** Ordered by offset. */
  #points: Point[] = [];
  #spacing = firstSpacing;
  /** The last that was seen. */
  #end: Point;

  /** @param start where the topic begins */
  constructor(admin: TopicAdmin, topic: string, start: Point) {
    this.#admin = admin;
    this.#topic = topic;
    this.#points.push(start);
    this.#end = start;
  }

  /** Nothing before it is there. */
  get startOffset(): number {
    return (this.#points[0] as Point).offset;
  }

  /** An entry was seen that ends before `offset`. Remembers it if nothing near is known. */
  saw(offset: number, ledgerId: number, entryId: number): void {
    if (offset > this.#end.offset) this.#end = { offset, after: { ledgerId, entryId } };
    const at = this.#behind(offset);
    const before = this.#points[at - 1];
    if (before !== undefined && offset - before.offset < this.#spacing) return;
    const after = this.#points[at];
    if (after !== undefined && after.offset - offset < this.#spacing) return;
    this.#insert(at, { offset, after: { ledgerId, entryId } });
  }

  /** Nothing below is there any more. */
  startAt(start: Point): void {
    this.#points = [start, ...this.#points.filter(({ offset }) => offset > start.offset)];
  }

  /** A point from which a reader soon comes to an offset. Rejects with AdminError. */
  async locate(offset: number): Promise<Point> {
    const near = this.#floor(offset);
    if (offset - near.offset <= maxPassedOffsets) return near;
    const found = await this.#search(offset, near, maxPassedEntries);
    if (found.offset > near.offset) this.#insert(this.#behind(found.offset), found);
    return found;
  }

  /** The last entry whose offsets are all below one. Rejects with AdminError. */
  async before(offset: number): Promise<MessageId> {
    const near = offset === this.#end.offset ? this.#end : this.#floor(offset);
    return near.offset === offset ? near.after : (await this.#search(offset, near, 1)).after;
  }

  /** Probes entries between what is known below and above, by interpolation and halving in turn. */
  async #search(offset: number, near: Point, maxPassed: number): Promise<Point> {
    const { ledgers } = await this.#admin.ledgers(this.#topic);
    const order = new EntryOrder(ledgers);
    let low = near;
    let lowAt = order.numberOf(near.after);
    const above = this.#points[this.#behind(offset)];
    let high = above === undefined ? order.count : order.numberOf(above.after);
    let highOffset = above?.offset ?? Number.NaN;
    for (let probes = 0; probes < maxProbes && high - lowAt > maxPassed; probes++) {
      const share = (offset - low.offset) / (highOffset - low.offset);
      const isGuess = probes % 2 === 0 && share >= 0 && share <= 1;
      // A little before where it should be: from there a reader comes to it.
      const guess = Math.floor(lowAt + (high - lowAt) * share) - (maxPassed >> 2);
      const middle = (lowAt + high) >>> 1;
      const at = isGuess ? Math.max(lowAt + 1, Math.min(high - 1, guess)) : middle;
      const found = await nearestIndexed(this.#admin, this.#topic, order, at, -1);
      if (found === null || found.number <= lowAt) {
        // Nothing that takes an offset lies between.
        low = { ...low, after: order.at(at) };
        lowAt = at;
      } else if (found.index < offset) {
        low = { offset: found.index + 1, after: order.at(at) };
        lowAt = at;
      } else {
        high = found.number;
        highOffset = found.index + 1;
      }
    }
    return low;
  }

  #insert(at: number, point: Point): void {
    if (this.#points[at - 1]?.offset === point.offset) return;
    this.#points.splice(at, 0, point);
    if (this.#points.length <= maxPoints) return;
    this.#spacing *= 2;
    this.#points = this.#points.filter((_, index) => index % 2 === 0);
  }

  #floor(offset: number): Point {
    return this.#points[Math.max(0, this.#behind(offset) - 1)] as Point;
  }

  #behind(offset: number): number {
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#points[middle] as Point).offset <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The entries of all ledgers as if they were counted through from 0. */
export class EntryOrder {
  readonly #ledgers: readonly LedgerFacts[];
  readonly count: number;
  /** Bytes of an entry, in the mean. */
  readonly meanBytes: number;

  constructor(ledgers: readonly LedgerFacts[]) {
    this.#ledgers = ledgers.filter(({ entries }) => entries > 0);
    this.count = this.#ledgers.reduce((sum, { entries }) => sum + entries, 0);
    const bytes = this.#ledgers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    this.meanBytes = bytes / Math.max(1, this.count);
  }

  /** -1 for what lies before all of them. */
  numberOf({ ledgerId, entryId }: MessageId): number {
    let number = -1;
    for (const ledger of this.#ledgers) {
      if (ledger.ledgerId > ledgerId) break;
      number +=
        ledger.ledgerId === ledgerId ? Math.min(ledger.entries, entryId + 1) : ledger.entries;
    }
    return number;
  }

  at(number: number): MessageId {
    let entryId = number;
    for (const { ledgerId, entries } of this.#ledgers) {
      if (entryId < entries) return { ledgerId, entryId };
      entryId -= entries;
    }
    throw new RangeError(`entry ${number} of ${this.count}`);
  }
}

/** The first offset that is still stored and where it lies; `endOffset` where nothing is. Rejects with AdminError. */
export async function findStart(
  admin: TopicAdmin,
  topic: string,
  ledgers: readonly LedgerFacts[],
  endOffset: number,
): Promise<Point> {
  for (const [at, { ledgerId, entries }] of ledgers.entries()) {
    if (entries === 0) continue;
    try {
      const order = new EntryOrder(ledgers.slice(at));
      const found = await nearestIndexed(admin, topic, order, 0, 1);
      if (found === null) break;
      return { offset: found.index - found.messages + 1, after: { ledgerId, entryId: -1 } };
    } catch (error) {
      // Retention was quicker; the next ledger is there.
      if (!(error instanceof AdminError) || error.status !== 404) throw error;
    }
  }
  return { offset: endOffset, after: { ledgerId: -1, entryId: -1 } };
}
