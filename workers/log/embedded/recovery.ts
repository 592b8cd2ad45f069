import { emptyBatch } from '../../batch/empty-batch.js';
import { LogFault } from '../log.js';
import { BatchScan } from './batch-scan.js';
import { faultOf } from './fault.js';
import { segmentSuffixes } from './file-name.js';
import type { LeaderEpochs } from './leader-epochs.js';
import type { EmbeddedLogOptions } from './options.js';
import type { Segment } from './segment.js';
import type { Segments } from './segments.js';
import { removeIfThere, writeFully } from './small-file.js';
import type { SnapshotFiles } from './snapshot-files.js';
import { holdsSoundBatch } from './sound-batch.js';
import { markSyncFailure, rewrite } from './sync-failure.js';

const bufferBytes = 2 ** 20;
/** Bytes after which the thread looks after its other work. */
const turnBytes = 16 * 2 ** 20;

/** What a recovery did. */
export interface RecoveryTally {
  /** Whose CRC was computed. */
  scannedBytes: number;
  /** Removed, damaged or behind damage. */
  cutBytes: number;
  /** Walked to rebuild producer state. */
  replayedBytes: number;
  /** Written again, because a sync of them had failed. */
  rewrittenBytes: number;
}

/**
 * Brings the segments to a state that can be appended to: completes indexes, verifies every batch from the recovery
 * point on, rebuilds producer state and epochs, cuts a torn tail. Throws LogFault 'corrupt' for damage
 * that is not a torn tail, unless the log is one that may be cut.
 */
export class Recovery {
  readonly tally: RecoveryTally = {
    scannedBytes: 0,
    cutBytes: 0,
    replayedBytes: 0,
    rewrittenBytes: 0,
  };
  readonly #options: EmbeddedLogOptions;
  readonly #segments: Segments;
  readonly #epochs: LeaderEpochs;
  /** From this offset on CRCs are verified. */
  #verifyFrom: number;
  readonly #scan: BatchScan;
  #bytesAtTurn = 0;
  /** Since the last sync. */
  #wasCut = false;

  constructor(
    options: EmbeddedLogOptions,
    segments: Segments,
    epochs: LeaderEpochs,
    verifyFrom: number,
  ) {
    this.#options = options;
    this.#segments = segments;
    this.#epochs = epochs;
    this.#verifyFrom = verifyFrom;
    this.#scan = new BatchScan(options.disk, bufferBytes);
  }

  /**
   * Writes everything from the recovery point on again and syncs it, after `run`, for a log of which a sync had
   * failed: what was found in the page cache may not be on the disk.
   */
  rewrite(): void {
    const { disk, recoveryPoint } = this.#options;
    const { all } = this.#segments;
    const first = this.#segments.indexFor(recoveryPoint);
    for (const segment of all.slice(first)) {
      const from =
        segment.baseOffset >= recoveryPoint ? 0 : segment.offsets.positionFor(recoveryPoint);
      rewrite(disk, segment, from);
      this.tally.rewrittenBytes += segment.sizeBytes - from;
    }
    this.#sync(first);
  }

  async run(snapshots: SnapshotFiles): Promise<void> {
    const { recoveryPoint, logStartOffset, dir, durability, report } = this.#options;
    await this.#settle(snapshots);
    const logEndOffset = this.#segments.active.nextOffset;
    // Records may be deleted before they are synced: the start is then all that is known of them.
    const knownEndOffset = Math.max(recoveryPoint, logStartOffset);
    if (logEndOffset >= knownEndOffset) return;
    const message = `the log ends at ${logEndOffset}, but had reached ${knownEndOffset}`;
    if (durability === 'fsync') throw new LogFault('corrupt', message);
    report({
      level: 'error',
      message,
      fields: { dir, recoveryPoint, logStartOffset, logEndOffset },
    });
    if (this.#verifyFrom > 0) {
      this.#verifyFrom = 0;
      await this.#settle(snapshots);
    }
    this.#spanLoss(knownEndOffset);
  }

