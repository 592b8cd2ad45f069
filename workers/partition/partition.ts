import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import type { Codecs } from '../../native/codecs.js';
import type { CompactionPlan, CompactionResult } from '../log/compaction.js';
import type {
  AbortedTransaction,
  EntryPlace,
  FilePlace,
  Log,
  LogConfig,
  ReadResult,
  ReplyMemory,
} from '../log/log.js';
import { clearResult, LogFault } from '../log/log.js';
import { newLineState } from '../ring/table.js';
import { Appender } from './appender.js';
import { GroupCommit } from './group-commit.js';
import { endOffsetForEpoch, type ListedOffset, listOffset } from './offsets.js';
import type { ProducerRow, ProducerState } from './producer-state.js';
import type { AppendRequest } from './request.js';
import {
  codeOfFault,
  type PartitionName,
  type PartitionPorts,
  type PartitionSettings,
} from './settings.js';

export type { ListedOffset } from './offsets.js';
export type { PartitionName, PartitionPorts, PartitionSettings } from './settings.js';

/** What DescribeLogDirs and the logs tell of a partition. */
export interface PartitionDescription {
  sizeBytes: number;
  logStartOffset: number;
  highWatermark: number;
  logEndOffset: number;
  leaderEpoch: number;
  producers: number;
}

/**
 * A partition on its owner thread, which alone touches it, so that nothing here locks. Appends are queued
 * by `enqueue` and written together by `drain`; reads never pass the high watermark.
 */
export class Partition {
  readonly name: PartitionName;
  readonly #log: Log;
  readonly #ports: PartitionPorts;
  readonly #settings: PartitionSettings;
  readonly #producers: ProducerState;
  readonly #commit: GroupCommit;
  readonly #appender: Appender;
  readonly #line = newLineState();
  #fault: LogFault | null = null;
  #closed = false;
  /** The last append found no space. */
  #full = false;

