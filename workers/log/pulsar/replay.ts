import { batchSizeBytes } from '../../../engine/protocol/kafka/record-batch.js';
import type { Entry } from '../../format/entry.js';
import { EntryFault } from '../../format/entry-fault.js';
import type { ReplayVisitor } from '../log.js';
import type { TopicAdmin } from './admin.js';
import { scanEntries } from './entry-scan.js';
import { nearestIndexed } from './indexed-entry.js';
import type { Lookup } from './lookup.js';
import type { EntryOrder, Point, Positions } from './positions.js';

/** Entries at the end of a topic from which an opening learns the producers where no snapshot tells of those before. */
const maxUnknownEntries = 10_000;
/** And so many bytes, about. */
const maxUnknownBytes = 128 * 2 ** 20;
const windowBytes = 4 * 2 ** 20;
/** Without an entry. */
const idleTimeoutMs = 60_000;
/** Markers in a row at the end of a topic. */
const maxTrailingMarkers = 1_000;

export interface ReplayTools {
  readonly topic: string;
  readonly lookup: Lookup;
  readonly admin: TopicAdmin;
  readonly positions: Positions;
  readonly entry: Entry;
}

/** The last entry that readers are sent. */
export interface LastDelivered {
  /** In the order of all; -1 where there is none. */
  readonly number: number;
  /** Only markers are behind it, up to the end or to what is withheld. */
  readonly endOffset: number;
  /** Where the end begins that a transaction of Pulsar's own withholds; null where nothing is. */
  readonly withheld: { readonly number: number; readonly offset: number } | null;
}

type Probes = Pick<ReplayTools, 'admin' | 'topic'>;

/** Looks from `endNumber` backwards. Rejects with AdminError. */
export async function lastDelivered(
  tools: Probes,
  order: EntryOrder,
  endNumber: number,
  startOffset: number,
): Promise<LastDelivered> {
  const { admin, topic } = tools;
  let withheld: LastDelivered['withheld'] = null;
  let least = Math.max(0, endNumber - maxTrailingMarkers);
  for (let at = endNumber - 1; at >= least; at--) {
    const found = await nearestIndexed(admin, topic, order, at, -1);
    if (found === null) return { number: -1, endOffset: startOffset, withheld };
    at = found.number;
    if (found.isWithheld && withheld === null) {
      at = await firstWithheld(tools, order, at);
      const before = at === 0 ? null : await nearestIndexed(admin, topic, order, at - 1, -1);
      withheld = { number: at, offset: before === null ? startOffset : before.index + 1 };
      least = Math.max(0, at - maxTrailingMarkers);
    } else if (!found.isMarker) return { number: at, endOffset: found.index + 1, withheld };
  }
  if (least === 0) return { number: -1, endOffset: startOffset, withheld };
  throw new Error(`${topic}: more than ${maxTrailingMarkers} markers are at its end`);
}

/** All up to `number`, which is withheld, are so from somewhere on. */
async function firstWithheld(
  { admin, topic }: Probes,
  order: EntryOrder,
  number: number,
): Promise<number> {
  let low = -1;
  let high = number;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    const found = await nearestIndexed(admin, topic, order, middle, -1);
    if (found?.isWithheld && found.number > low) high = found.number;
    else low = middle;
  }
  return high;
}

/** Where a scan begins that is to find what nobody has written down; `isCut`: there is more before it. Rejects with AdminError. */
export async function unknownFrom(
  { topic, admin }: Pick<ReplayTools, 'admin' | 'topic'>,
  order: EntryOrder,
  lastNumber: number,
  start: Point,
): Promise<{ from: Point; isCut: boolean }> {
  const fitting = Math.ceil(maxUnknownBytes / Math.max(1, order.meanBytes));
  const firstNumber = lastNumber - Math.min(maxUnknownEntries, fitting);
  if (firstNumber < 0) return { from: start, isCut: false };
  const found = await nearestIndexed(admin, topic, order, firstNumber, -1);
  if (found === null) return { from: start, isCut: false };
  return { from: { offset: found.index + 1, after: found.id }, isCut: true };
}

/** What was scanned. */
export interface Replayed {
  entries: number;
  bytes: number;
}

/** Tells the visitor the batches from `firstOffset`, which lies at or behind `from`, up to `endOffset`, oldest first. */
export async function replay(
  tools: ReplayTools,
  from: Point,
  firstOffset: number,
  endOffset: number,
  visitor: ReplayVisitor,
): Promise<Replayed> {
  const { topic, lookup, positions, entry } = tools;
  const replayed: Replayed = { entries: 0, bytes: 0 };
  if (firstOffset >= endOffset) return replayed;
  const scratch = new Scratch();
  const scan = { topic, lookup, from, windowBytes, idleTimeoutMs };
  await scanEntries(scan, (baseOffset, nextOffset, view, begin, end, ledgerId, entryId) => {
    if (baseOffset >= endOffset) return false;
    positions.saw(nextOffset, ledgerId, entryId);
    if (nextOffset > firstOffset) {
      replayed.entries++;
      replayed.bytes += end - begin;
      scratch.visit(entry, view, begin, end, baseOffset, visitor);
    }
    return nextOffset >= endOffset;
  });
  return replayed;
}

/** Batches on their way to the visitor. */
class Scratch {
  #bytes = Buffer.alloc(0);

  visit(
    entry: Entry,
    view: Uint8Array,
    start: number,
    end: number,
    baseOffset: number,
    visitor: ReplayVisitor,
  ): void {
    try {
      entry.open(view, start, end);
      if (entry.kind === 'hole') return;
      const { boundBytes } = entry;
      if (this.#bytes.length < boundBytes) this.#bytes = Buffer.allocUnsafeSlow(boundBytes);
      const stop = entry.write(this.#bytes, 0, baseOffset, 0);
      for (let at = 0; at < stop; ) {
        const next = at + batchSizeBytes(this.#bytes, at);
        visitor.batch(this.#bytes, at, next);
        at = next;
      }
    } catch (error) {
      // Damage: readers pass it as a hole.
      if (!(error instanceof EntryFault)) throw error;
    }
  }
}
