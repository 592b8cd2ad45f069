import { assertRange, CodecError, type Codecs, Compression, compressionLevel } from '../codecs.js';
import { checkBatch } from './check-batch.js';
import { crc32cCombine, crc32cTable } from './crc32c-table.js';
import { readGzip, writeGzip } from './gzip.js';
import { readLz4Frame, writeLz4Frame } from './lz4-frame.js';
import { type Crc32Package, crc32Package } from './packages.js';
import { Sink } from './sink.js';
import { readSnappy, writeSnappy } from './snappy-frame.js';
import { readZstd, writeZstd } from './zstd.js';

/** The codecs without the addon: npm packages where they exist, Node's zlib, and TypeScript. */
export class FallbackCodecs implements Codecs {
  readonly name = 'fallback';
  readonly #crc32: Crc32Package | undefined = crc32Package();

  crc32c(view: Uint8Array, start: number, end: number, seed = 0): number {
    assertRange(view, start, end);
    if (this.#crc32 === undefined) return crc32cTable(view, start, end, seed);
    return this.#crc32.crc32c(view.subarray(start, end), seed);
  }

  crc32cCombine(crcA: number, crcB: number, lengthB: number): number {
    return crc32cCombine(crcA, crcB, lengthB);
  }

  decompress(
    compression: number,
    view: Uint8Array,
    start: number,
    end: number,
    out: Uint8Array,
    outStart: number,
  ): number {
    assertRange(out, outStart, out.length);
    const sink = Sink.into(out, outStart);
    read(compression, rangeOf(view, start, end), sink);
    return sink.length;
  }

  inflate(
    compression: number,
    view: Uint8Array,
    start: number,
    end: number,
    maxBytes: number,
  ): Uint8Array {
    const sink = Sink.growing(maxBytes);
    read(compression, rangeOf(view, start, end), sink);
    return sink.view();
  }

  compress(
    compression: number,
    view: Uint8Array,
    start: number,
    end: number,
    level?: number,
  ): Uint8Array {
    const range = rangeOf(view, start, end);
    switch (compression) {
      case Compression.gzip:
        return writeGzip(range, compressionLevel(compression, level));
      case Compression.snappy:
        return writeSnappy(range);
      case Compression.lz4:
        return writeLz4Frame(range);
      case Compression.zstd:
        return writeZstd(range, compressionLevel(compression, level));
      default:
        throw unknownCompression(compression);
    }
  }

  checkBatch(
    view: Uint8Array,
    start: number,
    end: number,
    flags: number,
    maxInflatedBytes: number,
    out: Float64Array,
  ): number {
    assertRange(view, start, end);
    return checkBatch(this, view, start, end, flags, maxInflatedBytes, out);
  }
}

function read(compression: number, view: Uint8Array, sink: Sink): void {
  if (compression === Compression.gzip) readGzip(view, sink);
  else if (compression === Compression.snappy) readSnappy(view, sink);
  else if (compression === Compression.lz4) readLz4Frame(view, sink);
  else if (compression === Compression.zstd) readZstd(view, sink);
  else throw unknownCompression(compression);
}

function unknownCompression(compression: number): CodecError {
  return new CodecError('unsupported', `no compression with the id ${compression}`);
}

function rangeOf(view: Uint8Array, start: number, end: number): Uint8Array {
  assertRange(view, start, end);
  return view.subarray(start, end);
}
