import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { CompactedGroup, CompactionPlan, CompactionResult } from '../compaction.js';
import type { LogConfig } from '../log.js';
import type { Disk } from './disk.js';
import type { DoomedFiles } from './doomed-files.js';
import { faultOf } from './fault.js';
import { cleanedSuffix, offsetFile, Suffix, swapSuffix } from './file-name.js';
import type { Flusher } from './flusher.js';
import { Segment } from './segment.js';
import type { Segments } from './segments.js';
import { readWhole, removeIfThere, replaceWhole } from './small-file.js';

/** Those with a `.log` last: its name tells that the others are there as well. */
const swappedSuffixes = [Suffix.index, Suffix.timeIndex, Suffix.log];

/**
 * Kafka keeps one such file for all partitions of a data directory. Ours is the partition's own, because only the
 * partition's thread writes it; where it is missing, the next compaction begins at the start.
 */
const checkpointName = 'cleaner-offset-checkpoint';

/** After a job that failed. */
const retryMs = 60_000;

/** What a cleaner works on. */
export interface CleanerTools {
  readonly disk: Disk;
  readonly dir: string;
  readonly topic: string;
  readonly partition: number;
  readonly segments: Segments;
  readonly flusher: Flusher;
  readonly doomed: DoomedFiles;
  readonly config: () => LogConfig;
  readonly clock: () => number;
}

/** Decides when a log is compacted, and puts what the job made in the place of what it read. */
export class Cleaner {
  readonly #tools: CleanerTools;
  #firstDirtyOffset: number;
  /** `ending` of the plan that is under way; empty: none is. */
  #running = '';
  #notBeforeMs = 0;

  constructor(tools: CleanerTools) {
    this.#tools = tools;
    this.#firstDirtyOffset = this.#load();
  }

  /** What to compact now; null if nothing needs it, or a compaction is under way. */
  plan(
    nowMs: number,
    logStartOffset: number,
    endOffset: number,
    producers: () => [number, number][],
  ): CompactionPlan | null {
    const config = this.#tools.config();
    if (!config.cleanupCompact || this.#running !== '') return null;
    if (nowMs < this.#notBeforeMs) return null;
    const cleanable = this.#cleanable(nowMs, endOffset);
    const last = cleanable.at(-1);
    if (last === undefined) return null;
    const end = this.#tools.segments.endOffset(cleanable.length - 1);
    // Records below the log start are gone, and a log that was cut is dirty from its start.
    if (this.#firstDirtyOffset < logStartOffset || this.#firstDirtyOffset > end) {
      this.#firstDirtyOffset = this.#firstDirtyOffset > end ? 0 : logStartOffset;
    }
    if (!this.#isDirty(cleanable, end, nowMs)) return null;
    this.#running = `.${randomBytes(4).toString('hex')}${cleanedSuffix}`;
    return {
      dir: this.#tools.dir,
      ending: this.#running,
      segments: cleanable.map(({ baseOffset, suffix, sizeBytes }) => ({
        baseOffset,
        suffix,
        sizeBytes,
      })),
      firstDirtyOffset: this.#firstDirtyOffset,
      endOffset: end,
      producers: producers(),
      nowMs,
      deleteRetentionMs: config.deleteRetentionMs,
      segmentBytes: config.segmentBytes,
      indexIntervalBytes: config.indexIntervalBytes,
    };
  }

  /**
   * Puts the cleaned segments in place, one group after another, so that a crash at any point leaves a log that
   * `finishSwaps` completes. Groups of which a segment is gone meanwhile are dropped. Throws what the
   * disk throws.
   */
  apply(plan: CompactionPlan, result: CompactionResult | null): void {
    // The plan of an earlier opening is void: its files went when the log was opened, or go with this.
    const isMine = plan.ending === this.#running;
    if (isMine) this.#running = '';
    if (result === null || !isMine) {
      if (isMine) this.#notBeforeMs = plan.nowMs + retryMs;
      for (const { baseOffset } of plan.segments) this.#discard(baseOffset, plan.ending);
      return;
    }
    for (const group of result.groups) this.#swap(group, plan.ending);
    this.#firstDirtyOffset = result.firstDirtyOffset;
    this.#store();
  }

  #swap({ baseOffsets }: CompactedGroup, ending: string): void {
    const { disk, dir, segments, doomed, config, clock } = this.#tools;
    const old = segments.all.filter(({ baseOffset }) => baseOffsets.includes(baseOffset));
    const base = baseOffsets[0]!;
    if (old.length !== baseOffsets.length) {
      this.#discard(base, ending);
      return;
    }
    this.#rename(base, ending, swapSuffix);
    disk.syncDirectory(dir);
    const dueMs = clock() + config().fileDeleteDelayMs;
    for (const segment of old) doomed.add(segment, dueMs);
    this.#rename(base, swapSuffix, '');
    disk.syncDirectory(dir);
    const segment = new Segment(disk, dir, base, config);
    segment.measure();
    segments.replace(old, segment);
  }

  #rename(base: number, from: string, to: string): void {
    const { disk, dir } = this.#tools;
    for (const suffix of swappedSuffixes) {
      disk.rename(
        offsetFile(dir, base, `${suffix}${from}`),
        offsetFile(dir, base, `${suffix}${to}`),
      );
    }
  }

  #discard(base: number, ending: string): void {
    const { disk, dir } = this.#tools;
    for (const suffix of swappedSuffixes) {
      removeIfThere(disk, offsetFile(dir, base, `${suffix}${ending}`));
    }
  }

