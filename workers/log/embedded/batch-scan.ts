import {
  BATCH_FIELD,
  BATCH_HEADER_BYTES,
  baseOffset,
  batchCrc,
  batchSizeBytes,
  isControl,
  lastOffsetDelta,
  MAGIC_V2,
  magic,
  maxTimestamp,
  partitionLeaderEpoch,
} from '../../../engine/protocol/kafka/record-batch.js';
import type { Codecs } from '../../../native/codecs.js';
import type { Disk } from './disk.js';

const maxOffsetStep = 2 ** 31;
/** Past this, the gap to the next header is jumped over instead of read. */
const jumpBytes = 16 * 1024;

/**
 * Walks the batches of a range of a segment file, header by header, through a buffer of its own that is used
 * again and again. Fields are those of the current batch. Looks at lengths and magic only; a caller that
 * needs the CRC loads the batch.
 */
export class BatchScan {
  readonly #disk: Disk;
  readonly #bufferBytes: number;
  #fd = -1;
  /** As large as was needed so far, up to `#bufferBytes` or one batch. */
  #buffer = new Uint8Array(0);
  /** File positions of what the buffer holds. */
  #from = 0;
  #to = 0;
  #next = 0;
  #end = 0;
  /** Offset below which no further batch may begin. */
  #expected = 0;

  position = 0;
  sizeBytes = 0;
  baseOffset = 0;
  lastOffset = 0;
  leaderEpoch = 0;
  maxTimestamp = 0;
  /** Why `next` returned false before the end of the range; null: the range is walked. */
  fault: string | null = null;

  constructor(disk: Disk, bufferBytes: number) {
    this.#disk = disk;
    this.#bufferBytes = Math.max(bufferBytes, BATCH_HEADER_BYTES);
  }

  /** Begins at a batch's start; offsets below `fromOffset` count as damage. */
  start(fd: number, position: number, end: number, fromOffset: number): void {
    this.#fd = fd;
    this.#next = position;
    this.#end = end;
    this.#from = 0;
    this.#to = 0;
    this.#expected = fromOffset;
    this.sizeBytes = 0;
    this.position = position;
    this.fault = null;
  }

  /** The buffer; the current batch's header is at `at`, borrowed until the next call. */
  get view(): Uint8Array {
    return this.#buffer;
  }

  get at(): number {
    return this.position - this.#from;
  }

  get isControl(): boolean {
    return isControl(this.#buffer, this.at);
  }

  /** Where the next batch begins, or the damage. */
  get nextPosition(): number {
    return this.#next;
  }

  /** Steps to the next batch; false at the end of the range or at damage. */
  next(): boolean {
    const position = this.#next;
    if (position >= this.#end || this.fault !== null) return false;
    if (this.#end - position < BATCH_HEADER_BYTES) return this.#fail('a header is cut off');
    // Behind a long batch only the next header is wanted, not the bytes around it.
    const wanted = this.sizeBytes > jumpBytes ? BATCH_HEADER_BYTES : this.#bufferBytes;
    if (!this.#hold(position, BATCH_HEADER_BYTES, wanted)) return this.#fail('a header is cut off');
    const view = this.#buffer;
    const at = position - this.#from;
    const sizeBytes = batchSizeBytes(view, at);
    if (sizeBytes < BATCH_HEADER_BYTES) return this.#fail(`a length of ${sizeBytes} bytes`);
    if (magic(view, at) !== MAGIC_V2) return this.#fail(`magic ${magic(view, at)}`);
    if (sizeBytes > this.#end - position) return this.#fail('a batch is cut off');
    const first = baseOffset(view, at);
    const last = first + lastOffsetDelta(view, at);
    // The offset is outside the CRC, but a segment's offsets fit into 32 bits.
    if (first < this.#expected || first - this.#expected > maxOffsetStep || last < first) {
      return this.#fail(`offsets ${first} to ${last}, where ${this.#expected} was next`);
    }
    this.position = position;
    this.sizeBytes = sizeBytes;
    this.baseOffset = first;
    this.lastOffset = last;
    this.leaderEpoch = partitionLeaderEpoch(view, at);
    this.maxTimestamp = maxTimestamp(view, at);
    this.#next = position + sizeBytes;
    this.#expected = last + 1;
    return true;
  }

  /** Makes the buffer hold the current batch whole; `at` may change. False if the file has less. */
  load(): boolean {
    return this.#hold(this.position, this.sizeBytes, Math.max(this.sizeBytes, this.#bufferBytes));
  }

  /**
   * Compares the current batch with its CRC. A batch longer than the buffer is read in parts, because a damaged
   * length may be anything up to the size of the file.
   */
  crcMatches(codecs: Codecs): boolean {
    const { position, sizeBytes } = this;
    const stored = batchCrc(this.#buffer, this.at);
    if (sizeBytes <= this.#bufferBytes) {
      return (
        this.load() &&
        codecs.crc32c(this.#buffer, this.at + BATCH_FIELD.attributes, this.at + sizeBytes) ===
          stored
      );
    }
    let crc = 0;
    let from = position + BATCH_FIELD.attributes;
    while (from < position + sizeBytes) {
      const part = Math.min(this.#bufferBytes, position + sizeBytes - from);
      if (!this.#hold(from, part, part)) return false;
      const at = from - this.#from;
      crc = codecs.crc32c(this.#buffer, at, at + part, crc);
      from += part;
    }
    return this.#hold(position, BATCH_HEADER_BYTES, BATCH_HEADER_BYTES) && crc === stored;
  }

  /** Marks the current batch as damaged: `nextPosition` is its start again. */
  reject(reason: string): void {
    this.#next = this.position;
    this.#expected = this.baseOffset;
    this.fault = reason;
  }

  /** Offset behind the last sound batch; the start's `fromOffset` before the first. */
  get nextOffset(): number {
    return this.#expected;
  }

  #fail(reason: string): false {
    this.fault = reason;
    return false;
  }

  #hold(position: number, sizeBytes: number, wantedBytes: number): boolean {
    if (position >= this.#from && position + sizeBytes <= this.#to) return true;
    const wanted = Math.min(wantedBytes, this.#end - position);
    if (wanted > this.#buffer.length) this.#buffer = new Uint8Array(wanted);
    const bytes = this.#disk.read(this.#fd, this.#buffer, 0, wanted, position);
    this.#from = position;
    this.#to = position + bytes;
    return bytes >= sizeBytes;
  }
}
