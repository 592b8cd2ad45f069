/** Pulsar's compression: the same algorithms as Kafka's, in other frames. Once per entry, never per record. */
import { constants, deflateSync, inflateSync } from 'node:zlib';
import { CodecError, type Codecs, Compression } from '../../native/codecs.js';
import { lz4Package, snappyPackage } from '../../native/fallback/packages.js';
import { corrupt, EntryFault } from './entry-fault.js';

/** Pulsar's ids, as in `MessageMetadata.compression`. */
export const PulsarCompression = { none: 0, lz4: 1, zlib: 2, zstd: 3, snappy: 4 } as const;

/** No LZ4 sequence makes more than this of a byte. */
const maxLz4Growth = 255;

/** Pulsar's counterpart of a batch's compression. */
export function pulsarCompressionOf(kafkaCompression: number): number {
  switch (kafkaCompression) {
    case Compression.gzip:
      return PulsarCompression.zlib;
    case Compression.snappy:
      return PulsarCompression.snappy;
    case Compression.lz4:
      return PulsarCompression.lz4;
    case Compression.zstd:
      return PulsarCompression.zstd;
    default:
      return PulsarCompression.none;
  }
}

/**
 * The payload `view[start, end)` as it was before its producer compressed it, in memory of its own.
 * @param plainBytes what the metadata says of its size
 * @throws EntryFault
 */
export function inflatePayload(
  codecs: Codecs,
  compression: number,
  view: Uint8Array,
  start: number,
  end: number,
  plainBytes: number,
  maxInflatedBytes: number,
): Uint8Array {
  if (plainBytes < 0) throw corrupt('a compressed entry that does not say its size');
  if (plainBytes > maxInflatedBytes) {
    throw new EntryFault(
      'too-large',
      `the entry inflates to ${plainBytes} bytes, more than maxInflatedBytes (${maxInflatedBytes})`,
    );
  }
  let plain: Uint8Array;
  try {
    plain = inflate(codecs, compression, view, start, end, plainBytes);
  } catch (error) {
    if (error instanceof EntryFault) throw error;
    const code = error instanceof CodecError && error.code === 'too-large' ? 'size' : 'bytes';
    throw new EntryFault('corrupt', `an entry whose compressed ${code} are not what it says`, {
      cause: error,
    });
  }
  if (plain.length === plainBytes) return plain;
  throw corrupt(`the entry inflates to ${plain.length} bytes and not to ${plainBytes}`);
}

function inflate(
  codecs: Codecs,
  compression: number,
  view: Uint8Array,
  start: number,
  end: number,
  plainBytes: number,
): Uint8Array {
  switch (compression) {
    case PulsarCompression.lz4:
      return inflateLz4(view, start, end, plainBytes);
    case PulsarCompression.zlib:
      // zlib wants a bound of 1 at least. The Java client flushes its streams and never ends them.
      return inflateSync(view.subarray(start, end), {
        maxOutputLength: Math.max(1, plainBytes),
        finishFlush: constants.Z_SYNC_FLUSH,
      });
    case PulsarCompression.zstd:
      return codecs.inflate(Compression.zstd, view, start, end, plainBytes);
    case PulsarCompression.snappy:
      return codecs.inflate(Compression.snappy, view, start, end, plainBytes);
    default:
      throw new EntryFault('unsupported', `an entry with the compression ${compression}`);
  }
}

/** One bare block; the addon knows frames only, whose blocks end at 4 MiB. The package wants the size in front. */
function inflateLz4(view: Uint8Array, start: number, end: number, plainBytes: number): Uint8Array {
  if (plainBytes === 0) return new Uint8Array();
  if (plainBytes > (end - start) * maxLz4Growth)
    throw corrupt('an LZ4 block that cannot be so long');
  const prefixed = Buffer.allocUnsafe(4 + end - start);
  prefixed.writeUInt32LE(plainBytes, 0);
  prefixed.set(view.subarray(start, end), 4);
  return lz4Package().uncompressSync(prefixed);
}

/** `plain`, which is not shared memory, as Pulsar's clients compress it. */
export function deflatePayload(codecs: Codecs, compression: number, plain: Buffer): Uint8Array {
  switch (compression) {
    case PulsarCompression.lz4:
      return lz4Package().compressSync(plain).subarray(4);
    case PulsarCompression.zlib:
      return deflateSync(plain);
    case PulsarCompression.zstd:
      return codecs.compress(Compression.zstd, plain, 0, plain.length);
    case PulsarCompression.snappy:
      return snappyPackage().compressSync(plain, { copyOutputData: true });
    default:
      return plain;
  }
}
