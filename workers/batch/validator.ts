import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import {
  attributes,
  BATCH_ATTRIBUTE,
  baseSequence,
  batchSizeBytes,
  compression,
  isLogAppendTime,
  isTransactional,
  lastOffsetDelta,
  maxTimestamp,
  producerEpoch,
  producerId,
  recordCount,
} from '../../engine/protocol/kafka/record-batch.js';
import {
  BatchCheck,
  BatchCheckFlags,
  BatchFault,
  batchCheckSlots,
  CodecError,
  type Codecs,
  Compression,
} from '../../native/codecs.js';
import type { LogConfig } from '../log/log.js';
import { checkEnvelope } from './envelope.js';
import { setTimestampFields } from './header.js';
import { type CountCopy, rebuildBatch } from './rebuild.js';
import { keyErrors, timestampErrors } from './record-errors.js';
import type { Verdict } from './verdict.js';

export interface ValidatorSettings {
  readonly validateRecords: 'full' | 'headers';
  readonly maxInflatedBytes: number;
}

/** An int64 of this size or more may have been clamped. */
const exactLimit = Number.MAX_SAFE_INTEGER;

/**
 * Checks record sets from clients as Kafka's `ProduceRequest.validateRecords`,
 * `UnifiedLog.analyzeAndValidateRecords` and `LogValidator` do, in their order and with their error codes,
 * and makes of each what will stand in the log, save its place there.
 */
export class Validator {
  readonly #codecs: Codecs;
  readonly #settings: ValidatorSettings;
  readonly #countCopy: CountCopy;
  readonly #facts = new Float64Array(batchCheckSlots);
  #config: LogConfig;
  #flags = 0;
  /** -1: whatever the producer used. */
  #compression = -1;
  #level: number | null = null;

  constructor(
    codecs: Codecs,
    settings: ValidatorSettings,
    config: LogConfig,
    countCopy: CountCopy,
  ) {
    this.#codecs = codecs;
    this.#settings = settings;
    this.#countCopy = countCopy;
    this.#config = config;
    this.configure(config);
  }

  configure(config: LogConfig): void {
    this.#config = config;
    // Only the records themselves say whether they have keys, which compaction cannot do without.
    if (config.cleanupCompact) this.#flags = BatchCheckFlags.requireKeys;
    else
      this.#flags = this.#settings.validateRecords === 'headers' ? BatchCheckFlags.headersOnly : 0;
    const type = config.compressionType;
    if (type === 'producer') this.#compression = -1;
    else this.#compression = type === 'uncompressed' ? Compression.none : Compression[type];
    // Kafka's name for gzip's own default; to Zstandard -1 is a level.
    const isDefault = type === 'gzip' && config.compressionLevel === -1;
    this.#level = isDefault ? null : config.compressionLevel;
  }

  /**
   * Checks `view[start, rangeEnd)` and patches its timestamps in place where the topic demands it.
   * Returns true if the record set may be appended; `verdict` says what it is, or why not.
   */
  validate(
    view: Uint8Array,
    start: number,
    rangeEnd: number,
    internal: boolean,
    nowMs: number,
    verdict: Verdict,
  ): boolean {
    verdict.detail = null;
    verdict.errorCode = checkEnvelope(view, start, rangeEnd, verdict);
    if (verdict.errorCode !== ErrorCode.NONE) return false;
    const end = start + batchSizeBytes(view, start);
    if (end - start > this.#config.maxMessageBytes) {
      verdict.errorCode = ErrorCode.MESSAGE_TOO_LARGE;
      return false;
    }
    const flags = internal ? this.#flags | BatchCheckFlags.stored : this.#flags;
    const fault = this.#codecs.checkBatch(
      view,
      start,
      end,
      flags,
      this.#settings.maxInflatedBytes,
      this.#facts,
    );
    const renumber = fault === BatchFault.badOffsetDelta && !internal;
    if (fault !== BatchFault.none && !renumber) {
      verdict.errorCode = errorOf(fault);
      verdict.fault = fault;
      if (fault === BatchFault.keyMissing) {
        verdict.detail = keyErrors(this.#codecs, view, start, end, this.#settings.maxInflatedBytes);
      }
      return false;
    }
    // Transactions come with a later version of Kopje; until then no transaction is ever ongoing.
    if (isTransactional(view, start) && !internal) {
      verdict.errorCode = ErrorCode.INVALID_TXN_STATE;
      return false;
    }
    if (!this.#checkTimestamps(view, start, end, nowMs, verdict)) return false;
    this.#fill(view, start, end, verdict);
    // We hand out no such id, and two of them could look the same here.
    if (verdict.producerId >= exactLimit) {
      verdict.errorCode = ErrorCode.INVALID_RECORD;
      return false;
    }
    if (!this.#rebuild(verdict, renumber)) return false;
    this.#stampTime(verdict, nowMs);
    return true;
  }

  #checkTimestamps(
    view: Uint8Array,
    start: number,
    end: number,
    nowMs: number,
    verdict: Verdict,
  ): boolean {
    const config = this.#config;
    const facts = this.#facts;
    const appendTime = isLogAppendTime(view, start);
    let bad: boolean;
    if (config.timestampType === 'LogAppendTime') bad = appendTime;
    else {
      const least = facts[BatchCheck.minTimestamp] as number;
      const greatest = facts[BatchCheck.maxTimestamp] as number;
      bad =
        (least !== -1 && nowMs - least > config.timestampBeforeMaxMs) ||
        (greatest !== -1 && greatest - nowMs > config.timestampAfterMaxMs);
    }
    if (!bad) return true;
    verdict.errorCode = ErrorCode.INVALID_TIMESTAMP;
    verdict.detail = timestampErrors(this.#codecs, view, start, end, nowMs, {
      maxInflatedBytes: this.#settings.maxInflatedBytes,
      config,
    });
    return false;
  }

