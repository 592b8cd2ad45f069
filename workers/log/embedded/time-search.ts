import { ProtocolError } from '../../../engine/protocol/kafka/protocol-error.js';
import { baseTimestamp, isLogAppendTime } from '../../../engine/protocol/kafka/record-batch.js';
import { CodecError, type Codecs } from '../../../native/codecs.js';
import { type FoundOffset, LogFault } from '../log.js';
import { recordsOf } from './batch-records.js';
import { BatchScan } from './batch-scan.js';
import type { Disk } from './disk.js';
import { EntryFrames } from './entry-frames.js';
import { Suffix } from './file-name.js';
import type { Segment } from './segment.js';
import type { Segments } from './segments.js';

const scanBufferBytes = 64 * 1024;

/** Finds records by timestamp, exact to the record. Rare, so its memory is made for each search. */
export class TimeSearch {
  readonly #disk: Disk;
  readonly #segments: Segments;
  readonly #codecs: Codecs;

  constructor(disk: Disk, segments: Segments, codecs: Codecs) {
    this.#disk = disk;
    this.#segments = segments;
    this.#codecs = codecs;
  }

  /** First record in [startOffset, endOffset) with a timestamp >= `timestamp`. */
  first(timestamp: number, startOffset: number, endOffset: number): FoundOffset {
    const { all } = this.#segments;
    for (let i = this.#segments.indexFor(startOffset); i < all.length; i++) {
      const segment = all[i]!;
      if (segment.baseOffset >= endOffset) break;
      if (segment.largestTimestamp() < timestamp) continue;
      const from = segment.offsets.positionFor(segment.times.offsetBefore(timestamp));
      const found = this.#firstIn(segment, from, timestamp, startOffset, endOffset);
      if (found.offset !== -1) return found;
    }
    return nothing();
  }

  /** First record with the greatest timestamp in [startOffset, endOffset). */
  greatest(startOffset: number, endOffset: number): FoundOffset {
    const { all } = this.#segments;
    let best: Segment | null = null;
    let bestTimestamp = -1;
    for (let i = this.#segments.indexFor(startOffset); i < all.length; i++) {
      const segment = all[i]!;
      if (segment.baseOffset >= endOffset) break;
      const timestamp = this.#greatestIn(segment, startOffset, endOffset);
      if (timestamp <= bestTimestamp) continue;
      bestTimestamp = timestamp;
      best = segment;
    }
    if (best === null) return nothing();
    return this.#firstIn(best, 0, bestTimestamp, startOffset, endOffset);
  }

  #greatestIn(segment: Segment, startOffset: number, endOffset: number): number {
    segment.settle();
    if (segment.baseOffset >= startOffset && segment.offsetOfMaxTimestamp < endOffset) {
      return segment.maxTimestamp;
    }
    // A part of the segment is out of bounds, perhaps the one with the greatest timestamp.
    const scan = this.#scan(segment, 0);
    let greatest = -1;
    while (scan.next() && scan.baseOffset < endOffset) {
      if (scan.lastOffset < startOffset || scan.maxTimestamp <= greatest) continue;
      if (scan.baseOffset >= startOffset && scan.lastOffset < endOffset) {
        greatest = scan.maxTimestamp;
        continue;
      }
      this.#eachRecord(segment, scan, (offset, timestamp) => {
        if (offset >= startOffset && offset < endOffset) greatest = Math.max(greatest, timestamp);
        return false;
      });
    }
    return greatest;
  }

  #firstIn(
    segment: Segment,
    position: number,
    timestamp: number,
    startOffset: number,
    endOffset: number,
  ): FoundOffset {
    const found = nothing();
    const scan = this.#scan(segment, position);
    while (scan.next() && scan.baseOffset < endOffset) {
      if (scan.maxTimestamp < timestamp || scan.lastOffset < startOffset) continue;
      this.#eachRecord(segment, scan, (offset, recordTimestamp) => {
        if (recordTimestamp < timestamp || offset < startOffset) return false;
        if (offset >= endOffset) return true;
        found.offset = offset;
        found.timestamp = recordTimestamp;
        found.leaderEpoch = scan.leaderEpoch;
        return true;
      });
      if (found.offset !== -1) break;
    }
    return found;
  }

  #scan(segment: Segment, position: number): BatchScan {
    const scan = new BatchScan(this.#disk, scanBufferBytes);
    scan.start(segment.fd, position, segment.sizeBytes, segment.baseOffset);
    return scan;
  }

  /** Calls `visit` for each record of the scan's batch until it returns true. Throws LogFault 'corrupt'. */
  #eachRecord(
    segment: Segment,
    scan: BatchScan,
    visit: (offset: number, timestamp: number) => boolean,
  ): void {
    if (!scan.load()) throw new LogFault('corrupt', `the batch at ${scan.baseOffset} is cut off`);
    const whole = scan.view.subarray(scan.at, scan.at + scan.sizeBytes);
    const view =
      segment.suffix === Suffix.log
        ? whole
        : new EntryFrames(this.#codecs).batch(whole, 0, whole.length);
    const baseTime = baseTimestamp(view, 0);
    const appendTime = isLogAppendTime(view, 0) ? scan.maxTimestamp : -1;
    try {
      const records = recordsOf(this.#codecs, view, 0, view.length);
      while (records.next()) {
        const timestamp = appendTime >= 0 ? appendTime : baseTime + records.timestampDelta;
        if (visit(scan.baseOffset + records.offsetDelta, timestamp)) return;
      }
    } catch (error) {
      if (!(error instanceof CodecError || error instanceof ProtocolError)) throw error;
      throw new LogFault('corrupt', `the batch at ${scan.baseOffset}: ${error.message}`);
    }
  }
}

function nothing(): FoundOffset {
  return { offset: -1, timestamp: -1, leaderEpoch: -1 };
}
