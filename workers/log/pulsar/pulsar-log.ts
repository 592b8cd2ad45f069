import type { CompactionPlan } from '../compaction.js';
import {
  type AbortedTransaction,
  type AppendRun,
  clearResult,
  type EntryPlace,
  type FilePlace,
  type FoundOffset,
  type Log,
  type LogConfig,
  type LogEvents,
  LogFault,
  type ReadResult,
  type ReplyMemory,
} from '../log.js';
import { CatchUp } from './catch-up.js';
import { EntryCache } from './entry-cache.js';
import { storedBytes } from './entry-maker.js';
import { EntryServer } from './entry-server.js';
import { addHole } from './holes.js';
import { KnownTransactions } from './known-transactions.js';
import type { LogSender, OpenedTopic } from './opened-topic.js';
import { Outbox } from './outbox.js';
import { findStart } from './positions.js';
import { ProducerSnapshots } from './producer-snapshots.js';
import { earliest } from './reader.js';
import type { PlacedEntry } from './sender.js';
import { TimeSearch } from './time-search.js';
import { type LearntEnd, WithheldEnd } from './withheld-end.js';

/** A topic's property: the log start that DeleteRecords has set. */
export const logStartProperty = 'kopjeLogStartOffset';
/** Entries go into the cache as they are written while somebody has read near the end so lately. */
const tailInterestMs = 30_000;
/** How near, in offsets. */
const tailOffsets = 10_000;
/** While so many entries are under way, batches that may become one entry wait for each other. */
const maxMergingInFlight = 8;
/** How often Pulsar is asked what its retention has left. */
const startPollMs = 60_000;

/** The log of a partition in a topic of Pulsar's, whose only writer it is, or not. */
export class PulsarLog implements Log {
  readonly assignsOffsets: boolean;
  readonly borrowsUntilStable = true;
  readonly leaderEpoch: number;
  logStartOffset: number;
  logEndOffset: number;
  stableEndOffset: number;
  sizeBytes = 0;
  stableSizeBytes = 0;
  readonly #topic: OpenedTopic;
  readonly #sender: LogSender;
  readonly #outbox: Outbox;
  readonly #cache: EntryCache;
  readonly #catchUp: CatchUp;
  readonly #server: EntryServer;
  readonly #times: TimeSearch;
  readonly #snapshots: ProducerSnapshots;
  readonly #transactions: KnownTransactions;
  /** Null once all of the topic is known. */
  #withheld: WithheldEnd | null = null;
  #hole: OpenedTopic['hole'];
  /** Numbers of records in the batches of each entry that has no place yet. */
  readonly #unplaced: (readonly number[])[] = [];
  #config: LogConfig;
  #events: LogEvents | null = null;
  #fault: LogFault | null = null;
  /** Ends when so many entries are stored. */
  #flush: { done(fault: LogFault | null): void; entries: number } | null = null;
  #appendedEntries = 0;
  #storedEntries = 0;
  /** Log starts that are being stored, one after the other. */
  #storing = 0;
  #stores: Promise<void> = Promise.resolve();
  #tailReadMs = Number.NEGATIVE_INFINITY;
  #nextStartPollMs: number;
  #owesProgress = false;
  /** The last damaged entry that was told. */
  #lastDamage = -1;