  /** The oldest segments that grow no more, are stable, below the high watermark, and old enough. */
  #cleanable(nowMs: number, endOffset: number): Segment[] {
    const { segments, flusher, config } = this.#tools;
    const { minCompactionLagMs } = config();
    const cleanable: Segment[] = [];
    for (const segment of segments.all) {
      if (flusher.needs(segment) || segments.endOffset(cleanable.length) > endOffset) break;
      const isYoung =
        minCompactionLagMs > 0 && segment.largestTimestamp() > nowMs - minCompactionLagMs;
      if (isYoung && segment.baseOffset >= this.#firstDirtyOffset) break;
      cleanable.push(segment);
    }
    return cleanable;
  }

  #isDirty(cleanable: Segment[], endOffset: number, nowMs: number): boolean {
    if (this.#firstDirtyOffset >= endOffset) return false;
    const { minCleanableDirtyRatio, maxCompactionLagMs } = this.#tools.config();
    let bytes = 0;
    let dirtyBytes = 0;
    let oldestDirty: Segment | null = null;
    for (const [i, segment] of cleanable.entries()) {
      bytes += segment.sizeBytes;
      if (this.#tools.segments.endOffset(i) <= this.#firstDirtyOffset) continue;
      dirtyBytes += segment.sizeBytes;
      oldestDirty ??= segment;
    }
    if (dirtyBytes / Math.max(1, bytes) > minCleanableDirtyRatio) return true;
    if (oldestDirty === null || maxCompactionLagMs >= Number.MAX_SAFE_INTEGER) return false;
    return nowMs - oldestDirty.firstWrittenMs() > maxCompactionLagMs;
  }

  #load(): number {
    const { disk, dir } = this.#tools;
    const bytes = readWhole(disk, join(dir, checkpointName));
    const match = /^0\n1\n\S+ \d+ (\d+)\n$/.exec(new TextDecoder().decode(bytes ?? undefined));
    return match ? Number(match[1]) : 0;
  }

  #store(): void {
    const { disk, dir, topic, partition } = this.#tools;
    const text = `0\n1\n${topic} ${partition} ${this.#firstDirtyOffset}\n`;
    try {
      replaceWhole(disk, join(dir, checkpointName), new TextEncoder().encode(text));
    } catch (error) {
      // On a full disk the older one stays: the next opening compacts more than it had to.
      if (faultOf(error, checkpointName).code !== 'full') throw error;
    }
  }
}
