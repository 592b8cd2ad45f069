/** The records of a batch v2 without their compression, walked with what the batch says of them. */
import { ProtocolError } from '../../engine/protocol/kafka/protocol-error.js';
import {
  BATCH_HEADER_BYTES,
  baseSequence,
  baseTimestamp,
  compression,
  isLogAppendTime,
  lastOffsetDelta,
  maxTimestamp,
  recordCount,
} from '../../engine/protocol/kafka/record-batch.js';
import { RecordCursor } from '../../engine/protocol/kafka/record-cursor.js';
import { CodecError, type Codecs, Compression } from '../../native/codecs.js';
import { corrupt, EntryFault } from './entry-fault.js';

const nothing: Uint8Array = new Uint8Array();

export class PlainRecords {
  readonly cursor = new RecordCursor();
  /** Of the current record, ms; negative for none. */
  timestamp = -1;
  /** Of the current record; 0 without a producer, as in KoP. */
  sequence = 0;
  private count = 0;
  private readonly codecs: Codecs;
  private readonly maxInflatedBytes: number;
  /** The batch whose records are at hand; null for none. */
  private batch: Uint8Array | null = null;
  private view: Uint8Array = nothing;
  private start = 0;
  private end = 0;
  private passed = 0;
  private baseTimestamp = 0;
  /** The time of every record, -1 if each has its own. */
  private appendTime = -1;
  private baseSequence = -1;

  constructor(codecs: Codecs, maxInflatedBytes: number) {
    this.codecs = codecs;
    this.maxInflatedBytes = maxInflatedBytes;
  }

  /**
   * Stands before the first record of `batch`, which was validated. A batch that is opened twice before `release` is
   * inflated once. Throws EntryFault.
   */
  open(batch: Uint8Array): this {
    if (batch !== this.batch) this.load(batch);
    this.passed = 0;
    this.cursor.open(this.view, this.start, this.end, this.count);
    return this;
  }

  /** Lets go of the batch and its records. */
  release(): void {
    this.batch = null;
    this.view = nothing;
    this.cursor.open(nothing, 0, 0, 0);
  }

  private load(batch: Uint8Array): void {
    this.batch = null;
    this.count = recordCount(batch, 0);
    if (this.count < 1 || lastOffsetDelta(batch, 0) !== this.count - 1) {
      throw new EntryFault('unsupported', 'a batch with holes cannot become messages');
    }
    this.baseTimestamp = baseTimestamp(batch, 0);
    this.appendTime = isLogAppendTime(batch, 0) ? maxTimestamp(batch, 0) : -1;
    this.baseSequence = baseSequence(batch, 0);
    this.sequence = 0;
    const packed = compression(batch, 0);
    this.view = batch;
    this.start = BATCH_HEADER_BYTES;
    if (packed !== Compression.none) {
      this.view = this.inflate(packed, batch);
      this.start = 0;
    }
    this.end = this.view.length;
    this.batch = batch;
  }

  private inflate(packed: number, batch: Uint8Array): Uint8Array {
    try {
      const { codecs, maxInflatedBytes } = this;
      return codecs.inflate(packed, batch, BATCH_HEADER_BYTES, batch.length, maxInflatedBytes);
    } catch (cause) {
      if (!(cause instanceof CodecError)) throw cause;
      throw new EntryFault(cause.code, `a record batch: ${cause.message}`, { cause });
    }
  }

  /** Moves to the next record; false after the last. Throws EntryFault. */
  next(): boolean {
    try {
      if (!this.cursor.next()) return false;
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause;
      throw new EntryFault('corrupt', `a record batch: ${cause.message}`, { cause });
    }
    const { offsetDelta } = this.cursor;
    if (offsetDelta !== this.passed++) throw corrupt('records that are not in order');
    const time = this.baseTimestamp + this.cursor.timestampDelta;
    this.timestamp =
      this.appendTime === -1 ? Math.min(time, Number.MAX_SAFE_INTEGER) : this.appendTime;
    if (this.baseSequence >= 0) this.sequence = (this.baseSequence + offsetDelta) % 0x8000_0000;
    return true;
  }

  /** Size of the plain records. */
  get sizeBytes(): number {
    return this.end - this.start;
  }
}