  constructor(topic: OpenedTopic) {
    const { tools, sender, positions, config } = topic;
    const { codecs, lookup, admin } = tools;
    this.#topic = topic;
    this.#sender = sender;
    this.#config = config;
    this.assignsOffsets = !topic.isShared;
    this.leaderEpoch = topic.leaderEpoch;
    this.logStartOffset = topic.startOffset;
    this.logEndOffset = topic.endOffset;
    this.stableEndOffset = topic.endOffset;
    this.#nextStartPollMs = topic.clock() + startPollMs;
    this.#transactions = new KnownTransactions(topic);
    this.#hole = topic.hole;
    this.#outbox = new Outbox(tools, topic.maxMessageBytes, topic.copied);
    this.#cache = new EntryCache(tools.memory);
    this.#catchUp = new CatchUp({
      topic: topic.topic,
      lookup,
      positions,
      cache: this.#cache,
      addHole: (offset, endOffset) => this.#addHole(offset, endOffset),
      clock: topic.clock,
      copied: topic.copied,
      arrived: () => this.#events?.arrived(),
      report: (message, reason) => this.#report('warn', message, { reason }),
    });
    this.#server = new EntryServer(
      this.#cache,
      tools.entry,
      (offset) => this.epochAt(offset),
      (offset, reason) => this.#damaged(offset, reason),
    );
    this.#times = new TimeSearch({ topic: topic.topic, lookup, admin, positions, thread: tools });
    const { entries, bytes } = topic.replayed;
    const snapshotTools = { ...topic, admin, codecs, store: tools.snapshots };
    const needless = topic.needlessProperties;
    this.#snapshots = new ProducerSnapshots(snapshotTools, needless, entries, bytes);
    if (topic.withheld === null) return;
    this.#withheld = new WithheldEnd(topic.withheld, {
      learnt: (end) => this.#learnt(end),
      failed: (cause) => this.#sender.fail(new LogFault('storage', cause.message, { cause })),
    });
  }

  get recoveryPoint(): number {
    return this.stableEndOffset;
  }

  get firstOpenOffset(): number {
    return this.#transactions.found.firstOpenOffset;
  }

  abortedIn(startOffset: number, endOffset: number): readonly AbortedTransaction[] {
    return this.#transactions.found.abortedIn(startOffset, endOffset);
  }

  get takesAppends(): boolean {
    return this.#withheld === null;
  }

  get isWritable(): boolean {
    if (this.#fault !== null || !this.takesAppends || !this.#sender.isReady) return false;
    const underWay = this.#appendedEntries - this.#storedEntries;
    return underWay < maxMergingInFlight || !this.#outbox.merges(this.#config.entryFormat);
  }

  listen(events: LogEvents): void {
    this.#events = events;
    const fault = this.#fault;
    if (fault !== null) queueMicrotask(() => events.ended(fault));
  }

  accepts(batch: Uint8Array): boolean {
    return this.#outbox.accepts(this.#config.entryFormat, batch, this.#topic.clock());
  }

  append(run: AppendRun): void {
    this.#check();
    const nowMs = this.#topic.clock();
    for (const entry of this.#outbox.entriesOf(this.#config.entryFormat, run, nowMs)) {
      if (this.assignsOffsets) {
        this.#extend(entry.baseOffset + entry.messageCount, entry.sizeBytes);
        this.#snapshots.appended(entry.sizeBytes, nowMs);
      } else this.#unplaced.push(entry.counts);
      this.#appendedEntries++;
      this.#sender.send(entry, nowMs);
    }
  }

  flush(done: (fault: LogFault | null) => void): void {
    this.#flush = { done, entries: this.#appendedEntries };
    queueMicrotask(() => this.#finishFlush());
  }

  read(
    offset: number,
    endOffset: number,
    maxBytes: number,
    atLeastOneBatch: boolean,
    memory: ReplyMemory,
    result: ReadResult,
  ): void {
    clearResult(result);
    this.#check();
    if (offset < this.logStartOffset || offset > this.logEndOffset) {
      const range = `${this.logStartOffset} to ${this.logEndOffset}`;
      throw new LogFault('offset-out-of-range', `offset ${offset} is outside of ${range}`);
    }
    const limit = Math.min(endOffset, this.stableEndOffset);
    if (offset >= limit) return;
    const nowMs = this.#topic.clock();
    if (this.stableEndOffset - offset <= tailOffsets) this.#tailReadMs = nowMs;
    const hole = this.#hole;
    let place = this.#cache.find(offset);
    if (place === -1 && offset >= hole.offset && offset < hole.endOffset) {
      this.#addHole(offset, hole.endOffset);
      place = this.#cache.find(offset);
    }
    if (place !== -1) {
      const next = this.#server.serve(place, limit, maxBytes, atLeastOneBatch, memory, result);
      this.#catchUp.used(offset, next, nowMs);
    } else {
      result.awaited = this.#catchUp.want(offset, nowMs);
    }
  }

  locate(
    _offset: number,
    _endOffset: number,
    _maxBytes: number,
    _atLeastOneBatch: boolean,
    _place: FilePlace,
  ): boolean {
    return false;
  }

  async offsetForTimestamp(timestamp: number, endOffset: number): Promise<FoundOffset> {
    return this.#search((start, end) => this.#times.first(timestamp, start, end), endOffset);
  }

  async offsetOfMaxTimestamp(endOffset: number): Promise<FoundOffset> {
    return this.#search((start, end) => this.#times.greatest(start, end), endOffset);
  }

  /** Nothing is ever cut off a topic: every older epoch ends, at the latest, where this one begins. */
  endOffsetForEpoch(leaderEpoch: number): FoundOffset {
    if (leaderEpoch > this.leaderEpoch || leaderEpoch < 0) return notFound;
    const isThis = leaderEpoch === this.leaderEpoch;
    const offset = isThis ? this.logEndOffset : this.#topic.epochStartOffset;
    return { offset, timestamp: -1, leaderEpoch };
  }

  async placeOf(offset: number): Promise<EntryPlace> {
    this.#check();
    const { ledgerId, entryId } = await this.#topic.positions.before(offset);
    return ledgerId < 0 ? earliest : { ledgerId, entryId: entryId + 1 };
  }

  epochAt(offset: number): number {
    return offset >= this.#topic.epochStartOffset ? this.leaderEpoch : this.leaderEpoch - 1;
  }

  trim(logStartOffset: number): void {
    this.#check();
    if (logStartOffset > this.stableEndOffset) {
      const message = `offset ${logStartOffset} is beyond the end ${this.stableEndOffset}`;
      throw new LogFault('offset-out-of-range', message);
    }
    if (logStartOffset <= this.logStartOffset) return;
    this.logStartOffset = logStartOffset;
    this.#storing++;
    this.#stores = this.#stores.then(() => this.#store(logStartOffset));
  }

  expire(nowMs: number): boolean {
    if (this.#fault !== null) return false;
    this.#catchUp.tick(nowMs);
    this.#sender.tick(nowMs);
    this.#withheld?.ask();
    this.#snapshots.advance(nowMs, this.logEndOffset, this.stableEndOffset);
    if (nowMs >= this.#nextStartPollMs) {
      this.#nextStartPollMs = nowMs + startPollMs;
      void this.#pollStart();
      void this.#transactions.keep(this.stableEndOffset);
    }
    return false;
  }

  planCompaction(): CompactionPlan | null {
    return null;
  }

  applyCompaction(): void {
    // None was planned.
  }

  configure(config: LogConfig): void {
    this.#config = config;
  }

  async close(isRemoved = false): Promise<void> {
    if (this.#fault?.code === 'closed') return;
    const wasSound = this.#fault === null;
    this.#fault = new LogFault('closed', 'the log is closed');
    this.#catchUp.close();
    this.#cache.clear();
    await this.#stores;
    // A broker may say nothing for long to who asks for a topic that it is deleting.
    if (wasSound && !isRemoved && this.stableEndOffset === this.logEndOffset) {
      await this.#snapshots.close(this.logEndOffset);
    }
    await this.#sender.close().catch(() => undefined);
    this.#finishFlush();
  }

  /** The sender's: an entry is stored. */
  stored(entry: PlacedEntry, ledgerId: number, entryId: number): void {
    const { baseOffset, messageCount, sizeBytes } = entry;
    const nextOffset = baseOffset + messageCount;
    if (ledgerId >= 0) this.#topic.positions.saw(nextOffset, ledgerId, entryId);
    this.#snapshots.stored(nextOffset, ledgerId, entryId);
    // The bytes are borrowed until the stable end has passed them.
    if (this.#isTailRead()) {
      const bytes = storedBytes(entry);
      this.#cache.add(baseOffset, nextOffset, bytes);
      this.#topic.copied('cache', bytes.length);
    }
    this.#outbox.stored(entry.payload);
    this.#storedEntries++;
    this.stableEndOffset = nextOffset;
    this.stableSizeBytes += sizeBytes;
    this.moved();
  }

  /** The sender's: an entry has come from the tail, whoever wrote it. The bytes are borrowed. */
  delivered(
    baseOffset: number,
    nextOffset: number,
    view: Uint8Array,
    start: number,
    end: number,
    ledgerId: number,
    entryId: number,
  ): void {
    this.#topic.positions.saw(nextOffset, ledgerId, entryId);
    this.#snapshots.appended(end - start, this.#topic.clock());
    this.#snapshots.stored(nextOffset, ledgerId, entryId);
    if (this.#isTailRead()) {
      if (baseOffset > this.logEndOffset) this.#addHole(this.logEndOffset, baseOffset);
      // Not `slice`: that of a Buffer borrows.
      this.#cache.add(baseOffset, nextOffset, new Uint8Array(view.subarray(start, end)));
      this.#topic.copied('cache', end - start);
    }
    this.#extend(nextOffset, end - start);
    this.stableEndOffset = nextOffset;
    this.stableSizeBytes = this.sizeBytes;
    this.moved();
  }

  /** The sender's: what was delivered last is the oldest entry that had no place. */
  placed(baseOffset: number, payload: readonly Uint8Array[]): void {
    this.#outbox.stored(payload);
    this.#storedEntries++;
    let offset = baseOffset;
    for (const count of this.#unplaced.shift() as readonly number[]) {
      this.#events?.placed(offset);
      offset += count;
    }
  }

  /** The sender's: told once for all that came in one go. */
  moved(): void {
    if (this.#owesProgress) return;
    this.#owesProgress = true;
    queueMicrotask(() => {
      this.#owesProgress = false;
      this.#finishFlush();
      if (this.#fault !== null) return;
      this.#events?.progress();
      this.#snapshots.advance(this.#topic.clock(), this.logEndOffset, this.stableEndOffset);
    });
  }

  /** The sender's: it ended. */
  failed(fault: LogFault): void {
    if (this.#fault !== null) return;
    this.#fault = fault;
    this.#snapshots.end();
    this.#catchUp.close();
    this.#cache.clear();
    this.#finishFlush();
    this.#events?.ended(fault);
  }

  #extend(endOffset: number, sizeBytes: number): void {
    this.logEndOffset = endOffset;
    this.sizeBytes += sizeBytes;
  }

  #isTailRead(): boolean {
    return this.#topic.clock() - this.#tailReadMs < tailInterestMs;
  }

  #addHole(offset: number, endOffset: number): void {
    addHole(this.#cache, this.#transactions.found, offset, endOffset);
  }

  #check(): void {
    if (this.#fault !== null) throw this.#fault;
  }

  #finishFlush(): void {
    const flush = this.#flush;
    if (flush === null) return;
    const isStable = this.#storedEntries >= flush.entries && this.#storing === 0;
    if (this.#fault === null && !isStable) return;
    this.#flush = null;
    flush.done(this.#fault);
  }

  /** Stores the log start and reads it back. */
  async #store(logStartOffset: number): Promise<void> {
    const { topic, tools } = this.#topic;
    const value = String(logStartOffset);
    try {
      await tools.admin.setProperty(topic, logStartProperty, value);
      const stored = await tools.admin.property(topic, logStartProperty);
      if (stored !== value) throw new Error(`${logStartProperty} is ${stored}, not ${value}`);
    } catch (error) {
      const message = `the log start could not be stored: ${(error as Error).message}`;
      // It stays open until then, and so does the flush that waits for it.
      this.#sender.fail(new LogFault('storage', message, { cause: error }));
      return;
    }
    this.#storing--;
    this.#finishFlush();
  }

  async #pollStart(): Promise<void> {
    const { topic, tools, positions } = this.#topic;
    const { admin } = tools;
    try {
      const { ledgers } = await admin.ledgers(topic);
      const start = await findStart(admin, topic, ledgers, this.stableEndOffset);
      if (this.#fault !== null || start.offset <= this.logStartOffset) return;
      positions.startAt(start);
      this.logStartOffset = start.offset;
      this.moved();
    } catch (error) {
      const reason = (error as Error).message;
      this.#report('warn', 'Pulsar did not say where the topic begins', { reason });
    }
  }

  /** The transaction of Pulsar's own has ended that withheld the end. */
  #learnt({ endOffset, hole, transactionsFound }: LearntEnd): void {
    if (this.#fault !== null) return;
    this.#withheld = null;
    this.#hole = hole;
    this.#transactions.found = transactionsFound;
    this.#extend(endOffset, 0);
    this.stableEndOffset = endOffset;
    this.#report('info', "Pulsar's own transaction has ended: writes are taken again", {});
    this.moved();
  }

  async #search(
    search: (startOffset: number, endOffset: number) => Promise<FoundOffset>,
    endOffset: number,
  ): Promise<FoundOffset> {
    this.#check();
    const hole = this.#hole;
    const limit = Math.min(endOffset, this.stableEndOffset);
    // No reader is sent what is in the hole: a search would wait for it.
    const end = limit > hole.offset && limit <= hole.endOffset ? hole.offset : limit;
    if (end <= this.logStartOffset) return notFound;
    const found = await search(this.logStartOffset, end);
    return found.offset === -1 ? found : { ...found, leaderEpoch: this.epochAt(found.offset) };
  }

  /** Told once, however many read it. */
  #damaged(offset: number, reason: string): void {
    if (offset <= this.#lastDamage) return;
    this.#lastDamage = offset;
    this.#report('error', 'a damaged entry is a hole', { offset, reason });
  }

  #report(level: 'info' | 'warn' | 'error', message: string, fields: object): void {
    this.#topic.report({ level, message, fields });
  }
}

const notFound: FoundOffset = { offset: -1, timestamp: -1, leaderEpoch: -1 };
