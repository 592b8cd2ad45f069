import { CodecError } from '../codecs.js';

/** First size of a sink that grows, in bytes. */
const firstSizeBytes = 16 * 1024;

/** Where decompressed bytes go: a caller's range, or memory that grows up to a limit. */
export class Sink {
  #bytes: Uint8Array;
  readonly #start: number;
  readonly #limitBytes: number;
  readonly #grows: boolean;
  #length = 0;

  private constructor(bytes: Uint8Array, start: number, limitBytes: number, grows: boolean) {
    this.#bytes = bytes;
    this.#start = start;
    this.#limitBytes = limitBytes;
    this.#grows = grows;
  }

  /** Writes into `out` from `start`. */
  static into(out: Uint8Array, start: number): Sink {
    return new Sink(out, start, out.length - start, false);
  }

  /** Writes into memory of its own, `limitBytes` at most. */
  static growing(limitBytes: number): Sink {
    return new Sink(new Uint8Array(Math.min(limitBytes, firstSizeBytes)), 0, limitBytes, true);
  }

  get length(): number {
    return this.#length;
  }

  /** Bytes that it still takes. */
  get roomBytes(): number {
    return this.#limitBytes - this.#length;
  }

  /** @throws CodecError 'too-large' */
  write(piece: Uint8Array): void {
    this.refuseBeyond(piece.length);
    const needed = this.#length + piece.length;
    if (this.#grows && needed > this.#bytes.length) this.#grow(needed);
    this.#bytes.set(piece, this.#start + this.#length);
    this.#length = needed;
  }

  /** @throws CodecError 'too-large' if `announced` more bytes do not fit */
  refuseBeyond(announced: number): void {
    if (announced <= this.roomBytes) return;
    throw new CodecError('too-large', `more than ${this.#limitBytes} bytes after decompression`);
  }

  /** What was written, borrowed. */
  view(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#start + this.#length);
  }

  #grow(needed: number): void {
    const doubled = Math.min(this.#limitBytes, this.#bytes.length * 2);
    const larger = new Uint8Array(Math.max(needed, doubled));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
