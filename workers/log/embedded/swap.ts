import { join } from 'node:path';
import { BatchScan } from './batch-scan.js';
import type { Disk } from './disk.js';
import {
  isSegmentSuffix,
  offsetFile,
  parseOffsetFile,
  Suffix,
  segmentSuffixes,
  swapSuffix,
} from './file-name.js';
import { removeIfThere } from './small-file.js';

/**
 * Puts cleaned segments in their place that a crash had left as `.swap`: a segment of that name is complete and
 * synced. The segments that it stands for go first, then it takes its name, so that a crash at any
 * point comes back here.
 */
export function finishSwaps(disk: Disk, dir: string): void {
  const swaps = disk.readdir(dir).filter((name) => name.endsWith(`${Suffix.log}${swapSuffix}`));
  for (const name of swaps) {
    const { offset } = parseOffsetFile(name)!;
    const endOffset = endOfFile(disk, join(dir, name), offset);
    for (const file of disk.readdir(dir).map(parseOffsetFile)) {
      if (file === null || !isSegmentSuffix(file.suffix)) continue;
      if (file.offset < offset || file.offset >= endOffset) continue;
      for (const suffix of segmentSuffixes) {
        removeIfThere(disk, offsetFile(dir, file.offset, suffix));
      }
    }
    // The indexes are made anew from the segment.
    removeIfThere(disk, offsetFile(dir, offset, Suffix.index));
    removeIfThere(disk, offsetFile(dir, offset, Suffix.timeIndex));
    disk.rename(join(dir, name), offsetFile(dir, offset, Suffix.log));
  }
  if (swaps.length > 0) disk.syncDirectory(dir);
  // Indexes are renamed before their segment, and after it: some may be left alone.
  for (const name of disk.readdir(dir)) {
    if (name.endsWith(swapSuffix)) removeIfThere(disk, join(dir, name));
  }
}

/** Offset behind the last batch of a segment file. */
function endOfFile(disk: Disk, path: string, baseOffset: number): number {
  const fd = disk.open(path, 'read');
  try {
    const scan = new BatchScan(disk, 64 * 1024);
    scan.start(fd, 0, disk.sizeBytes(fd), baseOffset);
    while (scan.next());
    return scan.nextOffset;
  } finally {
    disk.close(fd);
  }
}
