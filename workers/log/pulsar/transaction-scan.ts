/** Finds the transactions that KoP wrote: their records are read, their ends often only the admin API tells. */
import {
  BATCH_HEADER_BYTES,
  baseOffset as baseOffsetOf,
  batchSizeBytes,
  isControl,
  isTransactional,
  producerEpoch,
  producerId,
} from '../../../engine/protocol/kafka/record-batch.js';
import { RecordCursor } from '../../../engine/protocol/kafka/record-cursor.js';
import type { Entry } from '../../format/entry.js';
import { EntryFault } from '../../format/entry-fault.js';
import type { EntryFacts, TopicAdmin } from './admin.js';
import { scanEntries } from './entry-scan.js';
import type { Lookup } from './lookup.js';
import type { EntryOrder, Point, Positions } from './positions.js';
import { type EndMarker, maxTransactions, Transactions } from './transactions.js';

/** A topic's property: the transactions that are known, and up to which offset. */
export const transactionsProperty = 'kopjeTransactions';
/** Offsets without transactions that make it worth to be stored. */
const leastStoredOffsets = 10_000;
/** Longest value of it; with more aborted ones, every opening finds them again. */
const maxPropertyChars = 16_384;
const windowBytes = 8 * 2 ** 20;
/** Without an entry for so long, the scan has failed. */
const idleTimeoutMs = 60_000;
/** Entries that are asked for at once. */
const askedAtOnce = 32;
/** Type of a control record that commits; 0 aborts, all others have nothing to do with transactions. */
const controlAbort = 0;
const controlCommit = 1;

export interface TransactionScanTools {
  readonly topic: string;
  readonly lookup: Lookup;
  readonly admin: TopicAdmin;
  readonly positions: Positions;
  readonly entry: Entry;
}

/** The entries of a topic that are looked at. */
export interface ScanRange {
  readonly order: EntryOrder;
  /** Number in `order` of the last entry that a reader is sent; -1: none. */
  readonly lastDelivered: number;
  /** Number behind the last entry. */
  readonly endNumber: number;
  readonly startOffset: number;
  readonly endOffset: number;
  /** Whether ends that commit are to be found again by the next opening: it applies what they commit. */
  readonly needsCommits: boolean;
}

/**
 * All transactions up to the end of the range. What an earlier opening found and stored as `transactionsProperty` is not
 * read again. Rejects with AdminError, PulsarError, ConnectionLost.
 */
export async function findTransactions(
  tools: TransactionScanTools,
  range: ScanRange,
  stored: string | undefined,
): Promise<Transactions> {
  const { admin, topic } = tools;
  const { startOffset, endOffset, needsCommits } = range;
  const known =
    stored === undefined
      ? { transactions: new Transactions(), endOffset: startOffset }
      : Transactions.fromText(stored);
  const { transactions } = known;
  if (known.endOffset >= endOffset) return transactions;
  const scan = new Scan(tools, range, Math.max(startOffset, known.endOffset));
  const events = await scan.run();
  for (const event of events) {
    if (event.marker !== null) transactions.ended(event.marker);
    else transactions.wrote(event.producerId, event.offset);
  }
  // Little in which there is nothing is soon read again.
  const isWorthIt = events.length > 0 || endOffset - known.endOffset >= leastStoredOffsets;
  if (!needsCommits && isWorthIt) await storeTransactions(admin, topic, transactions, endOffset);
  return transactions;
}

/** Keeps what is known for the next opening, if it is little. Rejects with AdminError. */
export async function storeTransactions(
  admin: TopicAdmin,
  topic: string,
  transactions: Transactions,
  endOffset: number,
): Promise<void> {
  const text = transactions.toText(endOffset);
  if (text.length <= maxPropertyChars) await admin.setProperty(topic, transactionsProperty, text);
}

interface Event {
  readonly offset: number;
  readonly producerId: number;
  /** Null: records of a transaction. */
  readonly marker: EndMarker | null;
}

class Scan {
  readonly #tools: TransactionScanTools;
  readonly #range: ScanRange;
  readonly #fromOffset: number;
  readonly #cursor = new RecordCursor();
  #scratch = Buffer.alloc(0);
  readonly #events: Event[] = [];
  /** Producers whose transaction is noted already; forgotten where it may have ended. */
  readonly #noted = new Set<number>();
  /** Numbers of the entries that no reader is sent. */
  readonly #hidden: number[] = [];

