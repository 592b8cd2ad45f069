import { ProtocolError } from '../../../engine/protocol/kafka/protocol-error.js';
import { baseOffset, lastOffset } from '../../../engine/protocol/kafka/record-batch.js';
import { CodecError, type Codecs } from '../../../native/codecs.js';
import { emptyBatch } from '../../batch/empty-batch.js';
import type {
  CompactedGroup,
  CompactionPlan,
  CompactionResult,
  PlannedSegment,
} from '../compaction.js';
import type { LogConfig } from '../log.js';
import { LogFault } from '../log.js';
import { BatchFilter, isOpaque } from './batch-filter.js';
import { recordsOf } from './batch-records.js';
import { BatchScan } from './batch-scan.js';
import { BatchWriter } from './batch-writer.js';
import type { Disk } from './disk.js';
import { EntryFrames } from './entry-frames.js';
import { offsetFile, Suffix } from './file-name.js';
import { KeyMap } from './key-map.js';
import { Segment } from './segment.js';
import { removeIfThere } from './small-file.js';

const bufferBytes = 2 ** 20;
const maxInt32 = 2 ** 31 - 1;

/** Memory of the key map. Keys beyond it wait for the next round. */
export const maxKeyMapBytes = 64 * 2 ** 20;

/**
 * Compacts the segments of a plan into `.cleaned` files beside them, synced; the log that made the plan puts them in
 * place. Throws LogFault 'corrupt' for damaged records, and what the disk throws.
 */
export function compactSegments(
  plan: CompactionPlan,
  disk: Disk,
  codecs: Codecs,
  keyMapBytes = maxKeyMapBytes,
): CompactionResult {
  return new Compaction(plan, disk, codecs, keyMapBytes).run();
}

class Compaction {
  readonly #plan: CompactionPlan;
  readonly #disk: Disk;
  readonly #codecs: Codecs;
  readonly #keys: KeyMap;
  readonly #frames: EntryFrames;
  #readBytes = 0;
  #keptBytes = 0;

  constructor(plan: CompactionPlan, disk: Disk, codecs: Codecs, keyMapBytes: number) {
    this.#plan = plan;
    this.#disk = disk;
    this.#codecs = codecs;
    this.#keys = new KeyMap(keyMapBytes);
    this.#frames = new EntryFrames(codecs);
  }

