import type { Logger } from 'pino';
import { WorkerFailure } from '../../workers/pool/partition-thread.js';
import type { WorkerPool } from '../../workers/pool/pool.js';
import type { Channel } from '../../workers/ring/channel.js';
import type {
  ControlRequest,
  EntryPlace,
  LogConfig,
  OpenPartition,
  WorkerNotice,
} from '../../workers/ring/control.js';
import { newLineState } from '../../workers/ring/table.js';
import type { LandingSlab } from '../listen/landing-slab.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import { CoordinatorAppends } from './coordinator-appends.js';
import { PartitionNotices } from './partition-notices.js';
import type {
  AbortedTransaction,
  AppendOutcome,
  ListedOffset,
  OpenSpec,
  PartitionPort,
  PartitionRef,
  PartitionState,
  ProducerRow,
} from './partition-port.js';
import { PartitionReads } from './partition-reads.js';
import { PartitionSlot } from './partition-slot.js';
import type { Completable, RingPort } from './ring-port.js';

/** Who has to know that a partition came into or went out of service. */
export interface PartitionListener {
  online(ref: PartitionRef): void;
  offline(ref: PartitionRef): void;
}

/** Back-off before a partition that a storage fault took offline is opened again. */
const firstReopenMs = 1_000;
const maxReopenMs = 60_000;
/** The same where another owner took it, once in a while; more often it is `maxReopenMs`. */
const firstFencedReopenMs = 2_000;
const fencedMemoryMs = 600_000;

/** Every open partition: which line of the table and which worker it has, and the way to ask it. */
export class Partitions implements PartitionPort, RingPort {
  /** Where it is told what may ail many partitions at once. */
  readonly notices: PartitionNotices;
  readonly #pool: WorkerPool;
  readonly #log: Logger;
  readonly #slots: (PartitionSlot | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  readonly #perWorker: number[];
  readonly #listeners: PartitionListener[] = [];
  readonly #appends: CoordinatorAppends;
  readonly #reads: PartitionReads;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #state: PartitionState = newLineState();
  /** Whether it is this node's turn to own partitions. */
  readonly #isOurTurn: () => boolean;

  constructor(
    pool: WorkerPool,
    workers: number,
    slab: LandingSlab,
    log: Logger,
    isOurTurn: () => boolean = () => true,
  ) {
    this.#isOurTurn = isOurTurn;
    this.#pool = pool;
    this.#log = log;
    this.notices = new PartitionNotices(log);
    this.#perWorker = new Array<number>(workers).fill(0);
    this.#appends = new CoordinatorAppends(slab, (ref) => this.#channelOf(ref));
    this.#reads = new PartitionReads((ref) => this.#channelOf(ref), slab.copies);
  }

  listen(listener: PartitionListener): void {
    this.#listeners.push(listener);
  }

  submitAppend(
    ref: PartitionRef,
    start: number,
    sizeBytes: number,
    acks: number,
    owner: Completable,
    index: number,
  ): void {
    const { slot, generation } = ref as PartitionSlot;
    this.#channelOf(ref).append(slot, generation, start, sizeBytes, acks, false, owner, index);
  }

  submitRead(
    ref: PartitionRef,
    offset: number,
    maxBytes: number,
    flags: number,
    owner: Completable,
    index: number,
  ): void {
    const { slot, generation } = ref as PartitionSlot;
    this.#channelOf(ref).read(slot, generation, offset, maxBytes, flags, owner, index);
  }

  async open(spec: OpenSpec): Promise<PartitionRef> {
    const slot = this.#freeSlots.pop() ?? this.#slots.length;
    if (slot >= this.#pool.table.lines) {
      this.#freeSlots.push(slot);
      throw new WorkerFailure(
        ErrorCode.INVALID_PARTITIONS,
        `all ${this.#pool.table.lines} partitions are in use (maxPartitions)`,
      );
    }
    const worker = this.#perWorker.indexOf(Math.min(...this.#perWorker));
    const entry = new PartitionSlot(spec, slot, worker);
    this.#slots[slot] = entry;
    this.#perWorker[worker] = (this.#perWorker[worker] as number) + 1;
    const { recoveryPoint, logStartOffset } = spec;
    this.#pool.table.reset(slot);
    // Where the thread dies, its replacement opens the partition from these.
    this.#pool.table.publish(slot, { ...newLineState(), recoveryPoint, logStartOffset });
    try {
      await this.#askToOpen(entry, entry.nextOpening(spec));
    } catch (error) {
      if (spec.create || !mayPass(error)) {
        this.#free(entry);
        throw error;
      }
      entry.offlineErrorCode = errorCodeOf(error);
      if (!isOfDeadThread(error)) {
        const fields = { ...nameOf(entry), err: error };
        this.notices.tell('error', fields, 'partition is offline; it is tried again');
      }
      this.#reopenLater(entry);
      return entry;
    }
    this.#goOnline(entry);
    return entry;
  }

