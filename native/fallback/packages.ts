import { createRequire } from 'node:module';

/**
 * The packages behind the fallback. Each is loaded upon first use: they are native or large, and
 * a process with the addon never needs them.
 */
const require = createRequire(import.meta.url);

/** The part of `lz4-napi` in use. Its blocks start with their plain length as a uint32 LE. */
export interface Lz4Package {
  compressSync(data: Buffer): Buffer;
  uncompressSync(data: Uint8Array): Buffer;
}

/**
 * The part of `snappy` in use: raw blocks. Without `copyOutputData` it makes an external buffer for
 * each block, which costs 150 us instead of 20 for 32 KiB.
 */
export interface SnappyPackage {
  compressSync(data: Uint8Array, options: { copyOutputData: true }): Buffer;
  uncompressSync(data: Uint8Array, options: { asBuffer: true; copyOutputData: true }): Buffer;
}

/** The part of `@node-rs/crc32` in use. */
export interface Crc32Package {
  crc32c(data: Uint8Array, seed?: number): number;
}

let lz4: Lz4Package | undefined;
let snappy: SnappyPackage | undefined;

export function lz4Package(): Lz4Package {
  lz4 ??= require('lz4-napi') as Lz4Package;
  return lz4;
}

export function snappyPackage(): SnappyPackage {
  snappy ??= require('snappy') as SnappyPackage;
  return snappy;
}

/** Undefined where the package has no build for this platform. */
export function crc32Package(): Crc32Package | undefined {
  try {
    return require('@node-rs/crc32') as Crc32Package;
  } catch {
    return undefined;
  }
}
