import { CodecError } from '../codecs.js';
import { lz4Package } from './packages.js';
import type { Sink } from './sink.js';
import { xxhash32 } from './xxhash32.js';

/**
 * LZ4 frames around the raw blocks of `lz4-napi`, whose own frame reader knows no bound and
 * refuses the header checksum of old clients.
 */

const magic = 0x184d2204;
const blockBytes = 64 * 1024;
const storedBit = 0x80000000;

const corrupt = (what: string): CodecError => new CodecError('corrupt', `LZ4: ${what}`);

interface FrameHeader {
  blockMaxBytes: number;
  blockChecksums: boolean;
  contentChecksum: boolean;
  /** Announced length of the content, -1 if the frame does not say. */
  contentBytes: number;
  endOffset: number;
}

/**
 * Reads the one frame that `view` starts with; what follows its end mark is ignored, as in Kafka.
 * Linked blocks and dictionaries are refused, as in Kafka.
 */
export function readLz4Frame(view: Uint8Array, sink: Sink): void {
  const header = readHeader(view);
  if (header.contentBytes >= 0) sink.refuseBeyond(header.contentBytes);
  const words = new DataView(view.buffer, view.byteOffset, view.length);
  let at = header.endOffset;
  for (;;) {
    if (view.length - at < 4) throw corrupt('the frame ends before its end mark');
    const word = words.getUint32(at, true);
    at += 4;
    if (word === 0) break;
    const length = word & 0x7fffffff;
    if (length > header.blockMaxBytes) throw corrupt('a block is longer than the frame allows');
    const checksumBytes = header.blockChecksums ? 4 : 0;
    if (view.length - at < length + checksumBytes) throw corrupt('a block is cut off');
    if (
      header.blockChecksums &&
      words.getUint32(at + length, true) !== xxhash32(view, at, at + length)
    ) {
      throw corrupt('a block has a wrong checksum');
    }
    const block = view.subarray(at, at + length);
    sink.write(word >= storedBit ? block : inflateBlock(block, header.blockMaxBytes));
    at += length + checksumBytes;
  }
  finish(header, words, at, sink);
}

function finish(header: FrameHeader, words: DataView, at: number, sink: Sink): void {
  const content = sink.view();
  if (header.contentBytes >= 0 && header.contentBytes !== content.length) {
    throw corrupt('the content is not as long as announced');
  }
  if (!header.contentChecksum) return;
  if (words.byteLength - at < 4) throw corrupt('the content checksum is cut off');
  if (words.getUint32(at, true) !== xxhash32(content, 0, content.length)) {
    throw corrupt('the content has a wrong checksum');
  }
}

function readHeader(view: Uint8Array): FrameHeader {
  if (view.length < 7) throw corrupt('no frame header');
  const words = new DataView(view.buffer, view.byteOffset, view.length);
  if (words.getUint32(0, true) !== magic) throw corrupt('no frame magic');
  const flags = view[4]!;
  const descriptor = view[5]!;
  if (flags >>> 6 !== 1) throw corrupt('not frame version 1');
  if ((flags & 0x20) === 0) throw new CodecError('unsupported', 'LZ4: linked blocks');
  if ((flags & 0x03) !== 0) throw corrupt('reserved flags or a dictionary');
  const sizeCode = descriptor >>> 4;
  if ((descriptor & 0x8f) !== 0 || sizeCode < 4) throw corrupt('no known block size');
  const hasContentSize = (flags & 0x08) !== 0;
  const checksumOffset = hasContentSize ? 14 : 6;
  if (view.length <= checksumOffset) throw corrupt('the frame header is cut off');
  // Java clients before 0.10 hashed the magic too (KAFKA-3160).
  const right = (xxhash32(view, 4, checksumOffset) >>> 8) & 0xff;
  const old = (xxhash32(view, 0, checksumOffset) >>> 8) & 0xff;
  const stored = view[checksumOffset]!;
  if (stored !== right && stored !== old) throw corrupt('the frame header has a wrong checksum');
  return {
    blockMaxBytes: 2 ** (2 * sizeCode + 8),
    blockChecksums: (flags & 0x10) !== 0,
    contentChecksum: (flags & 0x04) !== 0,
    contentBytes: hasContentSize
      ? words.getUint32(10, true) * 2 ** 32 + words.getUint32(6, true)
      : -1,
    endOffset: checksumOffset + 1,
  };
}

/** The package wants the length before the block; the block's greatest length does as well. */
function inflateBlock(block: Uint8Array, blockMaxBytes: number): Uint8Array {
  const prefixed = Buffer.allocUnsafe(4 + block.length);
  prefixed.writeUInt32LE(blockMaxBytes, 0);
  prefixed.set(block, 4);
  try {
    return lz4Package().uncompressSync(prefixed);
  } catch (error) {
    throw corrupt(error instanceof Error ? error.message : String(error));
  }
}

/** One frame of independent 64 KiB blocks without checksums, as the Java client writes it. */
export function writeLz4Frame(view: Uint8Array): Uint8Array {
  const header = Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0);
  header[6] = (xxhash32(header, 4, 6) >>> 8) & 0xff;
  const pieces: Uint8Array[] = [header];
  for (let at = 0; at < view.length; at += blockBytes) {
    const block = view.subarray(at, at + blockBytes);
    const packed = lz4Package()
      .compressSync(Buffer.from(block.buffer, block.byteOffset, block.length))
      .subarray(4);
    const stored = packed.length >= block.length;
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32LE(stored ? block.length + storedBit : packed.length, 0);
    pieces.push(length, stored ? block : packed);
  }
  pieces.push(new Uint8Array(4));
  return Buffer.concat(pieces);
}
