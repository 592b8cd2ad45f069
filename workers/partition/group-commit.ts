import type { Log, LogFault } from '../log/log.js';
import type { AppendRequest } from './request.js';

/** Unsynced bytes after which a partition with `durability=os` is synced, so that recovery stays short. */
const maxUnsyncedBytes = 16 * 2 ** 20;
/** And the time after which it is. */
const maxUnsyncedMs = 10_000;

export interface CommitPorts {
  /** The stable end moved: publish it. Called before the requests that it covers are given back. */
  stable(): void;
  /** A request that waited for stability has it. */
  commit(request: AppendRequest): void;
  /** A flush failed, and will never be retried; every request that waits comes back through `fail`. */
  fault(fault: LogFault): void;
  fail(request: AppendRequest): void;
}

/**
 * Group commit: one flush at a time, and whatever arrives during one waits together for the next.
 */
export class GroupCommit {
  readonly #log: Log;
  readonly #ports: CommitPorts;
  readonly #everyAppend: boolean;
  /** Requests that wait for stability, in the order in which they came. */
  readonly #waiting: AppendRequest[] = [];
  // Who else waits for the running flush, and for the next one.
  #flushingOthers: ((fault: LogFault | null) => void)[] = [];
  #waitingOthers: ((fault: LogFault | null) => void)[] = [];
  #isFlushing = false;
  /** Set once; no flush is started after it. */
  #fault: LogFault | null = null;
  #flushEndOffset = 0;
  #lastFlushMs: number;
  readonly #done = (fault: LogFault | null) => this.#finish(fault);

  /** @param everyAppend flush after every append (`durability=fsync`), not only now and then */
  constructor(log: Log, everyAppend: boolean, nowMs: number, ports: CommitPorts) {
    this.#log = log;
    this.#everyAppend = everyAppend;
    this.#lastFlushMs = nowMs;
    this.#ports = ports;
  }

  /** Gives the request back once its last offset is stable. Call `advance` when all are here. */
  wait(request: AppendRequest): void {
    this.#waiting.push(request);
  }

  /** The stable end moved: gives back what it covers. */
  release(): void {
    if (this.#fault !== null) return;
    this.#ports.stable();
    const waiting = this.#waiting;
    const { stableEndOffset } = this.#log;
    let covered = 0;
    for (const request of waiting) {
      // A repeated batch may stand behind later ones: it goes with them.
      if (request.lastOffset >= stableEndOffset) break;
      this.#ports.commit(request);
      covered++;
    }
    if (covered === waiting.length) waiting.length = 0;
    else if (covered > 0) waiting.splice(0, covered);
  }

  /** Starts a flush if anything needs one and none runs. */
  advance(): void {
    if (this.#isFlushing || this.#fault !== null) return;
    const isAwaited = this.#waiting.length > 0 || this.#waitingOthers.length > 0;
    if (isAwaited || this.#isBehind()) this.#start();
  }

  /** Once a second, for `durability=os`: bounds what a recovery has to scan. */
  tick(nowMs: number): void {
    const waitedMs = nowMs - this.#lastFlushMs;
    // Negative once the clock was set back: nobody knows how long it really was.
    if (waitedMs >= 0 && waitedMs < maxUnsyncedMs) return;
    this.#lastFlushMs = nowMs;
    if (this.#isFlushing || this.#fault !== null) return;
    if (this.#log.logEndOffset > this.#log.stableEndOffset) this.#start();
  }

  /** Calls back after a flush that began later than this call. */
  afterFlush(callback: (fault: LogFault | null) => void): void {
    if (this.#fault !== null) {
      callback(this.#fault);
      return;
    }
    this.#waitingOthers.push(callback);
    this.advance();
  }

  /** Nothing waits and no flush runs. */
  get isIdle(): boolean {
    return !this.#isFlushing && this.#waiting.length === 0 && this.#waitingOthers.length === 0;
  }

  /** No flush may be started any more: whoever waits for one is told. A running one still ends. */
  stop(fault: LogFault): void {
    if (this.#fault !== null) return;
    this.#fault = fault;
    this.#failAll(fault);
  }

  #isBehind(): boolean {
    const log = this.#log;
    if (this.#everyAppend) return log.logEndOffset > log.stableEndOffset;
    return log.sizeBytes - log.stableSizeBytes >= maxUnsyncedBytes;
  }

  #start(): void {
    this.#isFlushing = true;
    const others = this.#flushingOthers;
    this.#flushingOthers = this.#waitingOthers;
    this.#waitingOthers = others;
    this.#flushEndOffset = this.#log.logEndOffset;
    this.#log.flush(this.#done);
  }

  #finish(fault: LogFault | null): void {
    this.#isFlushing = false;
    if (this.#fault !== null) return;
    if (fault !== null) {
      this.#fault = fault;
      this.#ports.fault(fault);
      this.#failAll(fault);
      return;
    }
    if (this.#log.stableEndOffset < this.#flushEndOffset) {
      throw new Error('a flush ended below the offset at which it began');
    }
    this.release();
    const others = this.#flushingOthers;
    for (const other of others) other(null);
    others.length = 0;
    this.advance();
  }

  #failAll(fault: LogFault): void {
    for (const request of this.#waiting) this.#ports.fail(request);
    for (const other of this.#flushingOthers) other(fault);
    for (const other of this.#waitingOthers) other(fault);
    this.#waiting.length = 0;
    this.#flushingOthers.length = 0;
    this.#waitingOthers.length = 0;
  }
}
