import { setTimeout as delay } from 'node:timers/promises';
import { loadCodecs } from '../../native/index.js';
import { Entry, type HoleReason } from '../format/entry.js';
import { EntryFault } from '../format/entry-fault.js';
import type { PulsarClient } from '../log/pulsar/client.js';
import { EntryStream } from '../log/pulsar/entry-stream.js';
import { EntryOrder, findStart, type Point, Positions } from '../log/pulsar/positions.js';
import { lastDelivered } from '../log/pulsar/replay.js';
import { defaultMaxInflatedBytes } from './client-message.js';
import { type Cluster, clientOf } from './cluster.js';
import { type KafkaRecord, recordsIn } from './kafka-record.js';
import { UnreadablePayload } from './unreadable-payload.js';

/** Entries on their way, in bytes. */
const windowBytes = 2 ** 20;
/** Entries that wait for the application; above it no more are asked for until half is taken. */
const maxWaitingBytes = 8 * 2 ** 20;
/** Connections that end one after the other, without an entry in between, before the reader gives up. */
const maxReopens = 10;
const firstReopenMs = 100;
const maxReopenMs = 5_000;

/** An entry that holds no record that could be told, but something. */
export interface SkippedEntry {
  readonly topic: string;
  readonly offset: number;
  readonly messageId: string;
  /** `corrupt`: damaged. */
  readonly reason: Exclude<HoleReason, 'marker'> | 'corrupt';
}

export interface KafkaReaderOptions extends Cluster {
  /** `persistent://TENANT/NAMESPACE/TOPIC`; of a partitioned topic one partition, `…-partition-0`. */
  readonly topic: string;
  /** The first record that is read: of all, of those written from now on, or from an offset on. */
  readonly start: 'earliest' | 'latest' | { readonly offset: number };
  /** Told of what cannot be decoded: encrypted, damaged or cut-up messages. Without it they end the reading. */
  readonly skipped?: (entry: SkippedEntry) => void;
  /** Bound of an entry after decompression. */
  readonly maxInflatedBytes?: number;
}

interface WaitingEntry {
  readonly bytes: Buffer;
  readonly baseOffset: number;
  readonly messageId: string;
}

/** Begins to read a topic. Rejects with what the cluster answers, and for an offset that is no longer there. */
export async function openKafkaReader(options: KafkaReaderOptions): Promise<KafkaReader> {
  const client = clientOf(options);
  try {
    return new KafkaReader(client, options, await startOf(client, options));
  } catch (error) {
    await client.close();
    throw error;
  }
}

async function startOf(
  { admin }: PulsarClient,
  { topic, start }: KafkaReaderOptions,
): Promise<Point> {
  const { ledgers } = await admin.ledgers(topic);
  const order = new EntryOrder(ledgers);
  const first = await findStart(admin, topic, ledgers, 0);
  if (start === 'earliest') return first;
  if (start === 'latest') {
    const { number, endOffset } = await lastDelivered({ admin, topic }, order, order.count, 0);
    return number < 0 ? first : { offset: endOffset, after: order.at(number) };
  }
  if (start.offset < first.offset) {
    throw new UnreadablePayload(
      `${topic}: the offset ${start.offset} is no longer there; the first one is ${first.offset}`,
    );
  }
  return new Positions(admin, topic, first).locate(start.offset);
}

/**
 * The records of one topic in every entry format, in order, each once while the reader lives. It is no subscription:
 * Pulsar keeps neither a position nor data for it. Keep the offset of the last record that was dealt with, and start
 * behind it the next time.
 */
export class KafkaReader implements AsyncIterable<KafkaRecord> {
  readonly #client: PulsarClient;
  readonly #options: KafkaReaderOptions;
  readonly #maxInflatedBytes: number;
  readonly #codecs = loadCodecs();
  readonly #entry: Entry;
  readonly #startOffset: number;
  readonly #waiting: WaitingEntry[] = [];
  #waitingBytes = 0;
  #point: Point;
  #stream: EntryStream | null = null;
  #ended: Error | null = null;
  #reopens = 0;
  #closed = false;
  #wake: () => void = () => {};

