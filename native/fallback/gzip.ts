import { gunzipSync, gzipSync } from 'node:zlib';
import { CodecError } from '../codecs.js';
import type { Sink } from './sink.js';

/** Reads gzip members one after the other; zero bytes behind the last one are padding. */
export function readGzip(view: Uint8Array, sink: Sink): void {
  let plain: Uint8Array;
  try {
    // zlib wants a bound of 1 at least; the sink refuses that one byte if it has no room.
    plain = gunzipSync(view, { maxOutputLength: Math.max(1, sink.roomBytes) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      sink.refuseBeyond(Number.POSITIVE_INFINITY);
    }
    throw new CodecError('corrupt', `gzip: ${(error as Error).message}`);
  }
  sink.write(plain);
}

export function writeGzip(view: Uint8Array, level: number): Uint8Array {
  return gzipSync(view, { level });
}
