import { dirname, join } from 'node:path';
import { type LogConfig, LogFault } from '../log.js';
import { EmbeddedLog, type RecoveredLog } from './embedded-log.js';
import { faultOf } from './fault.js';
import {
  cleanedSuffix,
  deletedSuffix,
  isSegmentSuffix,
  offsetFile,
  parseOffsetFile,
  type SegmentSuffix,
  Suffix,
  segmentSuffixes,
  swapSuffix,
} from './file-name.js';
import { LeaderEpochs } from './leader-epochs.js';
import { openSegments } from './open-segments.js';
import type { EmbeddedLogOptions } from './options.js';
import { Recovery, type RecoveryTally } from './recovery.js';
import { Segment } from './segment.js';
import { Segments } from './segments.js';
import { readWhole, removeIfThere, replaceWhole } from './small-file.js';
import { SnapshotFiles } from './snapshot-files.js';
import { finishSwaps } from './swap.js';
import { clearSyncFailure, hasSyncFailure } from './sync-failure.js';

/**
 * Opens the log of a partition, creating it if it is not there, through recovery if the last process did not end in
 * order. The visitor is told of producer state before this resolves.
 *
 * Throws LogFault: 'corrupt' for damage that may not be cut, 'storage' or 'full' for what the disk says.
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<EmbeddedLog> {
  const startedMs = options.clock();
  const segments = new Segments();
  try {
    createDirectory(options);
    // Segments obey the config of the log that they will belong to.
    let log: EmbeddedLog | null = null;
    const config = () => log?.config ?? options.config;
    const verifyFrom = options.cleanShutdown ? Number.POSITIVE_INFINITY : options.recoveryPoint;
    const recovered = await recover(options, segments, config, verifyFrom);
    log = new EmbeddedLog(options, recovered);
    const { scannedBytes, cutBytes, rewrittenBytes } = recovered.tally;
    if (scannedBytes + cutBytes + rewrittenBytes > 0) {
      const tookMs = options.clock() - startedMs;
      const fields = { dir: options.dir, scannedBytes, cutBytes, rewrittenBytes, tookMs };
      options.report({ level: 'info', message: 'recovered a log', fields });
    }
    return log;
  } catch (error) {
    for (const segment of segments.all) segment.release();
    throw faultOf(error, `cannot open ${options.dir}`);
  }
}

/**
 * Verifies every batch of a log that is not open and cuts it at the first damage, whatever stands behind it: what
 * `kopje check --repair` does. Offsets below the recovery point whose records are lost are spanned by
 * an empty batch. Throws LogFault for what the disk says.
 */
export async function repairLog(
  options: Omit<EmbeddedLogOptions, 'durability' | 'cleanShutdown'>,
): Promise<RecoveryTally> {
  const segments = new Segments();
  try {
    const mode = { durability: 'os', cleanShutdown: false } as const;
    const recovered = await recover({ ...options, ...mode }, segments, () => options.config, 0);
    return recovered.tally;
  } catch (error) {
    throw faultOf(error, `cannot repair ${options.dir}`);
  } finally {
    for (const segment of segments.all) segment.release();
  }
}

/** Fills `segments` with what the directory holds, sound and ready to append to. */
async function recover(
  options: EmbeddedLogOptions,
  segments: Segments,
  config: () => LogConfig,
  verifyFrom: number,
): Promise<RecoveredLog> {
  const { disk, dir } = options;
  const stock = takeStock(options);
  const epochs = new LeaderEpochs(disk, dir);
  epochs.load();
  const snapshots = new SnapshotFiles(disk, dir, options.codecs, stock.snapshots);
  for (const { offset, suffix } of stock.segments) {
    const segment = new Segment(disk, dir, offset, openSegments, config, suffix);
    segment.measure();
    segments.add(segment);
  }
  const isNew = segments.all.length === 0;
  if (isNew) {
    const segment = new Segment(disk, dir, options.logStartOffset, openSegments, config);
    segment.create(options.clock());
    segments.add(segment);
  }
  const recovery = new Recovery(options, segments, epochs, verifyFrom);
  await recovery.run(snapshots);
  if (stock.syncFailed) {
    recovery.rewrite();
    clearSyncFailure(disk, dir);
  }
  const { active } = segments;
  active.pin();
  epochs.truncateTo(active.nextOffset);
  const logStartOffset = startOffset(options, segments);
  epochs.trim(logStartOffset);
  // A kill between making the segment and its first write may have left its name unsynced.
  const isNameUnsynced = isNew || (!options.cleanShutdown && active.sizeBytes === 0);
  return { segments, epochs, snapshots, logStartOffset, isNameUnsynced, tally: recovery.tally };
}

