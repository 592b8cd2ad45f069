import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { CodecError } from '../codecs.js';

/**
 * Zstandard in WebAssembly (`@bokuweb/zstd-wasm`), for Node before 22.15. The package starts
 * asynchronously and knows no bound; a codec call can wait for nothing and must have one, so its
 * module is started here through Emscripten's `instantiateWasm`, and its C functions are called.
 */

/** The part in use; neither Node's types nor the ES library declare it. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: object };
};

/** The package's Emscripten module. Addresses and lengths are in bytes; errors are negative. */
interface ZstdModule {
  instantiateWasm(imports: object, receive: (instance: { exports: object }) => void): object;
  init(): void;
  HEAPU8: Uint8Array;
  _malloc(length: number): number;
  _free(address: number): void;
  _ZSTD_isError(result: number): number;
  _ZSTD_compressBound(length: number): number;
  _ZSTD_compress(to: number, capacity: number, from: number, length: number, level: number): number;
  _ZSTD_decompress(to: number, capacity: number, from: number, length: number): number;
}

/** Negated result of a call whose output does not fit. */
const destinationTooSmall = 70;

/** The module's memory never shrinks; beyond this the module is given up after a call. */
const keptHeapBytes = 64 * 2 ** 20;

let started: ZstdModule | undefined;

function start(): ZstdModule {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve('@bokuweb/zstd-wasm'));
  const path = join(folder, 'zstd.js');
  // A fresh module each time: it cannot be started twice.
  delete require.cache[path];
  const { Module: zstd } = require(path) as { Module: ZstdModule };
  const compiled = new WebAssembly.Module(readFileSync(join(folder, 'zstd.wasm')));
  zstd.instantiateWasm = (imports, receive) => {
    const instance = new WebAssembly.Instance(compiled, imports);
    receive(instance);
    return instance.exports;
  };
  zstd.init();
  return zstd;
}

/**
 * Runs `call` with the input and room for the output in the module's memory, and returns a copy of
 * the output, or the library's error number.
 */
function run(
  input: Uint8Array,
  capacity: number,
  call: (zstd: ZstdModule, to: number, from: number) => number,
): Uint8Array | number {
  started ??= start();
  const zstd = started;
  const from = zstd._malloc(input.length);
  const to = zstd._malloc(Math.max(1, capacity));
  try {
    if (from === 0 || to === 0) throw new CodecError('too-large', 'no memory for Zstandard');
    zstd.HEAPU8.set(input, from);
    const result = call(zstd, to, from);
    if (zstd._ZSTD_isError(result) !== 0) return -result;
    return zstd.HEAPU8.slice(to, to + result);
  } finally {
    zstd._free(to);
    zstd._free(from);
    if (zstd.HEAPU8.length > keptHeapBytes) started = undefined;
  }
}

/**
 * Decompresses one frame into `capacity` bytes at most.
 * @throws CodecError 'too-large' if that is too little, 'corrupt'
 */
export function wasmDecompress(frame: Uint8Array, capacity: number): Uint8Array {
  const result = run(frame, capacity, (zstd, to, from) =>
    zstd._ZSTD_decompress(to, capacity, from, frame.length),
  );
  if (typeof result !== 'number') return result;
  if (result === destinationTooSmall) {
    throw new CodecError('too-large', `Zstandard: more than ${capacity} bytes`);
  }
  throw new CodecError('corrupt', `Zstandard: error ${result}`);
}

/** Compresses into one frame. */
export function wasmCompress(input: Uint8Array, level: number): Uint8Array {
  started ??= start();
  const capacity = started._ZSTD_compressBound(input.length);
  const result = run(input, capacity, (zstd, to, from) =>
    zstd._ZSTD_compress(to, capacity, from, input.length, level),
  );
  if (typeof result !== 'number') return result;
  throw new Error(`Zstandard: error ${result} at level ${level}`);
}
