import { BATCH_HEADER_BYTES } from '../../../engine/protocol/kafka/record-batch.js';
import type { LogConfig } from '../log.js';
import { LogFault } from '../log.js';
import { BatchScan } from './batch-scan.js';
import type { Disk } from './disk.js';
import { offsetFile, type SegmentSuffix, Suffix } from './file-name.js';
import { OffsetIndex } from './offset-index.js';
import { type OpenSegments, openSegmentsOf } from './open-segments.js';
import { TimeIndex } from './time-index.js';

const scanBufferBytes = 64 * 1024;

/** Told of each batch that a walk finds sound; a reason makes the walk stop there. */
export type VisitBatch = (scan: BatchScan) => string | null;

/**
 * One segment: record batches, or entries in frames like theirs, back to back in a file, with its two indexes. The active one, and those
 * that wait for a sync, stay open; others open when read and close when too many are.
 */
export class Segment {
  readonly disk: Disk;
  readonly dir: string;
  readonly baseOffset: number;
  suffix: SegmentSuffix;
  readonly #open: OpenSegments;
  /** Behind the suffixes of its files: those of a segment in the making are not yet the log's. */
  readonly #ending: string;
  readonly #interval: () => number;
  /** Bytes of sound batches; the file ends there too. */
  sizeBytes = 0;
  /** Bytes known to be synced. */
  syncedBytes = 0;
  /** Stays open: active, or not synced. */
  pinned = false;
  /** Offset behind the last batch; only known once `settled`. */
  nextOffset: number;
  /** ms; -1: none. Only known once `settled`. */
  maxTimestamp = -1;
  /** Last offset of the batch that carries it. */
  offsetOfMaxTimestamp: number;
  /** Greatest timestamp of the first batch, ms; -1: it has none; NaN: not read yet, or no batch. */
  firstTimestamp = Number.NaN;
  createdMs = 0;
  #offsets: OffsetIndex;
  #times: TimeIndex;
  #settled = false;
  #timestampKnown = false;
  #fd = -1;
  /** 0: not asked for yet. */
  #inode = 0;
  #bytesSinceEntry = 0;

  constructor(
    disk: Disk,
    dir: string,
    baseOffset: number,
    config: () => LogConfig,
    suffix: SegmentSuffix = Suffix.log,
    ending = '',
  ) {
    this.suffix = suffix;
    this.disk = disk;
    this.dir = dir;
    this.baseOffset = baseOffset;
    this.nextOffset = baseOffset;
    this.offsetOfMaxTimestamp = baseOffset;
    this.#open = openSegmentsOf(disk);
    this.#ending = ending;
    this.#interval = () => config().indexIntervalBytes;
    this.#offsets = this.#newOffsets();
    this.#times = this.#newTimes();
  }

  path(suffix: string): string {
    return offsetFile(this.dir, this.baseOffset, `${suffix}${this.#ending}`);
  }

  /** Of the file with the batches or entries. */
  get ownPath(): string {
    return this.path(this.suffix);
  }

  /** Stays open from now on: it will grow, or waits for a sync. */
  pin(): void {
    this.pinned = true;
    this.#open.forget(this);
  }

  /** A new empty file with empty indexes, pinned. Throws what the disk throws. */
  create(nowMs: number): void {
    this.#fd = this.disk.open(this.ownPath, 'create');
    this.pinned = true;
    this.createdMs = nowMs;
    this.#settled = true;
  }

  /** An empty segment takes the suffix of what comes into it. Throws what the disk throws. */
  suit(suffix: SegmentSuffix): void {
    if (this.sizeBytes > 0 || this.suffix === suffix) return;
    this.disk.rename(this.ownPath, this.path(suffix));
    this.suffix = suffix;
    // Else a power cut might keep the bytes and not the name that says what they are.
    this.disk.syncDirectory(this.dir);
  }

  /** Learns the size and age of the file that is there. */
  measure(): void {
    const fd = this.fd;
    this.sizeBytes = this.disk.sizeBytes(fd);
    this.syncedBytes = this.sizeBytes;
    this.createdMs = this.disk.modifiedMs(fd);
  }

