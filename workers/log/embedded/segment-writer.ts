import type { LogConfig, LogFault } from '../log.js';
import { faultOf } from './fault.js';
import { type SegmentSuffix, segmentSuffixes } from './file-name.js';
import type { Flusher } from './flusher.js';
import type { EmbeddedLogOptions } from './options.js';
import { mustRoll } from './roll.js';
import { Segment, type SegmentMark } from './segment.js';
import type { Segments } from './segments.js';
import { removeIfThere, writeFully } from './small-file.js';
import type { SnapshotFiles } from './snapshot-files.js';
import type { StoredRun } from './stored-run.js';

export interface SegmentWriterOptions {
  readonly options: EmbeddedLogOptions;
  readonly segments: Segments;
  readonly flusher: Flusher;
  readonly snapshots: SnapshotFiles;
  /** The config of the moment. */
  config(): LogConfig;
}

/** Writes runs to the end of the log, into new segments where they are due, and takes back what failed. */
export class SegmentWriter {
  readonly #options: EmbeddedLogOptions;
  readonly #segments: Segments;
  readonly #flusher: Flusher;
  readonly #snapshots: SnapshotFiles;
  readonly #config: () => LogConfig;

  constructor({ options, segments, flusher, snapshots, config }: SegmentWriterOptions) {
    this.#options = options;
    this.#segments = segments;
    this.#flusher = flusher;
    this.#snapshots = snapshots;
    this.#config = config;
  }

  /** Throws what the disk says; `undo` is due then. */
  write(run: StoredRun): void {
    for (let from = 0; from < run.batches.length; ) from = this.#writePart(run, from);
  }

  /** Begins a segment, unless the active one is empty and begins there. */
  roll(startOffset: number, suffix: SegmentSuffix): void {
    const { disk, dir, clock } = this.#options;
    const ended = this.#segments.active;
    if (ended.sizeBytes === 0 && ended.baseOffset === startOffset) return;
    ended.seal();
    ended.writeIndexes();
    const segment = new Segment(disk, dir, startOffset, this.#config, suffix);
    segment.create(clock());
    this.#segments.add(segment);
    this.#flusher.rolled(ended);
    this.snapshot(startOffset);
  }

  /** Writes what is known of producers up to an offset. */
  snapshot(endOffset: number): void {
    this.#snapshots.write(endOffset, this.#options.takeSnapshot(endOffset));
    this.#snapshots.removeStray((offset) => this.#segments.isStart(offset));
  }

  /**
   * Takes back a run of which a part was written, so that a record that failed never appears: not after a power cut
   * either, which would bring back what a sync of the file's earlier bytes took along. Returns a fault where only a
   * recovery can tell what is in the file.
   */
  undo(first: Segment, mark: SegmentMark): LogFault | null {
    const { disk, dir } = this.#options;
    try {
      const hasRolled = this.#segments.active !== first;
      for (let last = this.#segments.active; last !== first; last = this.#segments.active) {
        this.#segments.remove(last);
        last.release();
        for (const suffix of segmentSuffixes) removeIfThere(disk, last.path(suffix));
        this.#flusher.unrolled(this.#segments.active);
      }
      this.#segments.sizeBytes -= first.sizeBytes - mark.sizeBytes;
      const isLonger = disk.sizeBytes(first.fd) > mark.sizeBytes;
      first.restore(mark);
      this.#snapshots.removeAbove(first.nextOffset);
      if (isLonger) this.#flusher.syncNow(first);
      if (!hasRolled) return null;
      first.writeIndexes();
      disk.syncDirectory(dir);
      return null;
    } catch (error) {
      return faultOf(error, `cannot take back an append to ${dir}`);
    }
  }

  /** Writes batches from `from` on, up to where the next segment begins; returns the next one's index. */
  #writePart(run: StoredRun, from: number): number {
    const nowMs = this.#options.clock();
    if (this.#mustRoll(run, from, nowMs)) this.roll(run.baseOffsets[from]!, run.suffixOf(from));
    const segment = this.#segments.active;
    const start = segment.sizeBytes;
    let to = from;
    do {
      const bytes = run.batches[to]!.length;
      segment.enter(run.lastOffsets[to]!, run.maxTimestamps[to]!, segment.sizeBytes, bytes);
      segment.sizeBytes += bytes;
      this.#segments.sizeBytes += bytes;
      to++;
    } while (to < run.batches.length && !this.#mustRoll(run, to, nowMs));
    const isAll = from === 0 && to === run.batches.length;
    const views = isAll ? run.batches : run.batches.slice(from, to);
    writeFully(this.#options.disk, segment.fd, views, start);
    return to;
  }

  #mustRoll(run: StoredRun, index: number, nowMs: number): boolean {
    return mustRoll(
      this.#segments.active,
      this.#config(),
      run.suffixOf(index),
      run.batches[index]!.length,
      run.lastOffsets[index]!,
      run.maxTimestamps[index]!,
      nowMs,
    );
  }
}
