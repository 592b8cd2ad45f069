import { ProtocolError } from './protocol-error.js';
import { Reader } from './reader.js';
import { BATCH_HEADER_BYTES, batchSizeBytes, recordCount } from './record-batch.js';

/** A record's header (KIP-82); the value borrows the batch's memory. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/**
 * Walks the records of a batch without an object for each: `next` moves to the next record and
 * sets the fields. Starts and ends are offsets into `view`; those of a null key or value are -1.
 * `next` throws ProtocolError for bytes that are not records.
 */
export class RecordCursor {
  view: Uint8Array = new Uint8Array(0);
  offsetDelta = 0;
  /** Ms. */
  timestampDelta = 0;
  keyStart = -1;
  keyEnd = -1;
  valueStart = -1;
  valueEnd = -1;
  /** Where the first header begins; there are `headerCount` of them. */
  headersStart = 0;
  headerCount = 0;
  /** Where the record begins, its length included, and ends. */
  recordStart = 0;
  recordEnd = 0;
  /** Where its key begins, the key's length included: what follows does not depend on the batch. */
  contentStart = 0;

  private reader = new Reader(this.view);
  /** Records not yet passed. */
  private left = 0;
  /** Start of what `sized` passed over last. */
  private sizedStart = 0;

  /** Stands before the first record of the uncompressed batch that starts at `batchStart`. */
  openBatch(view: Uint8Array, batchStart: number): this {
    if (batchStart + BATCH_HEADER_BYTES > view.length) throw new ProtocolError('batch cut short');
    const start = batchStart + BATCH_HEADER_BYTES;
    const end = batchStart + batchSizeBytes(view, batchStart);
    if (end > view.length || end < start) {
      throw new ProtocolError('the length of the batch is not that of its bytes');
    }
    return this.open(view, start, end, recordCount(view, batchStart));
  }

  /** Stands before the first of `count` records that fill `view[start, end)`. */
  open(view: Uint8Array, start: number, end: number, count: number): this {
    if (count < 0) throw new ProtocolError(`batch of ${count} records`);
    this.view = view;
    this.reader = new Reader(view, start, end);
    this.left = count;
    return this;
  }

  /** Moves to the next record; false after the last. */
  next(): boolean {
    const { reader } = this;
    if (this.left === 0) {
      if (reader.remaining > 0) throw new ProtocolError('bytes behind the last record');
      return false;
    }
    this.left--;
    this.recordStart = reader.offset;
    const length = reader.varint();
    if (length < 0 || length > reader.remaining) throw new ProtocolError('record cut short');
    const end = reader.offset + length;
    this.recordEnd = end;
    reader.skip(1); // attributes, of which no bit has a meaning
    this.timestampDelta = reader.varlong();
    this.offsetDelta = reader.varint();
    this.contentStart = reader.offset;
    this.keyEnd = this.sized();
    this.keyStart = this.keyEnd < 0 ? -1 : this.sizedStart;
    this.valueEnd = this.sized();
    this.valueStart = this.valueEnd < 0 ? -1 : this.sizedStart;
    this.passHeaders();
    if (reader.offset !== end)
      throw new ProtocolError('the length of a record is not its content’s');
    return true;
  }

  /** The current record's headers, as objects: not for paths where every record counts. */
  headers(): RecordHeader[] {
    const resumeAt = this.reader.offset;
    this.reader.offset = this.headersStart;
    const headers: RecordHeader[] = [];
    for (let i = 0; i < this.headerCount; i++) {
      const keyEnd = this.sized();
      const key = Buffer.from(this.view.subarray(this.sizedStart, keyEnd)).toString('utf8');
      const valueEnd = this.sized();
      const value = valueEnd < 0 ? null : this.view.subarray(this.sizedStart, valueEnd);
      headers.push({ key, value });
    }
    this.reader.offset = resumeAt;
    return headers;
  }

  private passHeaders(): void {
    const count = this.reader.varint();
    if (count < 0) throw new ProtocolError(`record with ${count} headers`);
    this.headerCount = count;
    this.headersStart = this.reader.offset;
    // A header takes at least two bytes, so a count that lies ends where the bytes do.
    for (let i = 0; i < count; i++) {
      if (this.sized() < 0) throw new ProtocolError('record header without a key');
      this.sized();
    }
  }

  /** Passes over bytes that follow their length; returns where they end, -1 for null. */
  private sized(): number {
    const { reader } = this;
    const length = reader.varint();
    if (length < 0) {
      if (length !== -1) throw new ProtocolError(`length ${length} in a record`);
      return -1;
    }
    this.sizedStart = reader.offset;
    reader.skip(length);
    return reader.offset;
  }
}