/** The directory with its `partition.metadata` and a first segment: durable before anything else is. */
function createDirectory({ disk, dir, topicId, logStartOffset }: EmbeddedLogOptions): void {
  const isNew = disk.mkdir(dir);
  // Made here, its name is synced with the other's, and not once more by the first flush.
  if (isNew) disk.close(disk.open(offsetFile(dir, logStartOffset, Suffix.log), 'create'));
  const path = join(dir, 'partition.metadata');
  if (isNew || readWhole(disk, path) === null) {
    const text = `version: 0\ntopic_id: ${topicId}\n`;
    replaceWhole(disk, path, new TextEncoder().encode(text));
  }
  if (isNew) disk.syncDirectory(dirname(dir));
}

/** What lies in a partition's directory. */
interface Stock {
  /** By base offset, ascending. */
  readonly segments: readonly { offset: number; suffix: SegmentSuffix }[];
  readonly snapshots: number[];
  /** A sync had failed, and what it was for was not written again. */
  readonly syncFailed: boolean;
}

/** Removes leftovers, finishes what a compaction had begun to put in place, and tells what is there. */
function takeStock({ disk, dir }: EmbeddedLogOptions): Stock {
  let names = disk.readdir(dir);
  for (const name of names) {
    if (name.endsWith(cleanedSuffix) || name.endsWith(deletedSuffix)) {
      removeIfThere(disk, join(dir, name));
    }
  }
  if (names.some((name) => name.endsWith(swapSuffix))) {
    finishSwaps(disk, dir);
    names = disk.readdir(dir);
  }
  const files = names.map(parseOffsetFile).filter((file) => file !== null);
  const offsets = (suffix: string) =>
    files.filter((file) => file.suffix === suffix).map((file) => file.offset);
  const segments = ownFiles(dir, files);
  const starts = new Set(segments.map(({ offset }) => offset));
  for (const { offset, suffix } of files) {
    if ((segmentSuffixes as string[]).includes(suffix) && !starts.has(offset)) {
      removeIfThere(disk, offsetFile(dir, offset, suffix));
    }
  }
  const syncFailed = hasSyncFailure(disk, dir, names);
  return { segments, snapshots: offsets(Suffix.snapshot), syncFailed };
}

/** The files with the batches or entries, by offset. */
function ownFiles(
  dir: string,
  files: readonly { offset: number; suffix: string }[],
): Stock['segments'] {
  const own = new Map<number, SegmentSuffix>();
  for (const { offset, suffix } of files) {
    if (!isSegmentSuffix(suffix)) continue;
    if (own.has(offset)) {
      throw new LogFault('corrupt', `${dir} has two segments that begin at offset ${offset}`);
    }
    own.set(offset, suffix);
  }
  return [...own]
    .map(([offset, suffix]) => ({ offset, suffix }))
    .sort((a, b) => a.offset - b.offset);
}

/** The checkpoint's, inside what there is. */
function startOffset({ logStartOffset }: EmbeddedLogOptions, segments: Segments): number {
  const first = segments.first.baseOffset;
  return Math.min(Math.max(first, logStartOffset), segments.active.nextOffset);
}