  constructor(client: PulsarClient, options: KafkaReaderOptions, point: Point) {
    const { start, maxInflatedBytes = defaultMaxInflatedBytes } = options;
    this.#client = client;
    this.#options = options;
    this.#maxInflatedBytes = maxInflatedBytes;
    this.#entry = new Entry(this.#codecs, maxInflatedBytes);
    this.#startOffset = typeof start === 'object' ? start.offset : 0;
    this.#point = point;
  }

  /** Ends with `close`. Throws what ended the reading: UnreadablePayload, or that the cluster is not reached. */
  async *[Symbol.asyncIterator](): AsyncGenerator<KafkaRecord, void> {
    while (!this.#closed) {
      const entry = this.#waiting.shift();
      if (entry === undefined) {
        await this.#more();
        continue;
      }
      this.#waitingBytes -= entry.bytes.length;
      if (this.#waitingBytes < maxWaitingBytes / 2) this.#stream?.resume();
      for (const record of this.#decode(entry)) {
        if ((record.offset as number) >= this.#startOffset) yield record;
      }
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream?.close();
    this.#wake();
    await this.#client.close();
  }

  async #more(): Promise<void> {
    if (this.#stream === null) await this.#open();
    if (this.#waiting.length > 0 || this.#ended !== null || this.#closed) return this.#recover();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  /** After the end of a connection: entries that came are given first. */
  async #recover(): Promise<void> {
    if (this.#ended === null || this.#waiting.length > 0 || this.#closed) return;
    const reason = this.#ended;
    this.#stream?.close();
    this.#stream = null;
    this.#ended = null;
    if (this.#reopens++ >= maxReopens) {
      throw new Error(`${this.#options.topic}: cannot be read any more`, { cause: reason });
    }
    await delay(Math.min(maxReopenMs, firstReopenMs * 2 ** this.#reopens));
  }

  async #open(): Promise<void> {
    try {
      const { topic } = this.#options;
      this.#stream = await EntryStream.open(this.#client.lookup, topic, this.#point, windowBytes, {
        entry: (...entry) => this.#take(...entry),
        ended: (reason) => {
          this.#ended = reason;
          this.#wake();
        },
      });
    } catch (error) {
      this.#ended = error as Error;
    }
  }

  #take(
    baseOffset: number,
    nextOffset: number,
    view: Uint8Array,
    start: number,
    end: number,
    ledgerId: number,
    entryId: number,
  ): void {
    const bytes = Buffer.from(view.subarray(start, end));
    this.#waiting.push({ bytes, baseOffset, messageId: `${ledgerId}:${entryId}` });
    this.#waitingBytes += bytes.length;
    this.#point = { offset: nextOffset, after: { ledgerId, entryId } };
    this.#reopens = 0;
    if (this.#waitingBytes > maxWaitingBytes) this.#stream?.pause();
    this.#wake();
  }

  *#decode({ bytes, baseOffset, messageId }: WaitingEntry): Generator<KafkaRecord> {
    const { topic } = this.#options;
    const entry = this.#entry;
    let batches: Buffer;
    try {
      entry.open(bytes, 0, bytes.length);
      if (entry.kind === 'hole') {
        const reason = entry.holeReason;
        if (reason !== null && reason !== 'marker') this.#skip(baseOffset, messageId, reason);
        return;
      }
      const out = Buffer.allocUnsafe(entry.boundBytes);
      batches = out.subarray(0, entry.write(out, 0, baseOffset, 0));
    } catch (error) {
      if (!(error instanceof EntryFault)) throw error;
      this.#skip(baseOffset, messageId, 'corrupt', error);
      return;
    }
    const origin = { topic, messageId, hasOffsets: true };
    yield* recordsIn(this.#codecs, this.#maxInflatedBytes, batches, 0, batches.length, origin);
  }

  #skip(offset: number, messageId: string, reason: SkippedEntry['reason'], cause?: Error): void {
    const { topic, skipped } = this.#options;
    if (skipped !== undefined) {
      skipped({ topic, offset, messageId, reason });
      return;
    }
    const what = cause?.message ?? `it is part of what only Pulsar's clients read (${reason})`;
    throw new UnreadablePayload(
      `${topic}: the entry ${messageId} at offset ${offset} cannot be decoded: ${what}. Give openKafkaReader a ` +
        '`skipped` to pass over such entries',
      { cause },
    );
  }
}
