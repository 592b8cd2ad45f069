import { dirname, join } from 'node:path';
import { type LogConfig, LogFault } from '../log.js';
import { EmbeddedLog } from './embedded-log.js';
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
import type { EmbeddedLogOptions } from './options.js';
import type { RecoveredLog } from './recovered-log.js';
import { Recovery, type RecoveryTally } from './recovery.js';
import { RecoveryPointFile } from './recovery-point-file.js';
import { Segment } from './segment.js';
import { Segments } from './segments.js';
import { readWhole, removeIfThere, replaceWhole } from './small-file.js';
import { SnapshotFiles } from './snapshot-files.js';
import { finishSwaps } from './swap.js';

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
    const recovered = await recover(options, segments, config, false);
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
    const recovered = await recover({ ...options, ...mode }, segments, () => options.config, true);
    return recovered.tally;
  } catch (error) {
    throw faultOf(error, `cannot repair ${options.dir}`);
  } finally {
    for (const segment of segments.all) segment.release();
  }
}

/** Fills `segments` with what the directory holds, sound and ready to append to. */
async function recover(
  given: EmbeddedLogOptions,
  segments: Segments,
  config: () => LogConfig,
  verifyAll: boolean,
): Promise<RecoveredLog> {
  const { disk, dir, cleanShutdown } = given;
  const note = new RecoveryPointFile(disk, dir, given.codecs);
  const noted = note.load();
  const options = { ...given, recoveryPoint: Math.max(given.recoveryPoint, noted ?? 0) };
  const stock = takeStock(options);
  const epochs = new LeaderEpochs(disk, dir);
  epochs.load();
  const snapshots = new SnapshotFiles(disk, dir, options.codecs, stock.snapshots);
  for (const { offset, suffix } of stock.segments) {
    const segment = new Segment(disk, dir, offset, config, suffix);
    segment.measure();
    segments.add(segment);
  }
  const isNew = segments.all.length === 0;
  if (isNew) {
    const segment = new Segment(disk, dir, options.logStartOffset, config);
    segment.create(options.clock());
    segments.add(segment);
  }
  const verifyFrom = cleanShutdown ? Number.POSITIVE_INFINITY : options.recoveryPoint;
  const recovery = new Recovery(
    options,
    segments,
    epochs,
    verifyAll ? 0 : verifyFrom,
    noted !== null,
  );
  await recovery.run(snapshots);
  const { active } = segments;
  active.pin();
  // Other segments, also of other logs, may have closed it meanwhile: it must be walked before it is written to.
  active.settle();
  epochs.truncateTo(active.nextOffset);
  const logStartOffset = startOffset(options, segments);
  epochs.trim(logStartOffset);
  const { stableEndOffset, tally } = recovery;
  if (noted === null) {
    note.store(stableEndOffset, true);
    disk.syncDirectory(dir);
  }
  // A kill between making the segment and its first write may have left its name unsynced.
  const isUnsynced = active.sizeBytes === 0 || stableEndOffset < active.nextOffset;
  return {
    segments,
    epochs,
    snapshots,
    note,
    logStartOffset,
    stableEndOffset,
    isNameUnsynced: isNew || (!cleanShutdown && isUnsynced),
    tally,
  };
}

/** The directory with its `partition.metadata` and a first segment: durable before anything else is. */
function createDirectory(options: EmbeddedLogOptions): void {
  const { disk, dir, topicId, logStartOffset, codecs } = options;
  const isNew = disk.mkdir(dir);
  if (isNew) {
    // Made here, their names are synced with the other's, and not once more by the first flush.
    disk.close(disk.open(offsetFile(dir, logStartOffset, Suffix.log), 'create'));
    new RecoveryPointFile(disk, dir, codecs).create();
  }
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
  return { segments, snapshots: offsets(Suffix.snapshot) };
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
