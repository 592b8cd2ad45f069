import {
  baseOffset as baseOffsetOf,
  batchSizeBytes,
  isControl,
  maxTimestamp,
} from '../../../engine/protocol/kafka/record-batch.js';
import { EntryFault } from '../../format/entry-fault.js';
import { PlainRecords } from '../../format/plain-records.js';
import type { FoundOffset } from '../log.js';
import type { TopicAdmin } from './admin.js';
import { EntryStream } from './entry-stream.js';
import { nearestIndexed } from './indexed-entry.js';
import type { Lookup } from './lookup.js';
import { EntryOrder, type Point, type Positions } from './positions.js';
import type { ThreadTools } from './thread-tools.js';

/** Entries that a search for the greatest timestamp looks at: the last ones. */
const maxSearchedEntries = 1_000;
/** Bytes that a search reads; one that needs more fails, rather than say that there is nothing. */
const defaultMaxSearchedBytes = 256 * 2 ** 20;
const windowBytes = 2 ** 20;
const timeoutMs = 30_000;

export interface TimeSearchTools {
  readonly topic: string;
  readonly lookup: Lookup;
  readonly admin: TopicAdmin;
  readonly positions: Positions;
  readonly thread: Pick<ThreadTools, 'entry' | 'codecs' | 'maxInflatedBytes'>;
}

/** Told of records in order of their offsets; true ends the search. */
type Judge = (offset: number, timestamp: number) => boolean;

/**
 * Searches by timestamp. Pulsar knows when entries were published: not before their records were made, if clocks are
 * right. From there on the records themselves are looked at.
 */
export class TimeSearch {
  readonly #tools: TimeSearchTools;
  readonly #records: PlainRecords;
  readonly #maxSearchedBytes: number;

  constructor(tools: TimeSearchTools, maxSearchedBytes = defaultMaxSearchedBytes) {
    this.#tools = tools;
    this.#maxSearchedBytes = maxSearchedBytes;
    this.#records = new PlainRecords(tools.thread.codecs, tools.thread.maxInflatedBytes);
  }

  /** The first record with that timestamp or a later one. Rejects with AdminError, PulsarError, ConnectionLost. */
  async first(timestamp: number, startOffset: number, endOffset: number): Promise<FoundOffset> {
    const { topic, admin } = this.#tools;
    const { ledgers } = await admin.ledgers(topic);
    const order = new EntryOrder(ledgers);
    const published = await admin.entryAtTime(topic, Math.max(0, timestamp));
    // In `pulsar` an entry is as old as its first record: the one before may have a later one.
    const from = await this.#pointBefore(order, order.numberOf(published) - 1, startOffset);
    const found: FoundOffset = { offset: -1, timestamp: -1, leaderEpoch: -1 };
    await this.#scan(from, timestamp, startOffset, endOffset, (offset, time) => {
      if (time < timestamp) return false;
      found.offset = offset;
      found.timestamp = time;
      return true;
    });
    return found;
  }

  /** The record with the greatest timestamp among the last entries. Rejects like `first`. */
  async greatest(startOffset: number, endOffset: number): Promise<FoundOffset> {
    const { topic, admin } = this.#tools;
    const order = new EntryOrder((await admin.ledgers(topic)).ledgers);
    // The newest must be among them: half of what may be read, by their mean size.
    const fitting = Math.floor(this.#maxSearchedBytes / 2 / Math.max(1, order.meanBytes));
    const entries = Math.max(1, Math.min(maxSearchedEntries, fitting));
    const from = await this.#pointBefore(order, order.count - entries, startOffset);
    const found: FoundOffset = { offset: -1, timestamp: -1, leaderEpoch: -1 };
    await this.#scan(from, Number.NEGATIVE_INFINITY, startOffset, endOffset, (offset, time) => {
      if (found.offset === -1 || time > found.timestamp) {
        found.offset = offset;
        found.timestamp = time;
      }
      return false;
    });
    return found;
  }

  /** Where a reader begins that is to see the entry of that number, but nothing far below `startOffset`. */
  async #pointBefore(order: EntryOrder, number: number, startOffset: number): Promise<Point> {
    const { topic, admin, positions } = this.#tools;
    const start = await positions.locate(startOffset);
    if (number < 1) return start;
    const last = Math.min(number, order.count) - 1;
    const found = await nearestIndexed(admin, topic, order, last, -1);
    const offset = (found?.index ?? -1) + 1;
    return found !== null && offset > start.offset ? { offset, after: found.id } : start;
  }

  async #scan(
    from: Point,
    timestamp: number,
    startOffset: number,
    endOffset: number,
    judge: Judge,
  ): Promise<void> {
    const { topic, lookup } = this.#tools;
    if (from.offset >= endOffset) return;
    let stream: EntryStream | null = null;
    let timer: NodeJS.Timeout | undefined;
    let readBytes = 0;
    try {
      await new Promise<void>((resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`${topic}: searched for too long`)), timeoutMs);
        let isDone = false;
        const entry = (base: number, next: number, view: Uint8Array, at: number, end: number) => {
          readBytes += end - at;
          isDone ||= base >= endOffset;
          isDone ||= this.#visit(view, at, end, base, timestamp, startOffset, endOffset, judge);
          if (isDone || next >= endOffset) resolve();
          else if (readBytes > this.#maxSearchedBytes) {
            reject(new Error(`${topic}: nothing found in the first ${readBytes} bytes searched`));
          }
        };
        EntryStream.open(lookup, topic, from, windowBytes, { entry, ended: reject }).then(
          (opened) => {
            stream = opened;
          },
          reject,
        );
      });
    } finally {
      clearTimeout(timer);
      (stream as EntryStream | null)?.close();
    }
  }

  #visit(
    view: Uint8Array,
    start: number,
    end: number,
    baseOffset: number,
    timestamp: number,
    startOffset: number,
    endOffset: number,
    judge: Judge,
  ): boolean {
    const { entry } = this.#tools.thread;
    const records = this.#records;
    try {
      entry.open(view, start, end);
      if (entry.kind === 'hole' || entry.kind === 'control') return false;
      const bytes = Buffer.allocUnsafe(entry.boundBytes);
      const stop = entry.write(bytes, 0, baseOffset, 0);
      for (let at = 0; at < stop; at += batchSizeBytes(bytes, at)) {
        if (isControl(bytes, at) || maxTimestamp(bytes, at) < timestamp) continue;
        records.open(bytes.subarray(at, at + batchSizeBytes(bytes, at)));
        const first = baseOffsetOf(bytes, at);
        while (records.next()) {
          const offset = first + records.cursor.offsetDelta;
          if (offset < startOffset || offset >= endOffset) continue;
          if (judge(offset, records.timestamp)) return true;
        }
      }
    } catch (error) {
      if (!(error instanceof EntryFault)) throw error;
    } finally {
      records.release();
    }
    return false;
  }
}
