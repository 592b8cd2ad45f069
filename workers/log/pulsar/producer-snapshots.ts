import type { MessageId } from '../../../engine/protocol/pulsar/commands.js';
import type { Codecs } from '../../../native/codecs.js';
import type { LogNotice, ProducerSnapshotEntry } from '../log.js';
import { encodeSnapshot } from '../producer-snapshot.js';
import type { TopicAdmin } from './admin.js';
import { storeEnd } from './known-end.js';
import { placeProperty, placeText } from './snapshot-place.js';
import type { SnapshotStore } from './snapshot-topic.js';

/** After so many entries producers are written down again: a new owner scans little more. */
export const maxEntriesBetween = 5_000;
/** Of many producers only as seldom that no entry costs more than so many batches in a snapshot. */
const maxRowsPerEntry = 8;
/** And after so many bytes. */
const maxBytesBetween = 64 * 2 ** 20;
/** What was appended is in a snapshot after so long, however little it is. */
const maxUnsavedMs = 600_000;
/** Until the next try after one could not be written. */
const retryMs = 60_000;
/** Batches in one message of the snapshot topic: below 1 MiB. */
const maxPartRows = 20_000;

export interface SnapshotTools {
  /** Of the partition. */
  readonly topic: string;
  readonly topicId: string;
  readonly leaderEpoch: number;
  readonly admin: TopicAdmin;
  readonly store: SnapshotStore;
  readonly codecs: Codecs;
  /** Ms since the epoch. */
  clock(): number;
  /** What is known of producers from batches below an offset. */
  takeSnapshot(endOffset: number): ProducerSnapshotEntry[];
  report(notice: LogNotice): void;
}

/** Producers as they were at an offset, until that is stable. */
interface Taken {
  readonly offset: number;
  readonly rows: ProducerSnapshotEntry[];
  after: MessageId | null;
}

/** Writes down what a partition knows of its producers, so that a new owner knows it without reading the topic. */
export class ProducerSnapshots {
  readonly #tools: SnapshotTools;
  /** Properties of earlier owners, needless after the first snapshot of this one. */
  #needless: readonly string[];
  // Appended, and in no snapshot.
  #entries: number;
  #bytes: number;
  #unsavedMs: number;
  #taken: Taken | null = null;
  /** Batches in the last snapshot. */
  #rows = 0;
  #writing: Promise<void> | null = null;
  #retryAtMs = Number.NEGATIVE_INFINITY;
  /** Told once, until it works again. */
  #isTroubled = false;
  #isEnded = false;
  // The last entry that was stored.
  #lastOffset = -1;
  #lastLedgerId = -1;
  #lastEntryId = -1;

  /** @param entries that the opening has scanned, @param bytes of theirs */
  constructor(tools: SnapshotTools, needless: readonly string[], entries: number, bytes: number) {
    this.#tools = tools;
    this.#needless = needless;
    this.#entries = entries;
    this.#bytes = bytes;
    this.#unsavedMs = tools.clock();
  }

  appended(sizeBytes: number, nowMs: number): void {
    if (this.#entries === 0) this.#unsavedMs = nowMs;
    this.#entries++;
    this.#bytes += sizeBytes;
  }

  /** An entry that ends before `nextOffset` is stored; ledger -1: nobody knows where. */
  stored(nextOffset: number, ledgerId: number, entryId: number): void {
    this.#lastOffset = nextOffset;
    this.#lastLedgerId = ledgerId;
    this.#lastEntryId = entryId;
    if (this.#taken?.offset === nextOffset) this.#taken.after = this.#place();
  }

  /** Not while batches are appended: what is known of producers is that of all below `endOffset`. */
  advance(nowMs: number, endOffset: number, stableEndOffset: number): void {
    if (this.#isEnded || this.#writing !== null) return;
    if (this.#taken === null && this.#isDue(nowMs)) this.#take(endOffset);
    const taken = this.#taken;
    if (taken === null || taken.offset > stableEndOffset) return;
    this.#taken = null;
    this.#writing = this.#write(taken).finally(() => {
      this.#writing = null;
    });
  }

  /** Nothing is written from now on. */
  end(): void {
    this.#isEnded = true;
    this.#taken = null;
  }

  /** Writes the last one, at the end of a log of which everything is stable. */
  async close(endOffset: number): Promise<void> {
    if (this.#isEnded) return;
    const isOwed = this.#taken !== null;
    this.end();
    await this.#writing;
    if (isOwed || this.#entries > 0) await this.#write(this.#take(endOffset));
  }

  #isDue(nowMs: number): boolean {
    if (this.#entries === 0 || nowMs < this.#retryAtMs) return false;
    if (nowMs - this.#unsavedMs >= maxUnsavedMs) return true;
    if (this.#entries * maxRowsPerEntry < this.#rows) return false;
    return this.#entries >= maxEntriesBetween || this.#bytes >= maxBytesBetween;
  }

  #take(offset: number): Taken {
    const rows = this.#tools.takeSnapshot(offset);
    const taken = { offset, rows, after: this.#lastOffset === offset ? this.#place() : null };
    this.#entries = 0;
    this.#bytes = 0;
    this.#rows = rows.length;
    this.#taken = taken;
    return taken;
  }

  #place(): MessageId | null {
    if (this.#lastLedgerId < 0) return null;
    return { ledgerId: this.#lastLedgerId, entryId: this.#lastEntryId };
  }

  async #write({ offset, rows, after }: Taken): Promise<void> {
    const { topic, topicId, leaderEpoch, admin, report } = this.#tools;
    try {
      const parts = await this.#writeParts(rows);
      const place = { leaderEpoch, offset, after, parts };
      await admin.setProperty(topic, placeProperty(leaderEpoch), placeText(topicId, place));
      await storeEnd(admin, topic, offset);
      const needless = this.#needless;
      this.#needless = [];
      for (const name of needless) await admin.removeProperty(topic, name);
      this.#isTroubled = false;
    } catch (error) {
      this.#entries++;
      this.#unsavedMs = Number.NEGATIVE_INFINITY;
      this.#retryAtMs = this.#tools.clock() + retryMs;
      if (this.#isTroubled) return;
      this.#isTroubled = true;
      const message = 'the producers of a partition could not be written down; it is tried again';
      report({ level: 'warn', message, fields: { reason: (error as Error).message } });
    }
  }

  async #writeParts(rows: ProducerSnapshotEntry[]): Promise<MessageId[]> {
    const { topic, store, codecs, clock } = this.#tools;
    const parts: MessageId[] = [];
    for (let from = 0; from < rows.length; from += maxPartRows) {
      const bytes = encodeSnapshot(codecs, rows.slice(from, from + maxPartRows));
      parts.push(await store.write(topic, bytes, clock()));
    }
    return parts;
  }
}
