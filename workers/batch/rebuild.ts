/**
 * Batches that have to be made anew: the topic demands another compression, or a client numbered its
 * records wrongly. The only places where a partition makes payload bytes; each is counted.
 */
import { BATCH_HEADER_BYTES, compression } from '../../engine/protocol/kafka/record-batch.js';
import { type Codecs, Compression } from '../../native/codecs.js';
import { sealBatch } from './header.js';
import { renumberRecords } from './renumber.js';

/** Where payload bytes are copied or made. */
export type CopySite = 'recompress' | 'renumber' | 'encode' | 'decode' | 'cache';

/** Counts payload bytes made at a site. */
export type CountCopy = (site: CopySite, sizeBytes: number) => void;

export interface RebuildTarget {
  readonly compression: number;
  /** Null: the codec's default. */
  readonly level: number | null;
  /** Give the records the offset deltas 0, 1, 2 … */
  readonly renumber: boolean;
  readonly maxInflatedBytes: number;
}

/**
 * The batch `view[start, end)`, already checked, in memory of its own with other compression or record
 * numbers. Throws CodecError.
 */
export function rebuildBatch(
  codecs: Codecs,
  view: Uint8Array,
  start: number,
  end: number,
  target: RebuildTarget,
  count: CountCopy,
): Uint8Array {
  const source = compression(view, start);
  const from = start + BATCH_HEADER_BYTES;
  let records =
    source === Compression.none
      ? view.subarray(from, end)
      : codecs.inflate(source, view, from, end, target.maxInflatedBytes);
  if (target.renumber) {
    records = renumberRecords(records);
    count('renumber', records.length);
  }
  if (target.compression !== Compression.none) {
    records = codecs.compress(
      target.compression,
      records,
      0,
      records.length,
      target.level ?? undefined,
    );
  }
  const batch = new Uint8Array(BATCH_HEADER_BYTES + records.length);
  batch.set(view.subarray(start, from));
  batch.set(records, BATCH_HEADER_BYTES);
  sealBatch(codecs, batch, target.compression);
  count('recompress', records.length);
  return batch;
}