  #fill(view: Uint8Array, start: number, end: number, verdict: Verdict): void {
    verdict.view = view;
    verdict.start = start;
    verdict.end = end;
    verdict.recordCount = recordCount(view, start);
    verdict.lastOffsetDelta = lastOffsetDelta(view, start);
    verdict.producerId = producerId(view, start);
    verdict.producerEpoch = producerEpoch(view, start);
    verdict.baseSequence = baseSequence(view, start);
  }

  /** Recompresses or renumbers where that is needed, and checks the new size. */
  #rebuild(verdict: Verdict, renumber: boolean): boolean {
    const source = compression(verdict.view, verdict.start);
    const demanded = this.#compression === -1 ? source : this.#compression;
    if (demanded !== source || renumber) {
      const target = {
        compression: demanded,
        level: this.#level,
        renumber,
        maxInflatedBytes: this.#settings.maxInflatedBytes,
      };
      try {
        const { view, start, end } = verdict;
        verdict.view = rebuildBatch(this.#codecs, view, start, end, target, this.#countCopy);
      } catch (error) {
        if (!(error instanceof CodecError)) throw error;
        verdict.errorCode = errorOfCodec(error);
        return false;
      }
      verdict.start = 0;
      verdict.end = verdict.view.length;
    }
    const sizeBytes = verdict.end - verdict.start;
    if (sizeBytes > this.#config.maxMessageBytes) verdict.errorCode = ErrorCode.MESSAGE_TOO_LARGE;
    else if (sizeBytes > this.#config.segmentBytes) {
      verdict.errorCode = ErrorCode.RECORD_LIST_TOO_LARGE;
    }
    return verdict.errorCode === ErrorCode.NONE;
  }

  /** Brings attributes and maxTimestamp of the header in line with the topic and the records. */
  #stampTime(verdict: Verdict, nowMs: number): void {
    const { view, start, end } = verdict;
    const old = attributes(view, start);
    const facts = this.#facts;
    if (this.#config.timestampType === 'LogAppendTime') {
      verdict.appendTimeMs = nowMs;
      verdict.maxTimestamp = nowMs;
      const stamped = old | BATCH_ATTRIBUTE.logAppendTime;
      setTimestampFields(this.#codecs, view, start, end, stamped, nowMs);
      return;
    }
    const greatest = facts[BatchCheck.maxTimestamp] as number;
    verdict.appendTimeMs = -1;
    verdict.maxTimestamp = greatest;
    const stamped = old & ~BATCH_ATTRIBUTE.logAppendTime;
    if (stamped === old && maxTimestamp(view, start) === greatest) return;
    // A clamped timestamp stays as the bytes have it.
    if (greatest >= exactLimit) return;
    setTimestampFields(this.#codecs, view, start, end, stamped, greatest);
  }
}

function errorOf(fault: number): number {
  switch (fault) {
    case BatchFault.truncated:
    case BatchFault.badLength:
    case BatchFault.badCrc:
      return ErrorCode.CORRUPT_MESSAGE;
    case BatchFault.unsupportedCompression:
      return ErrorCode.UNSUPPORTED_COMPRESSION_TYPE;
    case BatchFault.inflatesTooLarge:
      return ErrorCode.MESSAGE_TOO_LARGE;
    default:
      return ErrorCode.INVALID_RECORD;
  }
}

function errorOfCodec(error: CodecError): number {
  if (error.code === 'too-large') return ErrorCode.MESSAGE_TOO_LARGE;
  if (error.code === 'unsupported') return ErrorCode.UNSUPPORTED_COMPRESSION_TYPE;
  return ErrorCode.CORRUPT_MESSAGE;
}
