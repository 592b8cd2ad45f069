import type { Codecs } from '../../../native/codecs.js';
import type { CountCopy } from '../../batch/rebuild.js';
import { LogFault, type ReadResult, type ReplyMemory } from '../log.js';
import { roomFor } from '../reply-room.js';
import type { BatchScan } from './batch-scan.js';
import { EntryFrames } from './entry-frames.js';

/** Reads the batches of Pulsar entries straight into reply memory. */
export class EntryReader {
  readonly #frames: EntryFrames;
  readonly #copied: CountCopy;

  constructor(codecs: Codecs, copied: CountCopy) {
    this.#frames = new EntryFrames(codecs);
    this.#copied = copied;
  }

  /**
   * As `Log.read`, from the frame on which `scan` stands; it is left on the first one that was not read. Throws
   * LogFault 'corrupt'.
   */
  read(
    scan: BatchScan,
    leftBytes: number,
    endOffset: number,
    maxBytes: number,
    atLeastOneBatch: boolean,
    memory: ReplyMemory,
    result: ReadResult,
  ): void {
    const firstBytes = this.#open(scan);
    // Entries come to about as much as batches; how much exactly is known when one is written.
    const wantedBytes = firstBytes + Math.min(maxBytes, leftBytes);
    const { start, sizeBytes: roomBytes } = roomFor(memory, wantedBytes, firstBytes);
    result.starved = start === -1;
    if (start === -1) return;
    try {
      result.sizeBytes = this.#fill(scan, endOffset, maxBytes, memory.view, start, roomBytes);
      // The first one alone may be larger than what was asked for.
      if (result.sizeBytes > maxBytes && !atLeastOneBatch) result.sizeBytes = 0;
    } catch (error) {
      memory.release(start);
      throw error;
    }
    if (result.sizeBytes > 0) result.start = start;
    else memory.release(start);
  }

  /** Writes one batch, and more while they stay within `maxBytes`; returns their size. */
  #fill(
    scan: BatchScan,
    endOffset: number,
    maxBytes: number,
    out: Uint8Array,
    start: number,
    roomBytes: number,
  ): number {
    let end = this.#frames.write(scan.view, scan.at, out, start);
    while (scan.next() && scan.baseOffset < endOffset) {
      // An entry comes to about as much as its batch: what will hardly fit is not made in vain.
      if (end - start + scan.sizeBytes > maxBytes) break;
      if (end + this.#open(scan) > start + roomBytes) break;
      const next = this.#frames.write(scan.view, scan.at, out, end);
      if (next - start > maxBytes) break;
      end = next;
    }
    if (scan.fault !== null) throw damaged(scan, scan.fault);
    return end - start;
  }

  #open(scan: BatchScan): number {
    if (!scan.load()) throw damaged(scan, 'an entry is cut off');
    this.#copied('decode', scan.sizeBytes);
    return this.#frames.open(scan.view, scan.at, scan.at + scan.sizeBytes);
  }
}

function damaged(scan: BatchScan, reason: string): LogFault {
  return new LogFault('corrupt', `entries are damaged behind offset ${scan.baseOffset}: ${reason}`);
}
