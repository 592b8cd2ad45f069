import type { Disk } from './disk.js';
import type { Segment } from './segment.js';
import { writeFully } from './small-file.js';

const blockBytes = 2 ** 20;

/** Writes the bytes of a segment from a position on over themselves, so that a sync has to write them. */
export function rewrite(disk: Disk, segment: Segment, from: number): void {
  const block = new Uint8Array(Math.min(blockBytes, segment.sizeBytes - from));
  for (let position = from; position < segment.sizeBytes; position += block.length) {
    const wanted = Math.min(block.length, segment.sizeBytes - position);
    const bytes = disk.read(segment.fd, block, 0, wanted, position);
    if (bytes < wanted) throw new Error(`segment ${segment.baseOffset} became shorter`);
    writeFully(disk, segment.fd, [block.subarray(0, wanted)], position);
  }
}
