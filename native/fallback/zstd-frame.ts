import { CodecError, maxZstdWindowBytes } from '../codecs.js';

/**
 * The outline of a Zstandard frame (RFC 8878): enough to find its end and to refuse it before a
 * decoder, which may know no bound, allocates a window or produces a gigabyte.
 */
export interface ZstdFrame {
  /** Just past the frame. */
  endOffset: number;
  /** A frame that holds no content (RFC 8878, 3.1.2). */
  skippable: boolean;
  /** Announced length of the content, -1 if the frame does not say. */
  contentBytes: number;
  /** Content that the block headers already prove: their raw and run-length blocks. */
  leastContentBytes: number;
  /** Content that the blocks can hold at most. */
  mostContentBytes: number;
}

const magic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
const blockBytesLimit = 128 * 1024;
const dictionaryIdBytes = [0, 1, 2, 4] as const;
const contentSizeBytes = [0, 2, 4, 8] as const;
const BlockType = { raw: 0, runLength: 1, compressed: 2 } as const;

const corrupt = (what: string): CodecError => new CodecError('corrupt', `Zstandard: ${what}`);

/** Unsigned little-endian number of `bytes` bytes. */
function numberAt(view: Uint8Array, at: number, bytes: number): number {
  if (view.length - at < bytes) throw corrupt('a frame is cut off');
  let value = 0;
  for (let i = bytes - 1; i >= 0; i--) value = value * 256 + view[at + i]!;
  return value;
}

/**
 * Walks over the frame at `at`.
 * @throws CodecError 'corrupt' if it is cut off, of no known form or needs a dictionary;
 * 'too-large' for a window above `maxZstdWindowBytes`
 */
export function zstdFrameAt(view: Uint8Array, at: number): ZstdFrame {
  const word = numberAt(view, at, 4);
  if (word >= skippableMagic && word < skippableMagic + 16) {
    const endOffset = at + 8 + numberAt(view, at + 4, 4);
    if (endOffset > view.length) throw corrupt('a skippable frame is cut off');
    return {
      endOffset,
      skippable: true,
      contentBytes: 0,
      leastContentBytes: 0,
      mostContentBytes: 0,
    };
  }
  if (word !== magic) throw corrupt('no frame magic');
  const descriptor = numberAt(view, at + 4, 1);
  if ((descriptor & 0x08) !== 0) throw corrupt('a reserved bit is set');
  const singleSegment = (descriptor & 0x20) !== 0;
  let cursor = at + 5;
  let windowBytes = 0;
  if (!singleSegment) windowBytes = windowSize(numberAt(view, cursor++, 1));
  const idBytes = dictionaryIdBytes[descriptor & 3]!;
  if (numberAt(view, cursor, idBytes) !== 0) {
    throw corrupt('the frame needs a dictionary');
  }
  cursor += idBytes;
  const sizeBytes = singleSegment && descriptor < 0x40 ? 1 : contentSizeBytes[descriptor >>> 6]!;
  let contentBytes = sizeBytes === 0 ? -1 : numberAt(view, cursor, sizeBytes);
  if (sizeBytes === 2) contentBytes += 256;
  cursor += sizeBytes;
  if (singleSegment) windowBytes = contentBytes;
  if (windowBytes > maxZstdWindowBytes) {
    throw new CodecError('too-large', `Zstandard: a window of ${windowBytes} bytes`);
  }
  const blocks = walkBlocks(view, cursor, Math.min(windowBytes, blockBytesLimit));
  const endOffset = blocks.endOffset + ((descriptor & 0x04) === 0 ? 0 : 4);
  if (endOffset > view.length) throw corrupt('a frame checksum is cut off');
  return { ...blocks, endOffset, skippable: false, contentBytes };
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3));
  return base + (base / 8) * (descriptor & 7);
}

function walkBlocks(
  view: Uint8Array,
  start: number,
  blockMaxBytes: number,
): Pick<ZstdFrame, 'endOffset' | 'leastContentBytes' | 'mostContentBytes'> {
  let cursor = start;
  let leastContentBytes = 0;
  let mostContentBytes = 0;
  for (let last = false; !last; ) {
    const header = numberAt(view, cursor, 3);
    last = (header & 1) === 1;
    const type = (header >>> 1) & 3;
    const size = header >>> 3;
    if (type > BlockType.compressed) throw corrupt('a reserved block type');
    if (size > blockMaxBytes) throw corrupt('a block is longer than its frame allows');
    if (type === BlockType.compressed) mostContentBytes += blockMaxBytes;
    else leastContentBytes += size;
    cursor += 3 + (type === BlockType.runLength ? 1 : size);
  }
  if (cursor > view.length) throw corrupt('a block is cut off');
  mostContentBytes += leastContentBytes;
  return { endOffset: cursor, leastContentBytes, mostContentBytes };
}
