import { Bell, Line, LineDouble, lineDoubles, lineWords } from './slots.js';

/** Memory for `lines` partitions and their wake bits. Untouched lines cost no resident memory. */
export function allocateTable(lines: number): SharedArrayBuffer {
  return new SharedArrayBuffer(lines * lineWords * 4 + Math.ceil(lines / 32) * 4);
}

/** Looks at one write under way before the reader sleeps a millisecond between two, and before it gives up. */
const busyLooks = 1_000;
const mostLooks = busyLooks + 250;

/** What the owner publishes of a partition. */
export interface LineState {
  logStartOffset: number;
  highWatermark: number;
  lastStableOffset: number;
  /** Bytes from the log start to the high watermark. */
  highWatermarkBytes: number;
  logEndOffset: number;
  leaderEpoch: number;
  /** Everything below is on disk and scanned: where a recovery begins. */
  recoveryPoint: number;
}

export function newLineState(): LineState {
  return {
    logStartOffset: 0,
    highWatermark: 0,
    lastStableOffset: 0,
    highWatermarkBytes: 0,
    logEndOffset: 0,
    leaderEpoch: 0,
    recoveryPoint: 0,
  };
}

/**
 * One line per partition with one writer (its owner thread), read through a sequence lock: an odd
 * sequence means that a write is under way. Waiting fetches set a line's watch flag; an owner that moves
 * a watched high watermark sets the line's wake bit and rings the main thread.
 */
export class PartitionTable {
  readonly lines: number;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #wakeBits: Int32Array;
  readonly #bells: Int32Array;

  constructor(memory: SharedArrayBuffer, lines: number, bells: Int32Array) {
    this.lines = lines;
    this.#words = new Int32Array(memory, 0, lines * lineWords);
    this.#doubles = new Float64Array(memory, 0, lines * lineDoubles);
    this.#wakeBits = new Int32Array(memory, lines * lineWords * 4);
    this.#bells = bells;
  }

  /** Owner only. Returns true if a waiting fetch has to be told, and its wake bit is set. */
  publish(line: number, state: LineState): boolean {
    const word = line * lineWords;
    const double = line * lineDoubles;
    const doubles = this.#doubles;
    const moved =
      doubles[double + LineDouble.highWatermark] !== state.highWatermark ||
      doubles[double + LineDouble.lastStableOffset] !== state.lastStableOffset ||
      doubles[double + LineDouble.logStartOffset] !== state.logStartOffset;
    Atomics.add(this.#words, word + Line.sequence, 1);
    doubles[double + LineDouble.logStartOffset] = state.logStartOffset;
    doubles[double + LineDouble.highWatermark] = state.highWatermark;
    doubles[double + LineDouble.lastStableOffset] = state.lastStableOffset;
    doubles[double + LineDouble.highWatermarkBytes] = state.highWatermarkBytes;
    doubles[double + LineDouble.logEndOffset] = state.logEndOffset;
    doubles[double + LineDouble.recoveryPoint] = state.recoveryPoint;
    this.#words[word + Line.leaderEpoch] = state.leaderEpoch;
    Atomics.add(this.#words, word + Line.sequence, 1);
    if (!moved || Atomics.load(this.#words, word + Line.watched) === 0) return false;
    Atomics.or(this.#wakeBits, line >>> 5, 1 << (line & 31));
    Atomics.add(this.#bells, Bell.wakes, 1);
    return true;
  }

  /**
   * A consistent copy of a line into `state`. An owner that died in the middle of a write leaves values
   * that may not belong together, until `settle`; its partition is out of service by then.
   */
  read(line: number, state: LineState): LineState {
    const word = line * lineWords;
    const double = line * lineDoubles;
    const doubles = this.#doubles;
    let looks = 0;
    let lastSeen = 0;
    for (;;) {
      const before = Atomics.load(this.#words, word + Line.sequence);
      if ((before & 1) === 1) {
        looks = before === lastSeen ? looks + 1 : 0;
        lastSeen = before;
        // The owner may wait for this core.
        if (looks >= busyLooks) Atomics.wait(this.#words, word + Line.sequence, before, 1);
        if (looks < mostLooks) continue;
      }
      state.logStartOffset = doubles[double + LineDouble.logStartOffset] as number;
      state.highWatermark = doubles[double + LineDouble.highWatermark] as number;
      state.lastStableOffset = doubles[double + LineDouble.lastStableOffset] as number;
      state.highWatermarkBytes = doubles[double + LineDouble.highWatermarkBytes] as number;
      state.logEndOffset = doubles[double + LineDouble.logEndOffset] as number;
      state.recoveryPoint = doubles[double + LineDouble.recoveryPoint] as number;
      state.leaderEpoch = this.#words[word + Line.leaderEpoch] as number;
      if (Atomics.load(this.#words, word + Line.sequence) === before) return state;
    }
  }

  /** Main only, while no owner has the line: what a dead owner left half written is made whole. */
  reset(line: number): void {
    this.#words.fill(0, line * lineWords, (line + 1) * lineWords);
  }

  /** Main only, after the owner's death: ends a write that it left under way, keeping the values. */
  settle(line: number): void {
    const word = line * lineWords + Line.sequence;
    if ((Atomics.load(this.#words, word) & 1) === 1) Atomics.add(this.#words, word, 1);
  }

  /** Main only. Look at the state again after setting the flag: store before load, else a wake is lost. */
  watch(line: number, watched: boolean): void {
    Atomics.store(this.#words, line * lineWords + Line.watched, watched ? 1 : 0);
  }

  /** Main only. Takes the wake bits and calls `wake` for each line that has one. */
  takeWakes(wake: (line: number) => void): void {
    const bits = this.#wakeBits;
    for (let index = 0; index < bits.length; index++) {
      if (bits[index] === 0) continue;
      let taken = Atomics.exchange(bits, index, 0);
      while (taken !== 0) {
        const bit = 31 - Math.clz32(taken);
        taken &= ~(1 << bit);
        wake(index * 32 + bit);
      }
    }
  }
}
