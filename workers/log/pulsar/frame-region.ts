import { uint32At } from '../../../engine/protocol/pulsar/envelope.js';
import { PulsarFormatError } from '../../../engine/protocol/pulsar/format-error.js';
import { lengthBytes } from '../../../engine/protocol/pulsar/frames.js';

/** Beyond this a read brings little more. */
const regionBytes = 256 * 1024;
/** What a broker adds to its own limit of a message for the frame around it. */
const frameSlackBytes = 64 * 1024;

/** Takes a frame without its length prefix: `view[start, end)`, borrowed until it returns. */
export type FrameHandler = (view: Buffer, start: number, end: number) => void;

/**
 * The memory that a connection reads into. Frames are handed on where they landed; only one that is not complete
 * at the end of the region moves to its start. A longer frame gets a region of its own length for as long as it
 * is read.
 */
export class FrameRegion {
  /** Most bytes of a frame; the broker says how long its messages may be. */
  maxFrameBytes = 5 * 1024 * 1024 + frameSlackBytes;
  readonly #handler: FrameHandler;
  #region = Buffer.allocUnsafeSlow(regionBytes);
  #parsed = 0;
  #fill = 0;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  /** Where the next read goes; never empty. */
  free(): Buffer {
    return this.#region.subarray(this.#fill);
  }

  allowMessagesOf(maxMessageBytes: number): void {
    this.maxFrameBytes = maxMessageBytes + frameSlackBytes;
  }

  /** `sizeBytes` were read into `free()`. Throws PulsarFormatError, and whatever the handler throws. */
  received(sizeBytes: number): void {
    this.#fill += sizeBytes;
    let needed = lengthBytes;
    while (this.#fill - this.#parsed >= lengthBytes) {
      const frameBytes = uint32At(this.#region, this.#parsed);
      if (frameBytes > this.maxFrameBytes) {
        throw new PulsarFormatError(
          `a frame of ${frameBytes} bytes, of ${this.maxFrameBytes} at most`,
        );
      }
      needed = lengthBytes + frameBytes;
      if (this.#fill - this.#parsed < needed) break;
      const start = this.#parsed + lengthBytes;
      this.#parsed = start + frameBytes;
      this.#handler(this.#region, start, this.#parsed);
      needed = lengthBytes;
    }
    this.#makeRoom(needed);
  }

  /** The frame that begins at `#parsed` takes `needed` bytes. */
  #makeRoom(needed: number): void {
    if (this.#parsed + needed <= this.#region.length && this.#fill < this.#region.length) return;
    const size = Math.max(regionBytes, needed);
    const region = size === this.#region.length ? this.#region : Buffer.allocUnsafeSlow(size);
    this.#region.copy(region, 0, this.#parsed, this.#fill);
    this.#region = region;
    this.#fill -= this.#parsed;
    this.#parsed = 0;
  }
}
