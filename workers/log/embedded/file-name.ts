import { join } from 'node:path';

/** What a file of a partition's directory holds, by its suffix. */
export const Suffix = {
  /** Kafka's record batches, as Kafka's tools read them. */
  log: '.log',
  /** Pulsar's entries, each in a frame. */
  entries: '.entries',
  index: '.index',
  timeIndex: '.timeindex',
  /** Aborted transactions; written by Kafka only, and removed with its segment. */
  txnIndex: '.txnindex',
  snapshot: '.snapshot',
} as const;

/** On its way out, whatever comes before. */
export const deletedSuffix = '.deleted';
/** Written by a compaction that has not ended. */
export const cleanedSuffix = '.cleaned';
/** Written by a compaction that has ended, and not yet in its place. */
export const swapSuffix = '.swap';

/** Files that belong to one segment. */
export const segmentSuffixes = [
  Suffix.log,
  Suffix.entries,
  Suffix.index,
  Suffix.timeIndex,
  Suffix.txnIndex,
];

/** The suffix of a segment's own file says what it holds. */
export type SegmentSuffix = typeof Suffix.log | typeof Suffix.entries;

export function isSegmentSuffix(suffix: string): suffix is SegmentSuffix {
  return suffix === Suffix.log || suffix === Suffix.entries;
}

/** `<offset, 20 digits><suffix>` in a directory, as Kafka names files. */
export function offsetFile(dir: string, offset: number, suffix: string): string {
  return join(dir, `${String(offset).padStart(20, '0')}${suffix}`);
}

/** The offset and the rest of a name, or null if the name does not begin with 20 digits. */
export function parseOffsetFile(name: string): { offset: number; suffix: string } | null {
  const match = /^(\d{20})(\..+)$/.exec(name);
  if (!match) return null;
  const offset = Number(match[1]);
  return Number.isSafeInteger(offset) ? { offset, suffix: match[2]! } : null;
}
