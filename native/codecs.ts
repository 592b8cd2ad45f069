/**
 * What the codecs can do, whichever implementation does it: the Rust addon or the fallback in
 * TypeScript. All of it works in place on views (over a SharedArrayBuffer or not).
 */

/** Kafka's compression ids: bits 0-2 of a batch's attributes. */
export const Compression = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;
export type Compression = (typeof Compression)[keyof typeof Compression];

/**
 * Flags of `Codecs.checkBatch`. Without `stored` the rules for a batch from a client hold: base
 * offset 0, no control batch, a sequence where there is a producer id, offsets without holes.
 */
export const BatchCheckFlags = {
  /** Every record must have a key (compacted topics). */
  requireKeys: 1,
  /** `validateRecords=headers`: lengths, CRC and header fields only; no record is looked at. */
  headersOnly: 2,
  /** A batch of a log: any base offset, control batches, holes left by compaction, zero records. */
  stored: 4,
} as const;

/**
 * What is wrong with a batch, in the order in which it is looked for. Kafka answers
 * CORRUPT_MESSAGE for `truncated`, `badLength` and `badCrc`, and INVALID_RECORD for the rest,
 * except where noted.
 */
export const BatchFault = {
  none: 0,
  /** The range ends before the batch does. */
  truncated: 1,
  /** The length field is less than a header, or the range goes on after the batch. */
  badLength: 2,
  /** Not magic 2 (Kafka: INVALID_RECORD for Produce v3+). */
  badMagic: 3,
  /** A client's base offset is not 0. */
  badBaseOffset: 4,
  badCrc: 5,
  /** A compression id above 4. */
  badAttributes: 6,
  /** A client may not write control batches. */
  controlBatch: 7,
  /** The record count is not positive, or not `lastOffsetDelta + 1`. */
  badCount: 8,
  /** A producer id with a negative base sequence. */
  badSequence: 9,
  /** The addon or the fallback has no decoder for it (UNSUPPORTED_COMPRESSION_TYPE). */
  unsupportedCompression: 10,
  corruptCompression: 11,
  /** More than `maxInflatedBytes` (MESSAGE_TOO_LARGE), or a decoder window above its limit. */
  inflatesTooLarge: 12,
  /** A record whose length, varints, key or value do not fit into each other. */
  badRecord: 13,
  /** A negative header count or header key length, or headers past the record's end. */
  badHeaders: 14,
  /** Bytes after the last declared record. */
  trailingBytes: 15,
  keyMissing: 16,
  /**
   * Offset deltas are not 0, 1, 2 … Reported only if nothing else is wrong: Kafka accepts this in
   * plain batches, whose records then claim wrong offsets, and fails to rewrite compressed ones.
   */
  badOffsetDelta: 17,
} as const;
export type BatchFault = (typeof BatchFault)[keyof typeof BatchFault];

/**
 * Slots of the `Float64Array` that `checkBatch` fills. Timestamps are milliseconds; those outside
 * ±2^53 are clamped to it.
 */
export const BatchCheck = {
  /** Index of the first bad record, -1 if the fault is not a record's. */
  recordIndex: 0,
  /** Greatest record timestamp, -1 if none is above -1 (with LogAppendTime: the header's). */
  maxTimestamp: 1,
  /** Offset delta of the first record with `maxTimestamp`, -1 if there is none. */
  offsetOfMaxTimestamp: 2,
  /** Bytes of the records after decompression (0 with `headersOnly`). */
  inflatedBytes: 3,
  /** Least record timestamp other than -1 ("no timestamp"), -1 if there is none. */
  minTimestamp: 4,
  recordCount: 5,
  /** Index of the first record with `minTimestamp`, -1 if there is none. */
  indexOfMinTimestamp: 6,
} as const;

/** Length of the array to pass as `out` of `checkBatch`. */
export const batchCheckSlots = 7;

/** Bytes before the records of a batch v2; the CRC covers everything from byte 21 on. */
export const batchHeaderBytes = 61;

/** A Zstandard frame that wants a longer window than this is refused (`zstd --long` needs it). */
export const maxZstdWindowBytes = 2 ** 27;

const levelRanges: { [compression: number]: { least: number; greatest: number; usual: number } } = {
  [Compression.gzip]: { least: 0, greatest: 9, usual: 6 },
  [Compression.zstd]: { least: -131072, greatest: 22, usual: 3 },
};

