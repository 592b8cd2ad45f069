import * as zlib from 'node:zlib';
import { CodecError } from '../codecs.js';
import type { Sink } from './sink.js';
import { type ZstdFrame, zstdFrameAt } from './zstd-frame.js';
import { wasmCompress, wasmDecompress } from './zstd-wasm.js';

/** What Node's zlib has from 22.15 on, and the types of Node 20 do not know. */
interface NodeZstd {
  zstdDecompressSync?: (view: Uint8Array, options: { maxOutputLength: number }) => Buffer;
  zstdCompressSync?: (view: Uint8Array, options: { params: Record<number, number> }) => Buffer;
}

const nodeZstd = zlib as NodeZstd;
/** `ZSTD_c_compressionLevel`. */
const levelParameter = 100;

const corrupt = (what: string): CodecError => new CodecError('corrupt', `Zstandard: ${what}`);

/** Reads frames one after the other, skippable ones among them. */
export function readZstd(view: Uint8Array, sink: Sink): void {
  if (view.length === 0) throw corrupt('no frame');
  for (let at = 0; at < view.length; ) {
    const frame = zstdFrameAt(view, at);
    if (!frame.skippable) {
      sink.refuseBeyond(Math.max(frame.contentBytes, frame.leastContentBytes));
      const plain = readFrame(view.subarray(at, frame.endOffset), frame, sink);
      if (frame.contentBytes >= 0 && plain.length !== frame.contentBytes) {
        throw corrupt('the content is not as long as announced');
      }
      sink.write(plain);
    }
    at = frame.endOffset;
  }
}

function readFrame(bytes: Uint8Array, frame: ZstdFrame, sink: Sink): Uint8Array {
  // A damaged frame may want more than its headers allow: that is not the sink's limit.
  const mostBytes = frame.contentBytes >= 0 ? frame.contentBytes : frame.mostContentBytes;
  const capacity = Math.min(mostBytes, sink.roomBytes);
  try {
    return nodeZstd.zstdDecompressSync === undefined
      ? wasmDecompress(bytes, capacity)
      : readWithNode(bytes, capacity);
  } catch (error) {
    const isTooLarge = error instanceof CodecError && error.code === 'too-large';
    if (isTooLarge && mostBytes <= sink.roomBytes) throw corrupt('more content than announced');
    throw error;
  }
}

function readWithNode(bytes: Uint8Array, capacity: number): Uint8Array {
  try {
    // zlib wants a bound of 1 at least; the sink refuses that one byte if it has no room.
    return nodeZstd.zstdDecompressSync!(bytes, { maxOutputLength: Math.max(1, capacity) });
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw isTooLarge
      ? new CodecError('too-large', `Zstandard: more than ${capacity} bytes`)
      : corrupt((error as Error).message);
  }
}

export function writeZstd(view: Uint8Array, level: number): Uint8Array {
  if (nodeZstd.zstdCompressSync === undefined) return wasmCompress(view, level);
  return nodeZstd.zstdCompressSync(view, { params: { [levelParameter]: level } });
}
