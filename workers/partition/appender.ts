import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import {
  setBaseOffset,
  setPartitionLeaderEpoch,
} from '../../engine/protocol/kafka/record-batch.js';
import type { Codecs } from '../../native/codecs.js';
import type { CopySite } from '../batch/rebuild.js';
import { Validator } from '../batch/validator.js';
import { Verdict } from '../batch/verdict.js';
import { type Log, type LogConfig, LogFault } from '../log/log.js';
import { LateOffsets } from './late-offsets.js';
import type { ProducerState } from './producer-state.js';
import type { AppendRequest } from './request.js';
import { Run } from './run.js';
import type { PartitionSettings } from './settings.js';

/** Requests that may be queued: more than all the rings let through. */
const maxQueued = 2 ** 16;

export interface AppenderPorts {
  /** A run is in the log: publish its end. Called before `settle` of what is in it. */
  written(): void;
  /** A request is in the log, or repeats a batch that is. */
  settle(request: AppendRequest): void;
  /** A request was refused. */
  answer(request: AppendRequest, errorCode: number): void;
  fault(fault: LogFault): void;
  copied(site: CopySite, sizeBytes: number): void;
}

/**
 * Turns queued record sets into runs: each is checked, gets its offsets, and all go to the log in one
 * vectored write. Only when that has succeeded do offsets and producer state count.
 */
export class Appender {
  readonly #log: Log;
  readonly #producers: ProducerState;
  readonly #validator: Validator;
  readonly #ports: AppenderPorts;
  readonly #verdict = new Verdict();
  readonly #run = new Run();
  #queue: AppendRequest[] = [];
  /** The queue that a drain is working through, or an empty array to swap in. */
  #drained: AppendRequest[] = [];
  /** The requests of the run, and the duplicates of its batches. */
  readonly #inRun: AppendRequest[] = [];
  #nextOffset = 0;
  /** Null where the log's offsets are known beforehand. */
  readonly #late: LateOffsets | null;

  constructor(
    log: Log,
    producers: ProducerState,
    codecs: Codecs,
    settings: PartitionSettings,
    config: LogConfig,
    ports: AppenderPorts,
  ) {
    this.#log = log;
    this.#producers = producers;
    this.#ports = ports;
    this.#late = log.assignsOffsets ? null : new LateOffsets();
    this.#validator = new Validator(codecs, settings, config, ports.copied);
  }

  configure(config: LogConfig): void {
    this.#validator.configure(config);
  }

