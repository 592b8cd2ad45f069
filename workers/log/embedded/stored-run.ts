import type { Codecs } from '../../../native/codecs.js';
import type { CountCopy } from '../../batch/rebuild.js';
import type { EntryFormat } from '../../format/entry-encoder.js';
import type { AppendRun } from '../log.js';
import { EntryFrames } from './entry-frames.js';
import { type SegmentSuffix, Suffix } from './file-name.js';

const nothing: readonly never[] = [];

/** A run in the form in which it is stored; one object takes one run after the other. */
export class StoredRun implements Readonly<AppendRun> {
  batches: Uint8Array[] = [];
  baseOffsets: number[] = [];
  lastOffsets: number[] = [];
  maxTimestamps: number[] = [];
  sizeBytes = 0;
  readonly #codecs: Codecs;
  readonly #copied: CountCopy;
  readonly #framed: Uint8Array[] = [];
  #plain: readonly Uint8Array[] = nothing;
  /** Made when first needed. */
  #frames: EntryFrames | null = null;

  constructor(codecs: Codecs, copied: CountCopy) {
    this.#codecs = codecs;
    this.#copied = copied;
  }

  /**
   * Takes a run until `release`. In the pulsar format each batch becomes an entry; in the others they stay as they are,
   * because a log of our own needs nothing around them.
   */
  take(run: AppendRun, format: EntryFormat, nowMs: number): void {
    this.batches = run.batches;
    this.baseOffsets = run.baseOffsets;
    this.lastOffsets = run.lastOffsets;
    this.maxTimestamps = run.maxTimestamps;
    this.sizeBytes = run.sizeBytes;
    this.#plain = run.batches;
    if (format === 'pulsar') this.#frame(nowMs);
  }

  /** Of the segment that takes a batch of the run. */
  suffixOf(index: number): SegmentSuffix {
    return this.batches[index] === this.#plain[index] ? Suffix.log : Suffix.entries;
  }

  release(): void {
    this.batches = [];
    this.#plain = nothing;
    this.#framed.length = 0;
    this.#frames?.release();
  }

  #frame(nowMs: number): void {
    this.#frames ??= new EntryFrames(this.#codecs);
    let framedBytes = 0;
    this.sizeBytes = 0;
    for (const batch of this.#plain) {
      const frame = this.#frames.frame(batch, nowMs);
      if (frame !== null) framedBytes += frame.length;
      const stored = frame ?? batch;
      this.sizeBytes += stored.length;
      this.#framed.push(stored);
    }
    this.batches = this.#framed;
    if (framedBytes > 0) this.#copied('encode', framedBytes);
  }
}
