import { ProtocolError } from '../../../engine/protocol/kafka/protocol-error.js';
import {
  BATCH_HEADER_BYTES,
  baseOffset,
  compression,
  isControl,
  partitionLeaderEpoch,
} from '../../../engine/protocol/kafka/record-batch.js';
import { CodecError, type Codecs } from '../../../native/codecs.js';
import { sealBatch } from '../../batch/header.js';
import { Entry } from '../../format/entry.js';
import { EntryEncoder } from '../../format/entry-encoder.js';
import { EntryFault } from '../../format/entry-fault.js';
import { LogFault } from '../log.js';

/** Bound of an entry's payload; what was accepted before may be larger than what is now. */
const maxInflatedBytes = 2 ** 30;
/** Memory for the frames of a run that is kept from one to the next. */
const keptBytes = 2 ** 20;
/** What an entry may take beside twice its batch, tried first. */
const firstRoomBytes = 4096;

/**
 * Pulsar entries in a segment. Each has a frame: the header of the batch that it was made of, with a length and a CRC of
 * its own, so that offsets, epochs, times, producers, indexes and recovery are those of any segment.
 */
export class EntryFrames {
  readonly #codecs: Codecs;
  readonly #encoder: EntryEncoder;
  readonly #entry: Entry;
  readonly #one: Uint8Array[] = [];
  #arena = new Uint8Array(0);
  #used = 0;
  /** The frame at hand is a batch without records, by which a recovery spans lost offsets, and holds no entry. */
  #isBare = false;

  constructor(codecs: Codecs) {
    this.#codecs = codecs;
    this.#encoder = new EntryEncoder(codecs, maxInflatedBytes);
    this.#entry = new Entry(codecs, maxInflatedBytes);
  }

  /**
   * The batch as an entry in its frame; borrowed until `release`. Null where no entry can hold it: control records, and
   * what full validation would have refused.
   */
  frame(batch: Uint8Array, nowMs: number): Uint8Array | null {
    if (isControl(batch, 0)) return null;
    this.#one[0] = batch;
    let roomBytes = BATCH_HEADER_BYTES + 2 * batch.length + firstRoomBytes;
    for (;;) {
      if (this.#used + roomBytes > this.#arena.length) this.#grow(roomBytes);
      const start = this.#used;
      const entryStart = start + BATCH_HEADER_BYTES;
      const end = this.#encode(nowMs, entryStart, this.#arena.length);
      if (end === null) return null;
      if (end !== -1) return this.#seal(batch, start, end);
      roomBytes = 2 * (this.#arena.length - start);
    }
  }

  /** No frame is needed any more. */
  release(): void {
    this.#used = 0;
    if (this.#arena.length > keptBytes) this.#arena = new Uint8Array(0);
  }

  /** Opens the frame `view[start, end)` for `write`; returns the most that its batch takes. Throws LogFault 'corrupt'. */
  open(view: Uint8Array, start: number, end: number): number {
    this.#isBare = end - start === BATCH_HEADER_BYTES;
    if (this.#isBare) return BATCH_HEADER_BYTES;
    try {
      this.#entry.open(view, start + BATCH_HEADER_BYTES, end);
      return this.#entry.boundBytes;
    } catch (error) {
      throw corruptAt(view, start, error);
    }
  }

  /** Writes the batch of the frame at `view[start]`, opened before, to `out`; returns its end. Throws LogFault 'corrupt'. */
  write(view: Uint8Array, start: number, out: Uint8Array, outStart: number): number {
    if (this.#isBare) {
      out.set(view.subarray(start, start + BATCH_HEADER_BYTES), outStart);
      return outStart + BATCH_HEADER_BYTES;
    }
    try {
      const epoch = partitionLeaderEpoch(view, start);
      return this.#entry.write(out, outStart, baseOffset(view, start), epoch);
    } catch (error) {
      throw corruptAt(view, start, error);
    }
  }

  /** The batch of the frame `view[start, end)`, in memory of its own. Throws LogFault 'corrupt'. */
  batch(view: Uint8Array, start: number, end: number): Uint8Array {
    const out = new Uint8Array(this.open(view, start, end));
    return out.subarray(0, this.write(view, start, out, 0));
  }

  #encode(nowMs: number, start: number, end: number): number | null {
    try {
      return this.#encoder.encode('pulsar', this.#one, 0, 1, nowMs, this.#arena, start, end);
    } catch (error) {
      if (isAboutBytes(error)) return null;
      throw error;
    }
  }

  #seal(batch: Uint8Array, start: number, end: number): Uint8Array {
    const frame = this.#arena.subarray(start, end);
    frame.set(batch.subarray(0, BATCH_HEADER_BYTES));
    sealBatch(this.#codecs, frame, compression(batch, 0));
    this.#used = end;
    return frame;
  }

  /** Frames of this run stay where they are. */
  #grow(roomBytes: number): void {
    this.#arena = new Uint8Array(Math.max(roomBytes, 2 * this.#arena.length));
    this.#used = 0;
  }
}

function isAboutBytes(error: unknown): error is Error {
  return (
    error instanceof EntryFault || error instanceof CodecError || error instanceof ProtocolError
  );
}

function corruptAt(view: Uint8Array, start: number, error: unknown): unknown {
  if (!isAboutBytes(error)) return error;
  return new LogFault('corrupt', `the entry at ${baseOffset(view, start)}: ${error.message}`);
}