  constructor(tools: TransactionScanTools, range: ScanRange, fromOffset: number) {
    this.#tools = tools;
    this.#range = range;
    this.#fromOffset = fromOffset;
  }

  /** In the order of their offsets. */
  async run(): Promise<Event[]> {
    const { order, endNumber, lastDelivered } = this.#range;
    const from = await this.#tools.positions.locate(this.#fromOffset);
    const first = order.numberOf(from.after);
    if (lastDelivered > first) await this.#read(from, first);
    this.#hide(Math.max(first, lastDelivered), endNumber);
    await this.#askHidden();
    return this.#events.sort((one, other) => one.offset - other.offset);
  }

  async #read(from: Point, before: number): Promise<void> {
    const { topic, lookup } = this.#tools;
    const { order, lastDelivered } = this.#range;
    let last = before;
    const scan = { topic, lookup, from, windowBytes, idleTimeoutMs };
    await scanEntries(scan, (base, _next, view, start, end, ledgerId, entryId) => {
      const number = order.numberOf({ ledgerId, entryId });
      this.#hide(last, Math.min(number, lastDelivered));
      last = number;
      if (number <= lastDelivered) this.#visit(view, start, end, base);
      return number >= lastDelivered;
    });
  }

  /** The entries between two numbers are not delivered. */
  #hide(after: number, before: number): void {
    for (let number = after + 1; number < before; number++) this.#hidden.push(number);
    if (before > after + 1) this.#noted.clear();
    if (this.#hidden.length > maxTransactions) {
      throw new Error(`${this.#tools.topic}: more than ${maxTransactions} hidden entries`);
    }
  }

  #visit(view: Uint8Array, start: number, end: number, baseOffset: number): void {
    const { entry } = this.#tools;
    try {
      entry.open(view, start, end);
      if (entry.kind === 'hole') return;
      const { boundBytes } = entry;
      if (this.#scratch.length < boundBytes) this.#scratch = Buffer.allocUnsafeSlow(boundBytes);
      const stop = entry.write(this.#scratch, 0, baseOffset, 0);
      for (let at = 0; at < stop; at += batchSizeBytes(this.#scratch, at)) this.#take(at);
    } catch (error) {
      // Damage: readers pass it as a hole.
      if (!(error instanceof EntryFault)) throw error;
    }
  }

  #take(at: number): void {
    const batch = this.#scratch;
    if (!isTransactional(batch, at)) return;
    const id = producerId(batch, at);
    const offset = baseOffsetOf(batch, at);
    if (offset < this.#fromOffset) return;
    if (!isControl(batch, at)) {
      if (this.#noted.has(id)) return;
      this.#noted.add(id);
      this.#events.push({ offset, producerId: id, marker: null });
      return;
    }
    const type = this.#controlType(at);
    if (type !== controlAbort && type !== controlCommit) return;
    this.#noted.delete(id);
    const epoch = producerEpoch(batch, at);
    const marker = {
      offset,
      producerId: id,
      producerEpoch: epoch,
      isCommit: type === controlCommit,
    };
    this.#events.push({ offset, producerId: id, marker });
  }

  /** -1 where there is none. */
  #controlType(at: number): number {
    const cursor = this.#cursor.openBatch(this.#scratch, at);
    if (batchSizeBytes(this.#scratch, at) <= BATCH_HEADER_BYTES || !cursor.next()) return -1;
    return cursor.keyEnd - cursor.keyStart < 4
      ? -1
      : this.#scratch.readInt16BE(cursor.keyStart + 2);
  }

  async #askHidden(): Promise<void> {
    const { admin, topic } = this.#tools;
    const { order } = this.#range;
    for (let at = 0; at < this.#hidden.length; at += askedAtOnce) {
      const some = this.#hidden.slice(at, at + askedAtOnce);
      const facts = await Promise.all(some.map((number) => admin.entry(topic, order.at(number))));
      for (const one of facts) this.#takeHidden(one);
    }
  }

  #takeHidden({ index: offset, transactionEnd }: EntryFacts): void {
    if (transactionEnd === null || offset < this.#fromOffset) return;
    const { producerId: id } = transactionEnd;
    this.#events.push({ offset, producerId: id, marker: { offset, ...transactionEnd } });
  }
}
