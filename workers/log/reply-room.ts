import type { ReplyMemory } from './log.js';

/** A range of reply memory; start -1: there is not even what is needed. */
export interface ReplyRoom {
  start: number;
  sizeBytes: number;
}

/**
 * As much as there is of `wantedBytes`, `neededBytes` at least: small or crowded memory has room for less, and the
 * reader comes again for the rest.
 */
export function roomFor(memory: ReplyMemory, wantedBytes: number, neededBytes: number): ReplyRoom {
  let sizeBytes = wantedBytes;
  let start = memory.allocate(sizeBytes);
  while (start === -1 && sizeBytes > neededBytes) {
    sizeBytes = Math.max(neededBytes, sizeBytes >>> 1);
    start = memory.allocate(sizeBytes);
  }
  return { start, sizeBytes };
}
