import {
  BATCH_FIELD,
  baseOffset,
  batchCrc,
  batchSizeBytes,
  lastOffset,
  partitionLeaderEpoch,
  recordCount,
} from '../../engine/protocol/kafka/record-batch.js';
import type { LogConfig } from '../../workers/log/log.js';
import type { LineState } from '../../workers/ring/table.js';
import { type Content, eachRecord, type SimRecord } from './content.js';
import { Sequences } from './sequences.js';
import { codecs, type World } from './world.js';

/** Offsets `[from, to)`. */
interface Range {
  readonly from: number;
  to: number;
}

function isIn(ranges: readonly Range[], offset: number): boolean {
  return ranges.some(({ from, to }) => offset >= from && offset < to);
}

/** What must be true of one partition, by all that its clients were told and its readers saw. */
export class PartitionModel {
  readonly name: string;
  /** What its log is told at the next opening, if not before. */
  config: LogConfig;
  readonly sequences = new Map<number, Sequences>();
  readonly #world: World;
  readonly #byCrc = new Map<number, Content>();
  /** By offset: which batch stands there. */
  readonly #at = new Map<number, Content>();
  /** As last published. */
  highWatermark = 0;
  logEndOffset = 0;
  logStartOffset = 0;
  /** Published as synced: no power cut takes it. */
  #stableEndOffset = 0;
  /** DeleteRecords was answered with it. */
  trimmedTo = 0;
  /** DeleteRecords asked for it, at most. */
  #trimAskedTo = 0;
  /** Greatest epoch that was published. */
  #epoch = -1;
  /** Greatest epoch with a batch. */
  #epochOfBatches = -1;
  /** And the partition was not opened since. */
  #powerWasCut = false;
  /** Offsets of what power cuts may have taken, until somebody looks. */
  #unsafe: Range[] = [];
  /** The same below the log start, where nobody can look. */
  #hidden: Range[] = [];
  /** Its directory is there for good. */
  isCreated = false;

  constructor(name: string, config: LogConfig, world: World) {
    this.name = name;
    this.config = config;
    this.#world = world;
  }

  get epoch(): number {
    return this.#epoch;
  }

  made(content: Content): void {
    this.#byCrc.set(content.crc, content).set(content.plainCrc, content);
    if (content.producerId < 0 || this.sequences.has(content.producerId)) return;
    this.sequences.set(content.producerId, new Sequences());
  }

  trimAsked(offset: number): void {
    this.#trimAskedTo = Math.max(this.#trimAskedTo, offset);
  }

