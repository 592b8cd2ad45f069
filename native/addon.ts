/** The Rust addon (`native/src`) behind the contract of `codecs.ts`. */

import {
  assertRange,
  batchCheckSlots,
  CodecError,
  type CodecErrorCode,
  type Codecs,
  compressionLevel,
  type Syncer,
} from './codecs.js';

/** What the addon exports; see `native/src/lib.rs`. Lengths below 0 are codes. */
export interface AddonBinding {
  crc32C(view: Uint8Array, start: number, end: number): number;
  crc32CContinued(view: Uint8Array, start: number, end: number, seed: number): number;
  crc32CCombine(crcA: number, crcB: number, lengthB: number): number;
  decompress(
    compression: number,
    view: Uint8Array,
    start: number,
    end: number,
    out: Uint8Array,
    outStart: number,
  ): number;
  inflate(
    compression: number,
    view: Uint8Array,
    start: number,
    end: number,
    maxBytes: number,
  ): Uint8Array | number;
  compress(
    compression: number,
    view: Uint8Array,
    start: number,
    end: number,
    level: number,
  ): Uint8Array | null;
  checkBatch(
    view: Uint8Array,
    start: number,
    end: number,
    flags: number,
    maxInflatedBytes: number,
    out: Float64Array,
  ): number;
  sendFile(socket: number, file: number, position: number, count: number): number;
  setSendBuffer(socket: number, size: number): number;
  isResident(file: number, position: number, size: number, step: number): boolean;
  NativeSyncer: new (done: (pairs: number[]) => void) => NativeSyncer;
  panicForTest(): void;
}

interface NativeSyncer {
  sync(fd: number, token: number): void;
  hold(alive: boolean): void;
  close(): void;
}

const errorCodes: { [result: number]: CodecErrorCode } = {
  [-1]: 'corrupt',
  [-2]: 'too-large',
  [-3]: 'unsupported',
};

function errorOf(compression: number, result: number): CodecError {
  const code = errorCodes[result] ?? 'corrupt';
  return new CodecError(code, `compression ${compression}: ${code}`);
}

export class AddonCodecs implements Codecs {
  readonly name = 'addon';
  readonly #binding: AddonBinding;

  constructor(binding: AddonBinding) {
    this.#binding = binding;
  }

  crc32c(view: Uint8Array, start: number, end: number, seed = 0): number {
    assertRange(view, start, end);
    if (seed === 0) return this.#binding.crc32C(view, start, end);
    return this.#binding.crc32CContinued(view, start, end, seed);
  }

  crc32cCombine(crcA: number, crcB: number, lengthB: number): number {
    return this.#binding.crc32CCombine(crcA, crcB, lengthB);
  }

  decompress(
    compression: number,
    view: Uint8Array,
    start: number,
    end: number,
    out: Uint8Array,
    outStart: number,
  ): number {
    assertRange(view, start, end);
    assertRange(out, outStart, out.length);
    const result = this.#binding.decompress(compression, view, start, end, out, outStart);
    if (result < 0) throw errorOf(compression, result);
    return result;
  }

  inflate(
    compression: number,
    view: Uint8Array,
    start: number,
    end: number,
    maxBytes: number,
  ): Uint8Array {
    assertRange(view, start, end);
    const result = this.#binding.inflate(compression, view, start, end, maxBytes);
    if (typeof result === 'number') throw errorOf(compression, result);
    return result;
  }

  compress(
    compression: number,
    view: Uint8Array,
    start: number,
    end: number,
    level?: number,
  ): Uint8Array {
    assertRange(view, start, end);
    const checked = compressionLevel(compression, level);
    const packed = this.#binding.compress(compression, view, start, end, checked);
    if (packed === null) throw errorOf(compression, -3);
    return packed;
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
    if (out.length < batchCheckSlots) throw new RangeError('out has too few slots');
    return this.#binding.checkBatch(view, start, end, flags, maxInflatedBytes, out);
  }
}

/** Syncs on the addon's threads; keeps the event loop alive while one is under way, as `fs` does. */
export class AddonSyncer implements Syncer {
  readonly #native: NativeSyncer;
  readonly #waiting = new Map<number, (errno: number) => void>();
  #nextToken = 0;
  #closed = false;

  constructor(binding: AddonBinding) {
    this.#native = new binding.NativeSyncer((pairs) => this.#finish(pairs));
  }

  sync(fd: number, done: (errno: number) => void): void {
    if (this.#closed) throw new Error('the syncer is closed');
    const token = this.#nextToken;
    this.#nextToken = (token + 1) & 0x7fffffff;
    this.#native.sync(fd, token);
    if (this.#waiting.size === 0) this.#native.hold(true);
    this.#waiting.set(token, done);
  }

  close(): void {
    this.#closed = true;
    this.#waiting.clear();
    this.#native.close();
  }

  #finish(pairs: number[]): void {
    const finished: [(errno: number) => void, number][] = [];
    for (let i = 0; i < pairs.length; i += 2) {
      const done = this.#waiting.get(pairs[i]!);
      this.#waiting.delete(pairs[i]!);
      if (done !== undefined) finished.push([done, pairs[i + 1]!]);
    }
    if (this.#waiting.size === 0) this.#native.hold(false);
    for (const [done, errno] of finished) {
      if (!this.#closed) done(errno);
    }
  }
}