  async close(ref: PartitionRef, remove: boolean): Promise<void> {
    const entry = ref as PartitionSlot;
    entry.retired = true;
    this.#goOffline(entry, ErrorCode.NOT_LEADER_OR_FOLLOWER);
    try {
      await this.#ask(entry, { kind: 'close', slot: entry.slot, remove });
    } finally {
      this.#free(entry);
    }
  }

  async configure(ref: PartitionRef, config: LogConfig): Promise<void> {
    const entry = ref as PartitionSlot;
    const isAnother = entry.config.pulsarWriters !== config.pulsarWriters;
    entry.config = config;
    if (isAnother && ref.online) await this.#openAnew(entry);
    else if (ref.online) await this.#ask(ref, { kind: 'configure', slot: ref.slot, config });
  }

  append(ref: PartitionRef, batch: Uint8Array): Promise<AppendOutcome> {
    if (!ref.online) {
      return Promise.resolve({ errorCode: ref.offlineErrorCode, baseOffset: -1 });
    }
    return this.#appends.append(ref, (ref as PartitionSlot).generation, batch);
  }

  read(ref: PartitionRef, offset: number, maxBytes: number): Promise<Uint8Array> {
    return this.#reads.read(ref, (ref as PartitionSlot).generation, offset, maxBytes);
  }

  state(ref: PartitionRef): PartitionState {
    return this.#pool.table.read(ref.slot, newLineState());
  }

  peek(ref: PartitionRef): PartitionState {
    return this.#pool.table.read(ref.slot, this.#state);
  }

  watch(slot: number, watched: boolean): void {
    this.#pool.table.watch(slot, watched);
  }

  listOffset(ref: PartitionRef, timestamp: number): Promise<ListedOffset> {
    return this.#ask(ref, { kind: 'list-offset', slot: ref.slot, timestamp });
  }

  aborted(
    ref: PartitionRef,
    startOffset: number,
    endOffset: number,
  ): Promise<AbortedTransaction[]> {
    return this.#ask(ref, { kind: 'aborted', slot: ref.slot, startOffset, endOffset });
  }

  endOffsetForEpoch(ref: PartitionRef, leaderEpoch: number): Promise<ListedOffset> {
    return this.#ask(ref, { kind: 'end-offset-for-epoch', slot: ref.slot, leaderEpoch });
  }

  placeOf(ref: PartitionRef, offset: number): Promise<EntryPlace | null> {
    return this.#ask(ref, { kind: 'place', slot: ref.slot, offset });
  }

  trim(ref: PartitionRef, offset: number): Promise<{ errorCode: number; logStartOffset: number }> {
    return this.#ask(ref, { kind: 'trim', slot: ref.slot, offset });
  }

  producers(ref: PartitionRef): Promise<ProducerRow[]> {
    return this.#ask(ref, { kind: 'producers', slot: ref.slot });
  }

  describe(ref: PartitionRef): Promise<{ sizeBytes: number }> {
    return this.#ask(ref, { kind: 'describe', slot: ref.slot });
  }

  /** The worker died: everything it owned is out of service until it was opened again. */
  workerDown(worker: number): void {
    for (const entry of this.#slots) {
      if (entry?.worker === worker && entry.online) {
        this.#goOffline(entry, ErrorCode.NOT_LEADER_OR_FOLLOWER);
      }
    }
  }

  /** A replacement listens: opens the partitions again, through recovery. */
  workerUp(worker: number): void {
    for (const entry of this.#slots) {
      if (entry?.worker === worker && !entry.retired) void this.#reopen(entry);
    }
  }

  /** A replacement listens, but what the partitions held was in the memory of the dead one: there is nothing to open. */
  workerLost(worker: number): void {
    for (const entry of this.#slots) {
      if (entry?.worker === worker && !entry.online) {
        entry.offlineErrorCode = ErrorCode.KAFKA_STORAGE_ERROR;
      }
    }
  }

  /** A fault took a partition offline in its worker. */
  offline(notice: WorkerNotice & { kind: 'offline' }): void {
    const entry = this.#slots[notice.slot];
    if (!entry || entry.retired || entry.generation !== notice.generation) return;
    const fields = { ...nameOf(entry), reason: notice.message };
    this.notices.tell('error', fields, 'partition is offline');
    this.#goOffline(entry, notice.errorCode);
    const isFenced = notice.errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER;
    this.#reopenLater(entry, isFenced ? backOffOfFenced(entry) : 0);
  }

  /** The partition of a line, if it is open. */
  at(slot: number): PartitionSlot | undefined {
    return this.#slots[slot];
  }

  *all(): Iterable<PartitionRef> {
    for (const entry of this.#slots) if (entry) yield entry;
  }

  /** What is offline may open now: it is tried without waiting any longer. */
  reopenAll(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const entry of this.#slots) {
      if (!entry || entry.retired || entry.online || !entry.waitsForOpening) continue;
      entry.failures = 0;
      void this.#reopen(entry);
    }
  }