  get fd(): number {
    if (this.#fd === -1) this.#fd = this.disk.open(this.ownPath, 'write');
    if (!this.pinned) this.#open.touch(this);
    return this.#fd;
  }

  /** Identity of the file; -1 where it has none for others. */
  get inode(): number {
    if (this.#inode === 0) this.#inode = this.disk.inode(this.fd);
    return this.#inode;
  }

  get offsets(): OffsetIndex {
    this.settle();
    return this.#offsets;
  }

  get times(): TimeIndex {
    this.settle();
    return this.#times;
  }

  /** Memory of the indexes. */
  get heldBytes(): number {
    return this.#offsets.heldBytes + this.#times.heldBytes;
  }

  /** What the first batch says of when it was written, ms; when the file was, if it does not say. */
  firstWrittenMs(): number {
    if (Number.isNaN(this.firstTimestamp) && this.sizeBytes > 0) {
      const scan = new BatchScan(this.disk, BATCH_HEADER_BYTES);
      scan.start(this.fd, 0, this.sizeBytes, this.baseOffset);
      if (scan.next()) this.firstTimestamp = scan.maxTimestamp;
    }
    return this.firstTimestamp >= 0 ? this.firstTimestamp : this.createdMs;
  }

  /** May close from now on. */
  unpin(): void {
    this.pinned = false;
    this.#open.touch(this);
  }

  /** Greatest timestamp, ms; where no record has one, or none can be read, when the file was written. */
  largestTimestamp(): number {
    if (!this.#settled && !this.#timestampKnown) {
      try {
        this.settle();
      } catch (error) {
        if (!(error instanceof LogFault)) throw error;
      }
    }
    return this.maxTimestamp >= 0 ? this.maxTimestamp : this.createdMs;
  }

  /** Closes the file and forgets the indexes, which are read again when needed. */
  release(): void {
    this.#open.forget(this);
    const fd = this.#fd;
    // Before the close, which frees the number even where it fails: it may be another file's by then.
    this.#fd = -1;
    this.#settled = false;
    this.#offsets = this.#newOffsets();
    this.#times = this.#newTimes();
    if (fd !== -1) this.disk.close(fd);
  }

  /**
   * Loads the indexes if they are not, and completes them: what a file lacks is found by walking the batches.
   * Throws LogFault 'corrupt' if these are damaged.
   */
  settle(): void {
    if (this.#settled) return;
    const scan = new BatchScan(this.disk, scanBufferBytes);
    this.walkFrom(Number.POSITIVE_INFINITY, scan, () => null);
    if (scan.fault === null) return;
    this.#settled = false;
    throw new LogFault(
      'corrupt',
      `${this.ownPath} is damaged at byte ${scan.nextPosition}: ${scan.fault}`,
    );
  }

  /**
   * Loads the indexes, then walks all batches from a boundary at or before the one that holds `offset`, or from
   * where the indexes end, whichever is earlier, and enters them anew. Afterwards `scan.fault` tells whether
   * the walk reached the end of the file, and `scan.nextPosition` where it stopped.
   */
  walkFrom(offset: number, scan: BatchScan, visit: VisitBatch): void {
    this.#offsets = this.#newOffsets();
    this.#times = this.#newTimes();
    this.#offsets.load(this.sizeBytes);
    const timesAreSound = this.#times.load();
    if (!timesAreSound || (this.#times.count === 0 && this.#offsets.count > 0)) this.#forget(-1);
    if (!this.#walk(offset, scan, visit)) {
      // The entry names a batch that is not there: the index is another segment's, or damaged.
      this.#forget(-1);
      this.#walk(offset, scan, visit);
    }
    this.#settled = true;
    this.#timestampKnown = true;
  }

  /** Enters a batch that lies, or will lie, at the end of what is entered. */
  enter(lastOffset: number, maxTimestamp: number, position: number, sizeBytes: number): void {
    if (maxTimestamp > this.maxTimestamp) {
      this.maxTimestamp = maxTimestamp;
      this.offsetOfMaxTimestamp = lastOffset;
    }
    if (position === 0) this.firstTimestamp = maxTimestamp;
    if (this.#bytesSinceEntry > this.#interval()) {
      this.#offsets.append(lastOffset, position);
      this.#times.append(this.maxTimestamp, this.offsetOfMaxTimestamp);
      this.#bytesSinceEntry = 0;
    }
    this.#bytesSinceEntry += sizeBytes;
    this.nextOffset = lastOffset + 1;
  }

  /** Notes the greatest timestamp as Kafka does when a segment will grow no more. */
  seal(): void {
    this.#times.append(this.maxTimestamp, this.offsetOfMaxTimestamp);
  }

  /**
   * Times first, synced: a walk begins at an entry of the offset index, and then nothing but the time index tells of
   * greater timestamps before it. One that a power cut or a full disk left too short would hide records.
   */
  writeIndexes(): void {
    this.#times.write(this.#offsets.isUnwritten);
    this.#offsets.write();
  }

  /** What `restore` takes back to this moment. */
  mark(): SegmentMark {
    return {
      sizeBytes: this.sizeBytes,
      nextOffset: this.nextOffset,
      maxTimestamp: this.maxTimestamp,
      offsetOfMaxTimestamp: this.offsetOfMaxTimestamp,
      firstTimestamp: this.firstTimestamp,
      bytesSinceEntry: this.#bytesSinceEntry,
      offsetEntries: this.#offsets.count,
      timeEntries: this.#times.count,
    };
  }

  /** Forgets what was entered since `mark`, and cuts the file. Throws what the disk throws. */
  restore(mark: SegmentMark): void {
    this.sizeBytes = mark.sizeBytes;
    this.nextOffset = mark.nextOffset;
    this.maxTimestamp = mark.maxTimestamp;
    this.offsetOfMaxTimestamp = mark.offsetOfMaxTimestamp;
    this.firstTimestamp = mark.firstTimestamp;
    this.#bytesSinceEntry = mark.bytesSinceEntry;
    this.#offsets.truncateTo(mark.offsetEntries);
    this.#times.truncateTo(mark.timeEntries);
    this.disk.truncate(this.fd, mark.sizeBytes);
  }

  /** False if the index entry at the start does not fit the batch that lies there. */
  #walk(offset: number, scan: BatchScan, visit: VisitBatch): boolean {
    const entry = this.#offsets.entryFor(offset);
    this.#forget(entry);
    const position = entry === -1 ? 0 : this.#offsets.position(entry);
    this.maxTimestamp = this.#times.lastTimestamp;
    this.offsetOfMaxTimestamp = this.#times.lastOffset;
    this.nextOffset = this.baseOffset;
    this.#bytesSinceEntry = 0;
    scan.start(this.fd, position, this.sizeBytes, this.baseOffset);
    while (scan.next()) {
      if (entry !== -1 && scan.position === position) {
        if (scan.lastOffset !== this.#offsets.lastOffset(entry)) return false;
      }
      const reason = visit(scan);
      if (reason !== null) scan.reject(reason);
      else this.enter(scan.lastOffset, scan.maxTimestamp, scan.position, scan.sizeBytes);
    }
    return entry === -1 || scan.nextPosition > position;
  }

  /** Drops what the indexes say of batches behind that of an entry; -1: everything. */
  #forget(entry: number): void {
    const lastOffset = entry === -1 ? -1 : this.#offsets.lastOffset(entry);
    let timeEntries = this.#times.count;
    while (timeEntries > 0 && this.#times.offset(timeEntries - 1) > lastOffset) timeEntries--;
    this.#offsets.truncateTo(entry + 1);
    this.#times.truncateTo(timeEntries);
  }

  #newOffsets(): OffsetIndex {
    return new OffsetIndex(this.disk, this.path(Suffix.index), this.baseOffset);
  }

  #newTimes(): TimeIndex {
    return new TimeIndex(this.disk, this.path(Suffix.timeIndex), this.baseOffset);
  }
}

/** The state of a segment before a run is written to it. */
export interface SegmentMark {
  readonly sizeBytes: number;
  readonly nextOffset: number;
  readonly maxTimestamp: number;
  readonly offsetOfMaxTimestamp: number;
  readonly firstTimestamp: number;
  readonly bytesSinceEntry: number;
  readonly offsetEntries: number;
  readonly timeEntries: number;
}
