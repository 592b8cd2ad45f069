import { emptyBatch } from '../../batch/empty-batch.js';
import { LogFault } from '../log.js';
import { BatchScan } from './batch-scan.js';
import { faultOf } from './fault.js';
import { segmentSuffixes } from './file-name.js';
import type { LeaderEpochs } from './leader-epochs.js';
import type { EmbeddedLogOptions } from './options.js';
import { rewrite } from './rewrite.js';
import type { Segment } from './segment.js';
import type { Segments } from './segments.js';
import { removeIfThere, writeFully } from './small-file.js';
import type { SnapshotFiles } from './snapshot-files.js';

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
  /** Written again, because no sync is known to have covered them. */
  rewrittenBytes: number;
}

/** Where what may not be synced begins: at the first batch at or beyond the recovery point. */
interface UnsyncedStart {
  readonly segment: Segment;
  readonly position: number;
}

/**
 * Brings the segments to a state that can be appended to: completes indexes, verifies every batch from the recovery
 * point on and cuts the log where one is damaged, writes again what is left of them, rebuilds producer state and
 * epochs. Throws LogFault 'corrupt' for damage below the recovery point, unless the log is one that may be cut.
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
  /** A thread of ours has noted how far it was synced. */
  readonly #isOurs: boolean;
  readonly #scan: BatchScan;
  #bytesAtTurn = 0;
  #wasCut = false;
  #unsynced: UnsyncedStart | null = null;

  constructor(
    options: EmbeddedLogOptions,
    segments: Segments,
    epochs: LeaderEpochs,
    verifyFrom: number,
    isOurs: boolean,
  ) {
    this.#options = options;
    this.#segments = segments;
    this.#epochs = epochs;
    this.#verifyFrom = verifyFrom;
    this.#isOurs = isOurs;
    this.#scan = new BatchScan(options.disk, bufferBytes);
  }

  async run(snapshots: SnapshotFiles): Promise<void> {
    const { recoveryPoint, logStartOffset, dir, durability, report } = this.#options;
    await this.#settle(snapshots);
    const logEndOffset = this.#segments.active.nextOffset;
    // Records may be deleted before they are synced: the start is then all that is known of them.
    const knownEndOffset = Math.max(recoveryPoint, logStartOffset);
    if (logEndOffset < knownEndOffset) {
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
    if (!this.#options.cleanShutdown) this.#secure();
  }

  /** Up to here all is on the disk. */
  get stableEndOffset(): number {
    const { all, active } = this.#segments;
    const isSynced = all.every(({ syncedBytes, sizeBytes }) => syncedBytes === sizeBytes);
    return isSynced ? active.nextOffset : this.#options.recoveryPoint;
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
      this.#options.disk.syncDirectory(this.#options.dir);
    }
  }

  /** One walk over everything that has to be verified, or replayed to rebuild producer state. */
  async #pass(replayFrom: number): Promise<void> {
    const from = Math.min(this.#verifyFrom, replayFrom);
    this.#unsynced = null;
    for (let index = this.#segments.indexFor(from); index < this.#segments.all.length; index++) {
      this.#walk(this.#segments.all[index]!, from, replayFrom);
      if (this.#scan.fault !== null) this.#cut(index, this.#scan.fault);
      else if (this.#lacksItsEnd(index)) this.#cut(index, 'the end of the segment is missing');
      await this.#breathe();
    }
  }

  #walk(segment: Segment, from: number, replayFrom: number): void {
    const { codecs, visitor, recoveryPoint } = this.#options;
    segment.walkFrom(from, this.#scan, (scan) => {
      if (scan.baseOffset >= this.#verifyFrom) {
        if (!scan.crcMatches(codecs)) return 'the CRC does not fit';
        this.tally.scannedBytes += scan.sizeBytes;
      }
      if (scan.baseOffset >= recoveryPoint) {
        this.#unsynced ??= { segment, position: scan.position };
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
   * Compaction leaves no such gap; Kafka's does, in logs that no thread of ours has noted anything of.
   */
  #lacksItsEnd(index: number): boolean {
    const { recoveryPoint, cleanShutdown, config } = this.#options;
    const segment = this.#segments.all[index]!;
    const next = this.#segments.all[index + 1];
    if (next === undefined || cleanShutdown || segment.nextOffset < recoveryPoint) return false;
    if (segment.nextOffset === next.baseOffset) return false;
    return !config.cleanupCompact || this.#isOurs;
  }

  /**
   * Cuts the log where a segment's walk has ended, if it may be cut. What stands behind damage that was never synced was
   * not synced either, sound or not: a disk writes what it is given in any order.
   */
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
    const wasSynced = nextOffset < recoveryPoint;
    if (wasSynced && durability === 'fsync') {
      const where = `${fields.file}, byte ${nextPosition}, offset ${nextOffset}`;
      throw new LogFault('corrupt', `damage to what was synced: ${where}: ${fault}`);
    }
    const cutBytes = this.#truncate(index, nextPosition);
    this.#wasCut = true;
    this.tally.cutBytes += cutBytes;
    report({
      level: wasSynced ? 'error' : 'warn',
      message: wasSynced
        ? 'cut damaged records off a log, and whatever stood behind them'
        : 'cut the end of a log, which had not been synced',
      fields: { ...fields, cutBytes },
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
    segment.syncedBytes = Math.min(segment.syncedBytes, position);
    segment.pin();
    disk.truncate(segment.fd, position);
    return cutBytes;
  }

  /**
   * Writes again what no sync is known to have covered. If one failed that nobody heard of, the kernel holds the pages for
   * clean: the next sync would report success and write nothing. With `durability=fsync` it is synced before
   * readers see it.
   */
  #secure(): void {
    const { disk, dir, durability } = this.#options;
    const start = this.#unsynced;
    const { all } = this.#segments;
    const unsynced = start === null ? [] : all.slice(all.indexOf(start.segment));
    for (const segment of unsynced) {
      const from = segment === start?.segment ? start.position : 0;
      rewrite(disk, segment, from);
      segment.syncedBytes = from;
      segment.pin();
      this.tally.rewrittenBytes += segment.sizeBytes - from;
      this.#writeIndexes(segment);
    }
    // What was cut off must not come back with the next power cut, among what is written in its place.
    const mayWait = unsynced.length === 0 || (durability === 'os' && this.#isOurs);
    if (mayWait && !this.#wasCut) return;
    this.#sync(unsynced.length > 0 ? unsynced : [this.#segments.active]);
    disk.syncDirectory(dir);
  }

  #sync(segments: readonly Segment[]): void {
    for (const segment of segments) {
      this.#options.disk.fdatasyncNow(segment.fd);
      segment.syncedBytes = segment.sizeBytes;
      if (segment !== this.#segments.active) segment.unpin();
    }
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
    this.#sync([active]);
  }

  async #breathe(): Promise<void> {
    if (this.tally.scannedBytes - this.#bytesAtTurn < turnBytes) return;
    this.#bytesAtTurn = this.tally.scannedBytes;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