  /** Looks at the published line while the partition is in service. */
  observe(line: LineState): void {
    const { highWatermark, logStartOffset, logEndOffset, recoveryPoint, leaderEpoch } = line;
    this.#must(
      logStartOffset <= highWatermark && highWatermark <= logEndOffset,
      () => `start ${logStartOffset}, high watermark ${highWatermark}, end ${logEndOffset}`,
    );
    this.#must(highWatermark >= this.highWatermark, () => {
      return `the high watermark fell from ${this.highWatermark} to ${highWatermark}`;
    });
    this.#must(logStartOffset >= this.logStartOffset, () => {
      return `the log start fell from ${this.logStartOffset} to ${logStartOffset}`;
    });
    this.#must(this.#world.durability === 'os' || highWatermark <= recoveryPoint, () => {
      return `the high watermark ${highWatermark} is beyond ${recoveryPoint}, which is synced`;
    });
    this.#must(leaderEpoch === this.#epoch, () => `epoch ${leaderEpoch} without an opening`);
    if (logStartOffset > this.logStartOffset) this.#mayDelete(logStartOffset);
    this.highWatermark = highWatermark;
    this.logStartOffset = logStartOffset;
    this.logEndOffset = logEndOffset;
    this.#stableEndOffset = Math.max(this.#stableEndOffset, recoveryPoint);
  }

  /** The power was cut: what was not stable may be gone. */
  powerCut(): void {
    this.#powerWasCut = true;
    this.#unsafe.push({ from: this.#stableEndOffset, to: Number.POSITIVE_INFINITY });
  }

  /** The process ended: a log start that nobody was told of may be forgotten. */
  processEnded(): void {
    this.logStartOffset = this.trimmedTo;
  }

  /** The partition was opened again, and this is what it published before anybody could ask it. */
  opened(line: LineState): void {
    const { logEndOffset, logStartOffset, leaderEpoch } = line;
    const kept = this.#powerWasCut ? this.#stableEndOffset : this.logEndOffset;
    this.#must(logEndOffset >= kept, () => `ends at ${logEndOffset}; ${kept} was safe`);
    this.#must(leaderEpoch > this.#epochOfBatches, () => `epoch ${leaderEpoch} for a second time`);
    this.#must(logStartOffset >= this.trimmedTo, () => {
      return `starts at ${logStartOffset}, but was trimmed to ${this.trimmedTo}`;
    });
    if (this.#powerWasCut) {
      for (const [offset, content] of this.#at) {
        if (offset >= logEndOffset) this.#lose(offset, content);
      }
      this.highWatermark = Math.min(this.highWatermark, this.#stableEndOffset);
      this.logStartOffset = Math.min(this.logStartOffset, logStartOffset);
      this.#powerWasCut = false;
      for (const range of this.#unsafe) range.to = Math.min(range.to, logEndOffset);
    }
    this.#epoch = leaderEpoch;
    for (const sequences of this.sequences.values()) sequences.forget();
    this.observe(line);
  }

  /** An append was answered with its offset. */
  accepted(content: Content, offset: number, isAcked: boolean): void {
    this.#must(!isAcked || offset + content.count <= this.highWatermark, () => {
      return `batch ${content.id} was acknowledged at ${offset}, beyond the high watermark ${this.highWatermark}`;
    });
    content.wasAccepted = true;
    if (content.placedAt === -1 && !content.isInDoubt) this.#epochOfBatches = this.#epoch;
    this.#place(content, offset);
  }

  /** A reader got the batches `view[start, end)`; returns the offset behind them. */
  read(view: Uint8Array, start: number, end: number, from: number): number {
    let next = from;
    for (let at = start; at < end; ) {
      const size = batchSizeBytes(view, at);
      const first = baseOffset(view, at);
      const last = lastOffset(view, at);
      this.#must(at + size <= end, () => `a batch at ${next} is cut off`);
      this.#must(last >= next && (at === start || first >= next), () => {
        return `offsets ${first} to ${last} where ${next} was asked for`;
      });
      this.#must(last < this.highWatermark, () => {
        return `${last} was read, and the high watermark is ${this.highWatermark}`;
      });
      if (this.#world.violation !== null) return next;
      const crc = codecs.crc32c(view, at + BATCH_FIELD.attributes, at + size);
      this.#must(crc === batchCrc(view, at), () => `the CRC of the batch at ${first} does not fit`);
      this.#batch(view, at, at + size);
      next = last + 1;
      at += size;
    }
    return next;
  }

  /** Adds the offsets of the records in the batches `view[start, end)`. */
  mark(view: Uint8Array, start: number, end: number, seen: Set<number>): void {
    for (let at = start; at < end; at += batchSizeBytes(view, at)) {
      const first = baseOffset(view, at);
      if (this.config.cleanupCompact && !this.#byCrc.has(batchCrc(view, at))) {
        eachRecord(view, at, at + batchSizeBytes(view, at), (delta) => seen.add(first + delta));
      } else {
        for (let offset = 0; offset < recordCount(view, at); offset++) seen.add(first + offset);
      }
    }
  }

  /** Every known batch of `[from, to)` that must stand there is in `seen`. */
  audited(from: number, to: number, seen: ReadonlySet<number>): void {
    // The later first: what is lost with them no longer stands in for an earlier record of its key.
    for (let offset = to - 1; offset >= from; offset--) {
      const content = seen.has(offset) ? undefined : this.#at.get(offset);
      if (content === undefined) continue;
      if (this.#isCompactedAway(offset, content) || this.#isGoing(offset)) continue;
      if (this.#isUnsafe(offset)) this.#lose(offset, content);
      else this.#must(false, () => `batch ${content.id} is gone from offset ${offset}`);
    }
    for (const range of this.#unsafe) {
      if (range.from < from) this.#hidden.push({ from: range.from, to: Math.min(range.to, from) });
    }
    this.#unsafe = this.#unsafe.filter((range) => range.to > to);
  }

  /** The newest batch of a producer that the log still holds, or null. */
  newestOf(producerId: number): Content | null {
    let newest: Content | null = null;
    for (const [offset, content] of this.#at) {
      if (content.producerId !== producerId || offset < this.logStartOffset) continue;
      if (newest === null || content.placedAt > newest.placedAt) newest = content;
    }
    return newest;
  }

  /** Records below the high watermark that a search may find, in order. */
  *records(): Iterable<{ offset: number; record: SimRecord }> {
    for (let offset = this.logStartOffset; offset < this.highWatermark; offset++) {
      const content = this.#at.get(offset);
      if (content) yield { offset, record: content.records[offset - content.placedAt]! };
    }
  }

  #batch(view: Uint8Array, start: number, end: number): void {
    const first = baseOffset(view, start);
    const count = recordCount(view, start);
    const epoch = partitionLeaderEpoch(view, start);
    const content = this.#byCrc.get(batchCrc(view, start));
    if (content !== undefined) {
      this.#must(content.epochs.has(epoch), () => {
        return `batch ${content.id}, sent to epoch ${[...content.epochs]}, stands in ${epoch}`;
      });
      this.#epochOfBatches = Math.max(this.#epochOfBatches, epoch);
      this.#place(content, first);
    } else if (this.config.cleanupCompact) this.#compacted(view, start, end);
    else {
      this.#must(count === 0, () => `a batch at ${first} that nobody sent`);
      for (let offset = first; offset <= lastOffset(view, start); offset++) {
        const gone = this.#at.get(offset);
        if (gone && this.#isUnsafe(offset)) this.#lose(offset, gone);
        else this.#must(!gone, () => `a hole where batch ${gone?.id} stands, at ${offset}`);
      }
    }
  }

  /** A batch of which compaction left a part. */
  #compacted(view: Uint8Array, start: number, end: number): void {
    const first = baseOffset(view, start);
    const left = new Set<number>();
    eachRecord(view, start, end, (delta, record) => {
      const known = this.#at.get(first + delta);
      left.add(first + delta);
      if (known === undefined) return;
      const { key, value } = known.records[first + delta - known.placedAt]!;
      this.#must(key === record.key && value === record.value, () => {
        return `offset ${first + delta} had key ${key}, now ${record.key}`;
      });
    });
    for (let offset = first; offset <= lastOffset(view, start); offset++) {
      const content = this.#at.get(offset);
      if (left.has(offset) || !content) continue;
      if (this.#isUnsafe(offset)) this.#lose(offset, content);
      else
        this.#must(this.#isCompactedAway(offset, content), () => {
          return `compaction took the last record of a key, at ${offset}`;
        });
    }
  }

  #isCompactedAway(offset: number, content: Content): boolean {
    if (!this.config.cleanupCompact) return false;
    const { key, value } = content.records[offset - content.placedAt]!;
    if (value === null) return true;
    for (const [later, other] of this.#at) {
      if (later > offset && other.records[later - other.placedAt]!.key === key) return true;
    }
    return false;
  }

  #place(content: Content, offset: number): void {
    const { id, count, placedAt } = content;
    if (placedAt === offset) return;
    if (placedAt !== -1 && (this.#isUnsafe(placedAt) || isIn(this.#hidden, placedAt))) {
      this.#remove(content);
    }
    this.#must(content.placedAt === -1, () => `batch ${id} stands at ${placedAt} and at ${offset}`);
    this.#must(content.mayStand, () => `batch ${id} had failed, and is at ${offset}`);
    content.placedAt = offset;
    content.wasLost = false;
    for (let at = offset; at < offset + count; at++) {
      const other = this.#at.get(at);
      if (other && this.#isUnsafe(at)) this.#lose(at, other);
      else this.#must(!other, () => `offset ${at} was batch ${other?.id}, and is batch ${id}`);
      this.#at.set(at, content);
    }
  }

  /** A part of what is deleted may come back with a power cut. */
  #isGoing(offset: number): boolean {
    const { retentionMs, retentionBytes } = this.config;
    if (offset < this.#trimAskedTo) return true;
    return this.#unsafe.length > 0 && (retentionMs >= 0 || retentionBytes >= 0);
  }

  /** What stood there may have gone with the power. */
  #isUnsafe(offset: number): boolean {
    return isIn(this.#unsafe, offset);
  }

  #remove(content: Content): void {
    for (let at = 0; at < content.count; at++) this.#at.delete(content.placedAt + at);
    content.placedAt = -1;
  }

  #lose(offset: number, content: Content): void {
    this.#remove(content);
    this.#at.delete(offset);
    content.wasAccepted = false;
    content.isInDoubt = false;
    content.wasLost = true;
  }

  /** What the log start passed was trimmed, or has expired by time or size. */
  #mayDelete(logStartOffset: number): void {
    const { cleanupDelete, retentionMs, retentionBytes } = this.config;
    if (logStartOffset <= this.#trimAskedTo) return;
    this.#must(cleanupDelete && (retentionMs >= 0 || retentionBytes >= 0), () => {
      return `the log start moved to ${logStartOffset} by itself`;
    });
    if (retentionBytes >= 0) return;
    const limitMs = this.#world.schedule.latestMs - retentionMs;
    for (let offset = this.#trimAskedTo; offset < logStartOffset; offset++) {
      const content = this.#at.get(offset);
      const record = content?.records[offset - content.placedAt];
      this.#must(!record || record.timestampMs < limitMs, () => `offset ${offset} had not expired`);
    }
  }

  #must(holds: boolean, message: () => string): void {
    this.#world.check(holds, () => `${this.name}: ${message()}`);
  }
}