  enqueue(request: AppendRequest): void {
    if (this.#queue.length === maxQueued) throw new Error('more appends than the rings hold');
    this.#queue.push(request);
  }

  /** Answers what was queued and not yet taken. */
  refuseQueued(errorCode: number): void {
    const queue = this.#queue;
    for (const request of queue) this.#ports.answer(request, errorCode);
    queue.length = 0;
  }

  drain(nowMs: number): void {
    if (this.#queue.length === 0 || !this.#log.isWritable) return;
    const requests = this.#queue;
    this.#queue = this.#drained;
    this.#drained = requests;
    this.#nextOffset = this.#writtenEndOffset;
    let isOffline = false;
    for (const request of requests) {
      if (isOffline) this.#ports.answer(request, ErrorCode.KAFKA_STORAGE_ERROR);
      else isOffline = !this.#take(request, nowMs);
    }
    requests.length = 0;
    this.#write();
  }

  /** The log told where the oldest batch is that it had not placed yet. */
  placed(baseOffset: number): void {
    this.#late?.placed(baseOffset, this.#producers);
  }

  /** Behind the last batch that the log has taken. */
  get #writtenEndOffset(): number {
    return this.#late === null ? this.#log.logEndOffset : this.#late.writtenEndOffset;
  }

  /** Checks a request and puts it into the run. Returns false if the storage failed on the way. */
  #take(request: AppendRequest, nowMs: number): boolean {
    const verdict = this.#verdict;
    const { view, start, end } = request;
    if (!this.#validator.validate(view, start, end, request.internal, nowMs, verdict)) {
      request.detail = verdict.detail;
      request.fault = verdict.fault;
      this.#ports.answer(request, verdict.errorCode);
      return true;
    }
    const isIdempotent = verdict.producerId >= 0 && !request.internal;
    if (this.#run.isFull || (isIdempotent && this.#producers.isRunFull(verdict.producerId))) {
      if (!this.#write()) {
        this.#ports.answer(request, ErrorCode.KAFKA_STORAGE_ERROR);
        return false;
      }
    }
    if (isIdempotent && !this.#checkSequence(request)) return true;
    const batch = verdict.view.subarray(verdict.start, verdict.end);
    if (this.#log.accepts(batch)) this.#place(request, batch, isIdempotent, nowMs);
    else this.#ports.answer(request, ErrorCode.MESSAGE_TOO_LARGE);
    return true;
  }

  /** Returns false if the request is answered, or waits for the batch that it repeats. */
  #checkSequence(request: AppendRequest): boolean {
    const verdict = this.#verdict;
    const producers = this.#producers;
    const errorCode = producers.check(
      verdict.producerId,
      verdict.producerEpoch,
      verdict.baseSequence,
      verdict.recordCount,
    );
    if (errorCode === ErrorCode.NONE) return true;
    if (errorCode !== ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
      this.#ports.answer(request, errorCode);
      return false;
    }
    request.baseOffset = producers.duplicateBaseOffset;
    request.lastOffset = producers.duplicateLastOffset;
    request.appendTimeMs = producers.duplicateTimestamp;
    this.#late?.repeat(request);
    if (request.lastOffset < this.#writtenEndOffset) this.#ports.settle(request);
    else this.#inRun.push(request);
    return false;
  }

  #place(request: AppendRequest, batch: Uint8Array, isIdempotent: boolean, nowMs: number): void {
    const verdict = this.#verdict;
    const baseOffset = this.#nextOffset;
    const lastOffset = baseOffset + verdict.lastOffsetDelta;
    this.#nextOffset = lastOffset + 1;
    // Both fields are outside the CRC.
    setBaseOffset(batch, 0, this.#late === null ? baseOffset : 0);
    setPartitionLeaderEpoch(batch, 0, this.#log.leaderEpoch);
    this.#run.push(batch, baseOffset, lastOffset, verdict.maxTimestamp);
    if (isIdempotent) {
      this.#producers.append(
        verdict.producerId,
        verdict.producerEpoch,
        verdict.baseSequence,
        baseOffset,
        lastOffset,
        verdict.maxTimestamp,
        nowMs,
      );
    }
    request.baseOffset = baseOffset;
    request.lastOffset = lastOffset;
    request.appendTimeMs = verdict.appendTimeMs;
    this.#late?.add(request, isIdempotent ? verdict.producerId : -1);
    this.#inRun.push(request);
  }

  /** Writes the run. Returns false if the partition cannot go on. */
  #write(): boolean {
    const run = this.#run;
    if (run.isEmpty) return true;
    const requests = this.#inRun;
    let fault: LogFault | null = null;
    try {
      this.#log.append(run);
    } catch (error) {
      if (!(error instanceof LogFault)) throw error;
      fault = error;
    }
    run.clear();
    if (fault === null) {
      this.#late?.written(this.#nextOffset);
      if (this.#writtenEndOffset !== this.#nextOffset) {
        throw new Error('the log ends elsewhere than the run did');
      }
      this.#producers.keepRun();
      this.#ports.written();
      for (const request of requests) this.#ports.settle(request);
    } else {
      this.#producers.undoRun();
      this.#late?.undoRun();
      this.#nextOffset = this.#writtenEndOffset;
      for (const request of requests) this.#ports.answer(request, ErrorCode.KAFKA_STORAGE_ERROR);
      this.#ports.fault(fault);
    }
    requests.length = 0;
    return fault === null || fault.code === 'full';
  }
}
