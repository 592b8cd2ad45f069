import { CodecError } from '../codecs.js';
import { snappyPackage } from './packages.js';
import type { Sink } from './sink.js';

/**
 * Snappy as Kafka clients frame it: Xerial's blocks (Java, kafkajs) or one raw block (librdkafka,
 * Go). The package knows only raw blocks, and no bound: the announced length is read first.
 */

const xerialMagic = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0);
/** Magic, version and lowest compatible version. */
const xerialHeaderBytes = 16;
/** The block size of Xerial's output stream. */
const xerialBlockBytes = 32 * 1024;

const corrupt = (what: string): CodecError => new CodecError('corrupt', `Snappy: ${what}`);

const isXerial = (view: Uint8Array, at: number): boolean =>
  view.length - at >= xerialHeaderBytes && xerialMagic.every((byte, i) => view[at + i] === byte);

/** Reads a raw block, or Xerial's blocks (several such streams in a row are one, as in Java). */
export function readSnappy(view: Uint8Array, sink: Sink): void {
  if (!isXerial(view, 0)) {
    readBlock(view, sink);
    return;
  }
  const words = new DataView(view.buffer, view.byteOffset, view.length);
  let at = xerialHeaderBytes;
  while (at < view.length) {
    if (isXerial(view, at)) {
      at += xerialHeaderBytes;
      continue;
    }
    if (view.length - at < 4) throw corrupt('a block length is cut off');
    const length = words.getUint32(at, false);
    at += 4;
    if (view.length - at < length) throw corrupt('a block is cut off');
    readBlock(view.subarray(at, at + length), sink);
    at += length;
  }
}

function readBlock(block: Uint8Array, sink: Sink): void {
  const announced = announcedLength(block);
  sink.refuseBeyond(announced);
  let plain: Uint8Array;
  try {
    plain = snappyPackage().uncompressSync(block, { asBuffer: true, copyOutputData: true });
  } catch (error) {
    throw corrupt(error instanceof Error ? error.message : String(error));
  }
  if (plain.length !== announced) throw corrupt('a block is not as long as announced');
  sink.write(plain);
}

/** The block's plain length: a varint of up to 32 bits in front of it. */
function announcedLength(block: Uint8Array): number {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = block[i];
    if (byte === undefined) break;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) {
      if (length >= 2 ** 32) break;
      return length;
    }
  }
  throw corrupt('no block length');
}

/** Xerial's stream of 32 KiB blocks, as the Java client writes it. */
export function writeSnappy(view: Uint8Array): Uint8Array {
  const header = Buffer.alloc(xerialHeaderBytes);
  header.set(xerialMagic);
  header.writeInt32BE(1, 8);
  header.writeInt32BE(1, 12);
  const pieces: Uint8Array[] = [header];
  for (let at = 0; at < view.length; at += xerialBlockBytes) {
    const block = snappyPackage().compressSync(view.subarray(at, at + xerialBlockBytes), {
      copyOutputData: true,
    });
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(block.length, 0);
    pieces.push(length, block);
  }
  return Buffer.concat(pieces);
}
