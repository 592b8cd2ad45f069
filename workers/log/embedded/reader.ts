import {
  BATCH_HEADER_BYTES,
  baseOffset,
  batchSizeBytes,
  lastOffset,
} from '../../../engine/protocol/kafka/record-batch.js';
import type { Codecs } from '../../../native/codecs.js';
import { emptyBatch } from '../../batch/empty-batch.js';
import type { CountCopy } from '../../batch/rebuild.js';
import {
  clearResult,
  type FilePlace,
  LogFault,
  type ReadResult,
  type ReplyMemory,
} from '../log.js';
import { roomFor } from '../reply-room.js';
import { BatchScan } from './batch-scan.js';
import type { Disk } from './disk.js';
import { EntryReader } from './entry-reader.js';
import { Suffix } from './file-name.js';
import type { Segment } from './segment.js';
import type { Segments } from './segments.js';

/** Readers of one partition whose next position is remembered. */
const maxRemembered = 8;
/** Less than this is read and sent with the rest of the reply: a file costs calls of its own. */
const minFileBytes = 64 * 1024;
const scanBufferBytes = 8 * 1024;

/** Finds batches by offset and reads them straight into reply memory. */
export class Reader {
  readonly #disk: Disk;
  readonly #segments: Segments;
  readonly #codecs: Codecs;
  readonly #copied: CountCopy;
  readonly #scan: BatchScan;
  /** Where reads of late ended: a consumer goes on there, and needs no search. */
  readonly #offsets = new Float64Array(maxRemembered).fill(-1);
  readonly #positions = new Float64Array(maxRemembered);
  readonly #bases = new Float64Array(maxRemembered);
  #oldest = 0;
  /** Made when first needed. */
  #entries: EntryReader | null = null;

  constructor(disk: Disk, segments: Segments, codecs: Codecs, copied: CountCopy) {
    this.#disk = disk;
    this.#segments = segments;
    this.#codecs = codecs;
    this.#copied = copied;
    this.#scan = new BatchScan(disk, scanBufferBytes);
  }