  run(): CompactionResult {
    const mappedEnd = this.#mapKeys();
    const filter = new BatchFilter(this.#plan, this.#codecs, this.#keys, mappedEnd);
    const touched = this.#plan.segments.filter(({ baseOffset }) => baseOffset < mappedEnd);
    const groups: CompactedGroup[] = [];
    for (const group of this.#group(touched)) {
      if (this.#clean(group, this.#endOf(group), filter)) {
        groups.push({ baseOffsets: group.map(({ baseOffset }) => baseOffset) });
      }
    }
    return {
      firstDirtyOffset: mappedEnd,
      groups,
      readBytes: this.#readBytes,
      keptBytes: this.#keptBytes,
      keys: this.#keys.count,
    };
  }

  /** Notes the last offset of each dirty key; returns the offset up to which all keys are noted. */
  #mapKeys(): number {
    const { segments, firstDirtyOffset, endOffset } = this.#plan;
    for (const [i, segment] of segments.entries()) {
      const end = segments[i + 1]?.baseOffset ?? endOffset;
      if (end <= firstDirtyOffset) continue;
      let full = -1;
      this.#walk(segment, (view, start, end) => {
        if (lastOffset(view, start) < firstDirtyOffset) return true;
        full = this.#mapBatch(view, start, end);
        return full === -1;
      });
      if (full !== -1) return full;
    }
    return endOffset;
  }

  /** The offset of the first record that the map has no room for; -1: it took all. */
  #mapBatch(batches: Uint8Array, start: number, end: number): number {
    if (isOpaque(batches, start)) return -1;
    const base = baseOffset(batches, start);
    const records = recordsOf(this.#codecs, batches, start, end);
    while (records.next()) {
      const offset = base + records.offsetDelta;
      if (offset < this.#plan.firstDirtyOffset || records.keyStart === -1) continue;
      const { view, keyStart, keyEnd } = records;
      if (!this.#keys.put(view, keyStart, keyEnd, offset)) return offset;
    }
    return -1;
  }

  /** Neighbours that fit together into one segment, by their sizes before. */
  #group(segments: PlannedSegment[]): PlannedSegment[][] {
    const groups: PlannedSegment[][] = [];
    let sizeBytes = 0;
    for (const [i, segment] of segments.entries()) {
      const group = groups.at(-1);
      const end = segments[i + 1]?.baseOffset ?? this.#plan.endOffset;
      sizeBytes += segment.sizeBytes;
      if (
        group !== undefined &&
        sizeBytes <= this.#plan.segmentBytes &&
        end - group[0]!.baseOffset <= maxInt32
      ) {
        group.push(segment);
      } else {
        groups.push([segment]);
        sizeBytes = segment.sizeBytes;
      }
    }
    return groups;
  }

  /** Where the segment behind a group begins. */
  #endOf(group: PlannedSegment[]): number {
    const { segments, endOffset } = this.#plan;
    return segments[segments.indexOf(group.at(-1)!) + 1]?.baseOffset ?? endOffset;
  }

  /** Writes what is kept of a group; false if that is all of one segment, and nothing was written. */
  #clean(group: PlannedSegment[], endOffset: number, filter: BatchFilter): boolean {
    const { dir, indexIntervalBytes, ending } = this.#plan;
    const base = group[0]!.baseOffset;
    const config = () => ({ indexIntervalBytes }) as LogConfig;
    const out = new Segment(this.#disk, dir, base, config, Suffix.log, ending);
    out.create(this.#plan.nowMs);
    try {
      if (!this.#copy(group, endOffset, filter, out) && group.length === 1) {
        removeIfThere(this.#disk, out.ownPath);
        return false;
      }
      out.seal();
      out.writeIndexes();
      this.#disk.fdatasyncNow(out.fd);
      return true;
    } finally {
      out.release();
    }
  }

  /** Writes the batches that stay, and what is made of others; false if all stay as they are. */
  #copy(group: PlannedSegment[], endOffset: number, filter: BatchFilter, out: Segment): boolean {
    const writer = new BatchWriter(this.#disk, out);
    let isChanged = false;
    for (const segment of group) {
      this.#walk(segment, (view, start, end) => {
        this.#readBytes += end - start;
        const kept = filter.filter(view, start, end);
        if (kept !== null) writer.write(kept);
        // What stays as it is comes back as the same bytes.
        if (kept?.buffer !== view.buffer) isChanged = true;
        return true;
      });
    }
    // A recovery takes a gap before the next segment for records that a power cut took.
    if (out.nextOffset < endOffset) {
      writer.write(emptyBatch(this.#codecs, out.nextOffset, endOffset - 1, -1));
    }
    writer.end();
    this.#keptBytes += out.sizeBytes;
    return isChanged;
  }

  /** Calls `visit` with each batch, until it returns false. */
  #walk(
    segment: PlannedSegment,
    visit: (view: Uint8Array, start: number, end: number) => boolean,
  ): void {
    const path = offsetFile(this.#plan.dir, segment.baseOffset, segment.suffix);
    const fd = this.#disk.open(path, 'read');
    try {
      const scan = new BatchScan(this.#disk, bufferBytes);
      scan.start(fd, 0, segment.sizeBytes, segment.baseOffset);
      while (scan.next()) {
        if (!scan.load()) throw new LogFault('corrupt', `${path} ends early`);
        const { view, at, sizeBytes } = scan;
        if (segment.suffix === Suffix.log) {
          if (!visit(view, at, at + sizeBytes)) return;
        } else {
          const batch = this.#frames.batch(view, at, at + sizeBytes);
          if (!visit(batch, 0, batch.length)) return;
        }
      }
      if (scan.fault !== null) throw new LogFault('corrupt', `${path}: ${scan.fault}`);
    } catch (error) {
      if (!(error instanceof CodecError || error instanceof ProtocolError)) throw error;
      throw new LogFault('corrupt', `${path}: ${error.message}`);
    } finally {
      this.#disk.close(fd);
    }
  }
}