  /** Walks until snapshot and log agree. */
  async #settle(snapshots: SnapshotFiles): Promise<void> {
    for (;;) {
      const known = snapshots.loadNewest(Number.POSITIVE_INFINITY);
      this.#options.visitor.snapshot(known?.entries ?? []);
      await this.#pass(known?.offset ?? 0);
      const { nextOffset } = this.#segments.active;
      if (known === null || known.offset <= nextOffset) return;
      // The snapshot speaks of records that are gone.
      snapshots.removeAbove(nextOffset);
    }
  }

  /** One walk over everything that has to be verified, or replayed to rebuild producer state. */
  async #pass(replayFrom: number): Promise<void> {
    const from = Math.min(this.#verifyFrom, replayFrom);
    const before = this.tally.scannedBytes;
    const first = this.#segments.indexFor(from);
    for (let index = first; index < this.#segments.all.length; index++) {
      this.#walk(this.#segments.all[index]!, from, replayFrom);
      if (this.#scan.fault !== null) this.#cut(index, this.#scan.fault);
      else if (this.#lacksItsEnd(index)) this.#cut(index, 'the end of the segment is missing');
      await this.#breathe();
    }
    if (this.#wasCut || this.tally.scannedBytes > before) this.#sync(first);
    this.#wasCut = false;
  }

  #walk(segment: Segment, from: number, replayFrom: number): void {
    const { codecs, visitor } = this.#options;
    segment.walkFrom(from, this.#scan, (scan) => {
      if (scan.baseOffset >= this.#verifyFrom) {
        if (!scan.crcMatches(codecs)) return 'the CRC does not fit';
        this.tally.scannedBytes += scan.sizeBytes;
      }
      this.#epochs.assign(scan.leaderEpoch, scan.baseOffset);
      if (scan.baseOffset >= replayFrom) {
        if (scan.isControl && !scan.load()) return 'a control batch is cut off';
        this.tally.replayedBytes += scan.sizeBytes;
        visitor.batch(scan.view, scan.at, scan.at + scan.sizeBytes);
      }
      return null;
    });
    if (segment !== this.#segments.active) segment.seal();
  }

  /**
   * Whether records are missing between a segment and the next: it was rolled, and the power went before it was synced.
   * Compaction leaves no such gap; Kafka's does, but syncs before.
   */
  #lacksItsEnd(index: number): boolean {
    const { recoveryPoint, cleanShutdown, config } = this.#options;
    const segment = this.#segments.all[index]!;
    const next = this.#segments.all[index + 1];
    if (next === undefined || cleanShutdown || segment.nextOffset < recoveryPoint) return false;
    if (segment.nextOffset === next.baseOffset) return false;
    return !config.cleanupCompact || !this.#isFollowed(index, segment.sizeBytes);
  }

  /** Cuts the log where a segment's walk has ended, if it may be cut. */
  #cut(index: number, fault: string): void {
    const segment = this.#segments.all[index]!;
    const { nextPosition, nextOffset } = this.#scan;
    const { recoveryPoint, durability, report } = this.#options;
    const fields = {
      file: segment.ownPath,
      position: nextPosition,
      offset: nextOffset,
      reason: fault,
    };
    const isTail = nextOffset >= recoveryPoint && !this.#isFollowed(index, nextPosition);
    if (!isTail && durability === 'fsync') {
      const where = `${fields.file}, byte ${nextPosition}, offset ${nextOffset}`;
      throw new LogFault('corrupt', `damage that is not a torn tail: ${where}: ${fault}`);
    }
    const cutBytes = this.#truncate(index, nextPosition);
    this.#wasCut = true;
    this.tally.cutBytes += cutBytes;
    report({
      level: isTail ? 'warn' : 'error',
      message: isTail
        ? 'cut a torn write off the end of a log'
        : 'cut damaged records off a log, and whatever stood behind them',
      fields: { ...fields, cutBytes },
    });
  }

  /** Whether a sound batch lies anywhere behind the damage, which then is not a torn end. */
  #isFollowed(index: number, position: number): boolean {
    const { disk, codecs } = this.#options;
    const { nextOffset } = this.#scan;
    return this.#segments.all.slice(index).some((segment, i) => {
      const from = i === 0 ? position + 1 : 0;
      return holdsSoundBatch(disk, codecs, segment, from, nextOffset);
    });
  }

  /** Ends the log inside a segment; returns the bytes that are gone. */
  #truncate(index: number, position: number): number {
    const { disk } = this.#options;
    const segment = this.#segments.all[index]!;
    let cutBytes = segment.sizeBytes - position;
    for (const later of this.#segments.all.slice(index + 1)) {
      cutBytes += later.sizeBytes;
      this.#segments.remove(later);
      later.release();
      for (const suffix of segmentSuffixes) removeIfThere(disk, later.path(suffix));
    }
    this.#segments.sizeBytes -= segment.sizeBytes - position;
    segment.sizeBytes = position;
    segment.pin();
    disk.truncate(segment.fd, position);
    return cutBytes;
  }

  /** What readers are about to see must not vanish any more. */
  #sync(first: number): void {
    const { disk, dir } = this.#options;
    for (const segment of this.#segments.all.slice(first)) {
      try {
        disk.fdatasyncNow(segment.fd);
      } catch (error) {
        markSyncFailure(disk, dir);
        throw error;
      }
      segment.syncedBytes = segment.sizeBytes;
      this.#writeIndexes(segment);
    }
    disk.syncDirectory(dir);
  }

  /** They are hints: on a full disk they stay as they are, so that readers are served. */
  #writeIndexes(segment: Segment): void {
    try {
      segment.writeIndexes();
    } catch (error) {
      const { dir, report } = this.#options;
      const { code, message } = faultOf(error, 'cannot write the indexes of a segment');
      if (code !== 'full') throw error;
      report({ level: 'warn', message, fields: { dir, segment: segment.baseOffset } });
    }
  }

  /**
   * Writes one empty batch over the offsets whose records are lost, so that none of them is given again and every
   * reader's position passes them.
   */
  #spanLoss(endOffset: number): void {
    const { disk, codecs } = this.#options;
    const { active } = this.#segments;
    active.pin();
    const epoch = Math.max(0, this.#epochs.highest);
    const batch = emptyBatch(codecs, active.nextOffset, endOffset - 1, epoch);
    this.#epochs.assign(epoch, active.nextOffset);
    const position = active.sizeBytes;
    writeFully(disk, active.fd, [batch], position);
    active.enter(endOffset - 1, -1, position, batch.length);
    active.sizeBytes += batch.length;
    this.#segments.sizeBytes += batch.length;
    this.#sync(this.#segments.all.length - 1);
  }

  async #breathe(): Promise<void> {
    if (this.tally.scannedBytes - this.#bytesAtTurn < turnBytes) return;
    this.#bytesAtTurn = this.tally.scannedBytes;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