/**
 * The level to compress with: gzip 0-9, Zstandard -131072-22 (as `compression.zstd.level`), or
 * their usual one for undefined. Snappy has no levels, and LZ4 uses its fast one only.
 * @throws RangeError
 */
export function compressionLevel(compression: number, level: number | undefined): number {
  const range = levelRanges[compression];
  if (range === undefined) return 0;
  if (level === undefined) return range.usual;
  if (level >= range.least && level <= range.greatest) return level;
  throw new RangeError(`compression level ${level} is not in ${range.least}..${range.greatest}`);
}

/** @throws RangeError unless `[start, end)` lies inside the view */
export function assertRange(view: Uint8Array, start: number, end: number): void {
  if (start >= 0 && start <= end && end <= view.length) return;
  throw new RangeError(`[${start}, ${end}) is not inside a view of ${view.length} bytes`);
}

export type CodecErrorCode = 'corrupt' | 'too-large' | 'unsupported';

/** Compressed bytes that cannot be decompressed: damaged, past a bound, or of an unknown kind. */
export class CodecError extends Error {
  override readonly name = 'CodecError';
  readonly code: CodecErrorCode;

  constructor(code: CodecErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * CRC32C, compression, and the check of a record batch. Ranges are `[start, end)` in bytes and
 * must lie inside the view (RangeError otherwise). Nothing keeps a reference to a view.
 */
export interface Codecs {
  readonly name: 'addon' | 'fallback';

  /** CRC32C of `view[start, end)` as uint32; `seed` continues the CRC of the bytes before. */
  crc32c(view: Uint8Array, start: number, end: number, seed?: number): number;

  /**
   * CRC32C of the concatenation of A and B from their CRCs. It is linear: where A became A' and
   * `crc` was the CRC of both, `crc32cCombine(crcA ^ crcOfNewA, crc, lengthB)` is the new one, so
   * a changed header costs the header and not the records.
   */
  crc32cCombine(crcA: number, crcB: number, lengthB: number): number;

  /**
   * Decompresses `view[start, end)` into `out` from `outStart`; returns the bytes written.
   * @throws CodecError 'too-large' if it does not fit; 'corrupt'; 'unsupported'
   */
  decompress(
    compression: number,
    view: Uint8Array,
    start: number,
    end: number,
    out: Uint8Array,
    outStart: number,
  ): number;

  /**
   * Decompresses into memory of its own, which grows to `maxBytes` at most.
   * @throws CodecError 'too-large' beyond `maxBytes`; 'corrupt'; 'unsupported'
   */
  inflate(
    compression: number,
    view: Uint8Array,
    start: number,
    end: number,
    maxBytes: number,
  ): Uint8Array;

  /**
   * Compresses `view[start, end)` into the framing that Kafka clients write: gzip, Xerial-framed
   * Snappy, an LZ4 frame of independent 64 KiB blocks, Zstandard.
   * @param level see `compressionLevel`
   * @throws CodecError 'unsupported'; RangeError for a level that the codec does not have
   */
  compress(
    compression: number,
    view: Uint8Array,
    start: number,
    end: number,
    level?: number,
  ): Uint8Array;

  /**
   * Checks the one record batch v2 that `view[start, end)` must be, as Kafka's `LogValidator`,
   * `DefaultRecordBatch` and `DefaultRecord` do: header, CRC32C, then every record, compressed
   * ones as they come out of the decoder. Never throws for bad bytes.
   * @param flags of `BatchCheckFlags`
   * @param maxInflatedBytes bound of the decompressed records
   * @param out at least `batchCheckSlots` long, filled by the slots of `BatchCheck`
   * @returns a `BatchFault`
   */
  checkBatch(
    view: Uint8Array,
    start: number,
    end: number,
    flags: number,
    maxInflatedBytes: number,
    out: Float64Array,
  ): number;
}

/** `fdatasync` away from the calling thread: on the addon's threads, or else on libuv's. */
export interface Syncer {
  /**
   * Syncs `fd` and calls `done` later, on the calling thread, with 0 or a positive errno. After
   * `close` no `done` is called.
   */
  sync(fd: number, done: (errno: number) => void): void;
  /** Ends the syncer; it keeps no event loop alive from now on. */
  close(): void;
}