  /** As `Log.read`, for an offset inside the log. */
  read(
    offset: number,
    endOffset: number,
    maxBytes: number,
    atLeastOneBatch: boolean,
    memory: ReplyMemory,
    result: ReadResult,
  ): void {
    clearResult(result);
    const index = this.#find(offset, endOffset);
    if (index === -1) {
      this.#serveHole(
        offset,
        Math.min(endOffset, this.#segments.active.nextOffset),
        memory,
        result,
      );
      return;
    }
    const segment = this.#segments.all[index]!;
    const { position, sizeBytes: firstBytes } = this.#scan;
    const availableBytes = segment.sizeBytes - position;
    if (segment.suffix === Suffix.entries) {
      this.#entries ??= new EntryReader(this.#codecs, this.#copied);
      const scan = this.#scan;
      this.#entries.read(
        scan,
        availableBytes,
        endOffset,
        maxBytes,
        atLeastOneBatch,
        memory,
        result,
      );
      return;
    }
    let wantedBytes = Math.min(maxBytes, availableBytes);
    if (wantedBytes < firstBytes) {
      if (!atLeastOneBatch) return;
      wantedBytes = firstBytes;
    }
    const { start, sizeBytes } = roomFor(memory, wantedBytes, firstBytes);
    if (start === -1) {
      result.starved = true;
      return;
    }
    try {
      this.#fill(segment, position, memory.view, start, sizeBytes);
      const isWhole = sizeBytes === availableBytes && this.#segments.endOffset(index) <= endOffset;
      result.sizeBytes = isWhole
        ? sizeBytes
        : this.#cut(segment, position, endOffset, memory.view, start, sizeBytes);
    } catch (error) {
      memory.release(start);
      throw error;
    }
    result.start = start;
    // At the end of the log only: a reader that leaves an older segment begins the next one at its start.
    const end = position + result.sizeBytes;
    if (segment === this.#segments.active && end === segment.sizeBytes) {
      this.#remember(segment, segment.nextOffset, end);
    }
  }

  /** As `Log.locate`, for an offset inside the log. */
  locate(
    offset: number,
    endOffset: number,
    maxBytes: number,
    atLeastOneBatch: boolean,
    place: FilePlace,
  ): boolean {
    const index = this.#find(offset, endOffset);
    if (index === -1) return false;
    const segment = this.#segments.all[index]!;
    // Entries have to be decoded.
    if (segment.suffix === Suffix.entries) return false;
    const { position, sizeBytes: firstBytes } = this.#scan;
    const availableBytes = segment.sizeBytes - position;
    const isWhole = availableBytes <= maxBytes && this.#segments.endOffset(index) <= endOffset;
    // The index knows where batches begin: no header has to be read to end at one.
    const limit = position + Math.min(maxBytes, availableBytes);
    let end = isWhole ? segment.sizeBytes : segment.offsets.boundaryBelow(limit, endOffset);
    if (end - position < firstBytes && atLeastOneBatch) end = position + firstBytes;
    const sizeBytes = end - position;
    if (sizeBytes < minFileBytes || segment.inode === -1) return false;
    if (!this.#disk.isSendable(segment.fd, position, sizeBytes)) return false;
    place.segmentBaseOffset = segment.baseOffset;
    place.position = position;
    place.sizeBytes = sizeBytes;
    place.inode = segment.inode;
    return true;
  }

  /** Forgets positions that a cut or a compaction may have changed. */
  forget(): void {
    this.#offsets.fill(-1);
  }

  /**
   * Stands the scan on the first batch that ends at or beyond `offset`. Returns the index of its segment,
   * or -1 if there is none that begins below `endOffset`.
   */
  #find(offset: number, endOffset: number): number {
    const scan = this.#scan;
    for (let index = this.#segments.indexFor(offset); ; index++) {
      const segment = this.#segments.all[index];
      if (segment === undefined || segment.baseOffset >= endOffset) return -1;
      let position = this.#recall(segment, offset);
      if (position === -1) {
        position = offset <= segment.baseOffset ? 0 : segment.offsets.positionFor(offset);
      }
      scan.start(segment.fd, position, segment.sizeBytes, segment.baseOffset);
      while (scan.next()) {
        if (scan.lastOffset >= offset) return scan.baseOffset < endOffset ? index : -1;
      }
      if (scan.fault !== null) throw damaged(segment, scan.nextPosition, scan.fault);
    }
  }

  /**
   * Nothing from `offset` to `endOffset`, because compaction took it: an empty batch leads the reader past, who would
   * otherwise ask for the same offset until something is appended.
   */
  #serveHole(offset: number, endOffset: number, memory: ReplyMemory, result: ReadResult): void {
    if (offset >= endOffset) return;
    const batch = emptyBatch(this.#codecs, offset, endOffset - 1, -1);
    const start = memory.allocate(batch.length);
    result.starved = start === -1;
    if (start === -1) return;
    memory.view.set(batch, start);
    result.start = start;
    result.sizeBytes = batch.length;
  }

  #fill(
    segment: Segment,
    position: number,
    view: Uint8Array,
    start: number,
    sizeBytes: number,
  ): void {
    const bytes = this.#disk.read(segment.fd, view, start, sizeBytes, position);
    if (bytes === sizeBytes) return;
    throw new LogFault('storage', `segment ${segment.baseOffset} is shorter than it was written`);
  }

  /** Bytes up to the last whole batch below `endOffset`; the index spares most of the hops. */
  #cut(
    segment: Segment,
    position: number,
    endOffset: number,
    view: Uint8Array,
    start: number,
    sizeBytes: number,
  ): number {
    const boundary = segment.offsets.boundaryBelow(position + sizeBytes, endOffset);
    let at = start + Math.max(0, boundary - position);
    const end = start + sizeBytes;
    let nextOffset = -1;
    while (at + BATCH_HEADER_BYTES <= end) {
      const bytes = batchSizeBytes(view, at);
      if (bytes < BATCH_HEADER_BYTES) {
        throw damaged(segment, position + at - start, `a length of ${bytes} bytes`);
      }
      if (at + bytes > end || baseOffset(view, at) >= endOffset) break;
      nextOffset = lastOffset(view, at) + 1;
      at += bytes;
    }
    if (nextOffset !== -1) this.#remember(segment, nextOffset, position + at - start);
    return at - start;
  }

  #recall(segment: Segment, offset: number): number {
    const slot = this.#offsets.indexOf(offset);
    return slot !== -1 && this.#bases[slot] === segment.baseOffset ? this.#positions[slot]! : -1;
  }

  #remember(segment: Segment, nextOffset: number, position: number): void {
    let slot = this.#offsets.indexOf(nextOffset);
    if (slot === -1) {
      slot = this.#oldest;
      this.#oldest = (slot + 1) % maxRemembered;
    }
    this.#offsets[slot] = nextOffset;
    this.#positions[slot] = position;
    this.#bases[slot] = segment.baseOffset;
  }
}

function damaged(segment: Segment, position: number, reason: string): LogFault {
  return new LogFault(
    'corrupt',
    `segment ${segment.baseOffset} is damaged at byte ${position}: ${reason}`,
  );
}