  /** No partition is opened again after this. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.notices.flush();
    for (const entry of this.#slots) if (entry) entry.retired = true;
  }

  /** In order: what is under way is answered before the partition is away. */
  async #openAnew(entry: PartitionSlot): Promise<void> {
    this.#goOffline(entry, ErrorCode.NOT_LEADER_OR_FOLLOWER);
    try {
      await this.#ask(entry, { kind: 'close', slot: entry.slot, remove: false });
    } catch (error) {
      this.#log.warn({ ...nameOf(entry), err: error }, 'cannot close a partition in order');
    }
    if (!entry.retired && !entry.online) await this.#reopen(entry);
  }

  async #reopen(entry: PartitionSlot): Promise<void> {
    // `reopenAll` comes with the turn.
    entry.waitsForOpening = !this.#isOurTurn();
    if (entry.waitsForOpening) return;
    this.#pool.table.settle(entry.slot);
    const { recoveryPoint, logStartOffset } = this.state(entry);
    const spec = { create: false, recoveryPoint, logStartOffset, cleanShutdown: false };
    const opening = entry.nextOpening(spec);
    const started = performance.now();
    try {
      await this.#askToOpen(entry, opening);
    } catch (error) {
      if (entry.retired) return;
      entry.offlineErrorCode = errorCodeOf(error);
      const fields = { ...nameOf(entry), err: error };
      const message = 'the partition could not be opened again';
      if (mayPass(error)) {
        this.notices.tell('error', fields, `${message}; it is tried again`);
        this.#reopenLater(entry);
      } else {
        // Each has a damage of its own.
        this.#log.error(fields, `${message}; see \`kopje check --repair\``);
      }
      return;
    }
    entry.failures = 0;
    const tookMs = Math.round(performance.now() - started);
    this.notices.tell('info', { ...nameOf(entry), tookMs }, 'the partition is back in service');
    this.#goOnline(entry);
    if (entry.config !== opening.config) {
      // Changed meanwhile. A thread that dies before it is told gets them with the next opening.
      await this.configure(entry, entry.config).catch(() => {});
    }
  }

  #reopenLater(entry: PartitionSlot, leastMs = 0): void {
    const backOffMs = Math.min(maxReopenMs, firstReopenMs * 2 ** entry.failures++);
    const waitMs = Math.max(leastMs, backOffMs);
    const generation = entry.generation;
    entry.waitsForOpening = true;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!entry.retired && !entry.online && entry.generation === generation) {
        void this.#reopen(entry);
      }
    }, waitMs);
    this.#timers.add(timer);
  }

  #goOnline(entry: PartitionSlot): void {
    if (entry.retired) return;
    entry.online = true;
    for (const listener of this.#listeners) listener.online(entry);
  }

  #goOffline(entry: PartitionSlot, errorCode: number): void {
    entry.online = false;
    entry.offlineErrorCode = errorCode;
    for (const listener of this.#listeners) listener.offline(entry);
  }

  #free(entry: PartitionSlot): void {
    entry.retired = true;
    this.#slots[entry.slot] = undefined;
    this.#freeSlots.push(entry.slot);
    this.#perWorker[entry.worker] = (this.#perWorker[entry.worker] as number) - 1;
  }

  #channelOf(ref: PartitionRef): Channel {
    return this.#pool.thread(ref.worker).channel;
  }

  #askToOpen(entry: PartitionSlot, opening: OpenPartition): Promise<unknown> {
    if (this.#isOurTurn()) return this.#ask(entry, { kind: 'open', ...opening });
    // The node whose turn it is would lose it.
    const message = 'it is not the turn of this node to open partitions';
    return Promise.reject(new WorkerFailure(ErrorCode.NOT_LEADER_OR_FOLLOWER, message));
  }

  #ask<T>(ref: PartitionRef, request: ControlRequest): Promise<T> {
    return this.#pool.thread(ref.worker).ask(request) as Promise<T>;
  }
}

/**
 * Another owner has it. The first time it may have been a node on its way out; two that take it from each other again
 * and again would serve nobody.
 */
function backOffOfFenced(entry: PartitionSlot): number {
  const nowMs = performance.now();
  const isAgain = nowMs - entry.fencedMs < fencedMemoryMs;
  entry.fencedMs = nowMs;
  return isAgain ? maxReopenMs : firstFencedReopenMs;
}

function isOfDeadThread(error: unknown): boolean {
  return error instanceof WorkerFailure && error.errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER;
}

/** False for damage: no later opening finds it mended, however often it reads it all. */
function mayPass(error: unknown): boolean {
  return error instanceof WorkerFailure && error.errorCode !== ErrorCode.CORRUPT_MESSAGE;
}

/** What clients are told meanwhile, as Kafka tells them: of a log that is not there, its storage error. */
function errorCodeOf(error: unknown): number {
  return isOfDeadThread(error) ? ErrorCode.NOT_LEADER_OR_FOLLOWER : ErrorCode.KAFKA_STORAGE_ERROR;
}

/** For the log. */
function nameOf({ topic, partition }: PartitionRef) {
  return { topic, partition };
}