  /**
   * @param log open and recovered
   * @param producers the state that the opening of `log` rebuilt
   */
  constructor(
    name: PartitionName,
    log: Log,
    producers: ProducerState,
    codecs: Codecs,
    settings: PartitionSettings,
    config: LogConfig,
    ports: PartitionPorts,
  ) {
    this.name = name;
    this.#log = log;
    this.#ports = ports;
    this.#settings = settings;
    this.#producers = producers;
    this.#commit = new GroupCommit(log, settings.durability === 'fsync', ports.now(), {
      stable: () => this.#publish(),
      commit: (request) => this.#answer(request, ErrorCode.NONE),
      fail: (request) => this.#answer(request, this.#faultCode),
      fault: (fault) => this.#goOffline(fault),
    });
    this.#appender = new Appender(log, producers, codecs, settings, config, {
      written: () => this.#written(),
      settle: (request) => this.#settle(request),
      answer: (request, errorCode) => this.#answer(request, errorCode),
      fault: (fault) => this.#storageFault(fault),
      copied: (site, sizeBytes) => ports.copied(site, sizeBytes),
    });
    log.listen({
      progress: () => {
        this.#commit.release();
        this.drain();
      },
      arrived: () => ports.arrived(),
      placed: (baseOffset) => this.#appender.placed(baseOffset),
      ended: (fault) => this.#storageFault(fault),
    });
    this.#publish();
    // What a recovery kept and did not sync has readers only once it is stable.
    this.#commit.advance();
  }

  get highWatermark(): number {
    return this.#settings.durability === 'fsync'
      ? this.#log.stableEndOffset
      : this.#log.logEndOffset;
  }

  /** All transactions below are decided. */
  get lastStableOffset(): number {
    return Math.min(this.highWatermark, this.#log.firstOpenOffset);
  }

  /** A storage fault ended it: what is in its log only a recovery can tell. */
  get isFaulty(): boolean {
    return this.#fault !== null;
  }

  /** Takes a request; it is written by the next `drain`. */
  enqueue(request: AppendRequest): void {
    if (this.#closed) this.#answer(request, ErrorCode.NOT_LEADER_OR_FOLLOWER);
    else if (this.#fault !== null) this.#answer(request, this.#faultCode);
    else if (!this.#log.takesAppends) this.#answer(request, ErrorCode.NOT_ENOUGH_REPLICAS);
    else this.#appender.enqueue(request);
  }

  /** Checks and writes all that is queued in one write, and starts a flush if none runs. */
  drain(): void {
    if (this.#fault !== null || this.#closed) return;
    this.#appender.drain(this.#ports.now());
    this.#commit.advance();
  }

  /**
   * Reads whole batches from the one that holds `offset`, none at or beyond the high watermark. Returns a
   * Kafka error code; `result` may be awaited. With isolation 1 it ends at the last stable offset.
   */
  read(
    offset: number,
    maxBytes: number,
    atLeastOneBatch: boolean,
    isolation: number,
    memory: ReplyMemory,
    result: ReadResult,
  ): number {
    clearResult(result);
    if (this.#closed) return ErrorCode.NOT_LEADER_OR_FOLLOWER;
    if (this.#fault !== null) return this.#faultCode;
    const log = this.#log;
    if (offset < log.logStartOffset || offset > log.logEndOffset)
      return ErrorCode.OFFSET_OUT_OF_RANGE;
    const limit = isolation === 1 ? this.lastStableOffset : this.highWatermark;
    if (offset >= limit) return ErrorCode.NONE;
    try {
      log.read(offset, limit, maxBytes, atLeastOneBatch, memory, result);
    } catch (error) {
      return this.#errorOf(error);
    }
    return ErrorCode.NONE;
  }

  /** Like `read`, but only says where the batches lie; false: `read` has to do it. */
  locate(offset: number, maxBytes: number, atLeastOneBatch: boolean, place: FilePlace): boolean {
    const log = this.#log;
    const limit = this.highWatermark;
    if (this.#closed || this.#fault !== null) return false;
    if (offset < log.logStartOffset || offset >= limit) return false;
    try {
      return log.locate(offset, limit, maxBytes, atLeastOneBatch, place);
    } catch (error) {
      this.#errorOf(error);
      return false;
    }
  }

  /** Whether a reader from `offset` on has to know of aborted transactions. */
  hasAborted(offset: number): boolean {
    return this.#log.abortedIn(offset, Number.POSITIVE_INFINITY).length > 0;
  }

  abortedIn(startOffset: number, endOffset: number): readonly AbortedTransaction[] {
    return this.#log.abortedIn(startOffset, endOffset);
  }

  /** ListOffsets for one timestamp: a time, or -1 to -6. */
  async listOffset(timestamp: number): Promise<ListedOffset> {
    return this.#ask((log) => listOffset(log, this.highWatermark, timestamp));
  }

  /** OffsetForLeaderEpoch. A `currentLeaderEpoch` of -1 is not checked. */
  async endOffsetForEpoch(currentLeaderEpoch: number, leaderEpoch: number): Promise<ListedOffset> {
    return this.#ask((log) =>
      endOffsetForEpoch(log, this.highWatermark, currentLeaderEpoch, leaderEpoch),
    );
  }

  /**
   * DeleteRecords: moves the log start up to `offset` (-1: the high watermark). Resolves once that is
   * durable; an offset below the log start changes nothing.
   */
  async trim(offset: number): Promise<{ errorCode: number; logStartOffset: number }> {
    const log = this.#log;
    const target = offset === -1 ? this.highWatermark : offset;
    const errorCode = this.#refusal(target);
    if (errorCode !== ErrorCode.NONE) return { errorCode, logStartOffset: -1 };
    if (target > log.logStartOffset) {
      try {
        log.trim(target);
      } catch (error) {
        return { errorCode: this.#errorHalfway(error), logStartOffset: -1 };
      }
      this.#publish();
      const fault = await new Promise<LogFault | null>((resolve) => {
        this.#commit.afterFlush(resolve);
      });
      if (fault !== null) return { errorCode: codeOfFault(fault), logStartOffset: -1 };
    }
    return { errorCode: ErrorCode.NONE, logStartOffset: log.logStartOffset };
  }

  configure(config: LogConfig): void {
    this.#log.configure(config);
    this.#appender.configure(config);
  }

  /** Once a second: retention, rolling by time, expiry of producers, syncs in the background. */
  maintain(nowMs: number): void {
    if (this.#fault !== null || this.#closed) return;
    this.#producers.expire(nowMs);
    try {
      this.#log.expire(nowMs, this.highWatermark);
      const plan = this.#log.planCompaction(nowMs, this.highWatermark);
      if (plan !== null) this.#ports.compact(plan);
    } catch (error) {
      this.#errorHalfway(error);
      return;
    }
    this.#commit.tick(nowMs);
    this.#publish();
  }

  /** What became of a plan for a compaction; null: the job failed. */
  compacted(plan: CompactionPlan, result: CompactionResult | null): void {
    if (this.#fault !== null || this.#closed) return;
    try {
      this.#log.applyCompaction(plan, result);
    } catch (error) {
      this.#errorOf(error);
      return;
    }
    this.#publish();
  }

  describe(): PartitionDescription {
    const log = this.#log;
    return {
      sizeBytes: log.sizeBytes,
      logStartOffset: log.logStartOffset,
      highWatermark: this.highWatermark,
      logEndOffset: log.logEndOffset,
      leaderEpoch: log.leaderEpoch,
      producers: this.#producers.size,
    };
  }

  /** Throws LogFault, and rejects with what Pulsar's admin API answers. */
  async placeOf(offset: number): Promise<EntryPlace | null> {
    return this.#log.placeOf(offset);
  }

  producers(): ProducerRow[] {
    return this.#producers.rows();
  }

  /** Writes and flushes what is under way, answers it, and closes the log. `isRemoved`: as `Log.close`. */
  async close(isRemoved = false): Promise<void> {
    if (this.#closed) return;
    this.drain();
    this.#closed = true;
    // What the log could not take yet: nothing of it is written.
    this.#appender.refuseQueued(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    while (!this.#commit.isIdle && this.#fault === null) {
      await new Promise<void>((resolve) => {
        this.#commit.afterFlush(() => resolve());
      });
    }
    await this.#log.close(isRemoved);
  }

  /** A request is in the log, or is a duplicate of a batch that is. */
  #settle(request: AppendRequest): void {
    const isAwaited = request.acks === -1 || this.#log.borrowsUntilStable;
    if (isAwaited && request.lastOffset >= this.highWatermark) this.#commit.wait(request);
    else this.#answer(request, ErrorCode.NONE);
  }

  #answer(request: AppendRequest, errorCode: number): void {
    request.errorCode = errorCode;
    if (errorCode !== ErrorCode.NONE) {
      request.baseOffset = -1;
      request.lastOffset = -1;
      request.appendTimeMs = -1;
    }
    request.logStartOffset = this.#log.logStartOffset;
    this.#ports.complete(request);
  }

  #written(): void {
    if (this.#full) this.#report('info', 'there is room again', null);
    this.#full = false;
    this.#publish();
  }

  #report(level: 'info' | 'error', message: string, reason: string | null): void {
    this.#ports.report(level, message, { ...this.name, reason });
  }

  #publish(): void {
    const log = this.#log;
    const line = this.#line;
    const isStable = this.#settings.durability === 'fsync';
    line.logStartOffset = log.logStartOffset;
    line.highWatermark = isStable ? log.stableEndOffset : log.logEndOffset;
    line.lastStableOffset = this.lastStableOffset;
    line.highWatermarkBytes = isStable ? log.stableSizeBytes : log.sizeBytes;
    line.logEndOffset = log.logEndOffset;
    line.leaderEpoch = log.leaderEpoch;
    line.recoveryPoint = log.recoveryPoint;
    this.#ports.publish(line);
  }

  #refusal(target: number): number {
    if (this.#closed) return ErrorCode.NOT_LEADER_OR_FOLLOWER;
    if (this.#fault !== null) return this.#faultCode;
    if (target < 0 || target > this.highWatermark) return ErrorCode.OFFSET_OUT_OF_RANGE;
    return ErrorCode.NONE;
  }

  async #ask(question: (log: Log) => ListedOffset | Promise<ListedOffset>): Promise<ListedOffset> {
    let errorCode: number = ErrorCode.NOT_LEADER_OR_FOLLOWER;
    if (this.#fault !== null) errorCode = this.#faultCode;
    else if (!this.#closed) {
      try {
        return await question(this.#log);
      } catch (error) {
        errorCode = this.#errorOf(error);
      }
    }
    return { errorCode, offset: -1, timestamp: -1, leaderEpoch: -1 };
  }

  /** The Kafka error code of a LogFault; one of the storage takes the partition offline. */
  #errorOf(error: unknown): number {
    if (!(error instanceof LogFault)) throw error;
    if (error.code === 'offset-out-of-range') return ErrorCode.OFFSET_OUT_OF_RANGE;
    if (error.code === 'corrupt') return ErrorCode.CORRUPT_MESSAGE;
    if (error.code === 'closed') return ErrorCode.NOT_LEADER_OR_FOLLOWER;
    this.#storageFault(error);
    return codeOfFault(error);
  }

  get #faultCode(): number {
    return this.#fault === null ? ErrorCode.NONE : codeOfFault(this.#fault);
  }

  /** The same of what may have moved the log start before it failed: nobody is sent below it any more. */
  #errorHalfway(error: unknown): number {
    const errorCode = this.#errorOf(error);
    if (this.#fault === null) this.#publish();
    return errorCode;
  }

  /** A full disk leaves the partition readable; anything else ends it until it is reopened. */
  #storageFault(fault: LogFault): void {
    if (fault.code === 'full') {
      if (!this.#full)
        this.#report(
          'error',
          'no space or file descriptors left: what needs them is refused',
          fault.message,
        );
      this.#full = true;
      return;
    }
    this.#goOffline(fault);
    this.#commit.stop(fault);
  }

  #goOffline(fault: LogFault): void {
    if (this.#fault !== null) return;
    this.#fault = fault;
    this.#appender.refuseQueued(this.#faultCode);
    this.#ports.arrived();
    this.#ports.offline(fault);
  }
}
