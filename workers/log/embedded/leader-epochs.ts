import { join } from 'node:path';
import type { FoundOffset } from '../log.js';
import type { Disk } from './disk.js';
import { readWhole, replaceWhole } from './small-file.js';

const fileName = 'leader-epoch-checkpoint';

/** Where each leader epoch of a partition begins: `leader-epoch-checkpoint`, in Kafka's text format. */
export class LeaderEpochs {
  readonly #disk: Disk;
  readonly #path: string;
  #epochs: number[] = [];
  #startOffsets: number[] = [];
  /** Greatest epoch ever seen in the file or in a batch, even if its records are gone; -1: none. */
  highest = -1;

  constructor(disk: Disk, dir: string) {
    this.#disk = disk;
    this.#path = join(dir, fileName);
  }

  /** A file that is missing or damaged counts as empty: the batches tell their epochs again. */
  load(): void {
    const bytes = readWhole(this.#disk, this.#path);
    if (bytes === null) return;
    const lines = new TextDecoder().decode(bytes).split('\n');
    for (const line of lines.slice(2)) {
      const match = /^(\d+) (\d+)$/.exec(line);
      if (match) this.assign(Number(match[1]), Number(match[2]));
    }
  }

  /** Notes that an epoch begins at an offset; one that is not above all others is no news. */
  assign(epoch: number, startOffset: number): void {
    if (epoch <= this.highest) return;
    this.highest = epoch;
    // An epoch that wrote nothing gives way to the one that begins where it began.
    while (this.#startOffsets.length > 0 && this.#startOffsets.at(-1)! >= startOffset) this.#drop();
    this.#epochs.push(epoch);
    this.#startOffsets.push(startOffset);
  }

  /** Forgets what begins at or beyond the end of the log; `highest` stays, so that no epoch comes twice. */
  truncateTo(logEndOffset: number): void {
    while (this.#startOffsets.length > 0 && this.#startOffsets.at(-1)! >= logEndOffset) {
      this.#drop();
    }
  }

  /** Written aside, synced and renamed. Throws what the disk throws. */
  store(): void {
    const lines = this.#epochs.map((epoch, i) => `${epoch} ${this.#startOffsets[i]}`);
    const text = `0\n${lines.length}\n${lines.map((line) => `${line}\n`).join('')}`;
    replaceWhole(this.#disk, this.#path, new TextEncoder().encode(text));
  }

  /** The epoch that holds an offset; -1 if none is known. */
  epochAt(offset: number): number {
    for (let i = this.#epochs.length - 1; i >= 0; i--) {
      if (this.#startOffsets[i]! <= offset) return this.#epochs[i]!;
    }
    return -1;
  }

  /**
   * KIP-320: where the greatest epoch at or below `leaderEpoch` ends, as Kafka answers
   * OffsetForLeaderEpoch; offset and epoch are -1 if it is not known.
   */
  endOffsetFor(leaderEpoch: number, currentEpoch: number, logEndOffset: number): FoundOffset {
    const unknown = { offset: -1, timestamp: -1, leaderEpoch: -1 };
    if (leaderEpoch < 0 || leaderEpoch > currentEpoch) return unknown;
    if (leaderEpoch === currentEpoch) return { ...unknown, offset: logEndOffset, leaderEpoch };
    const next = this.#epochs.findIndex((epoch) => epoch > leaderEpoch);
    if (next === -1) {
      // Everything stored is older; the current epoch has written nothing yet.
      const last = this.#epochs.at(-1);
      if (last === undefined) return unknown;
      return { ...unknown, offset: logEndOffset, leaderEpoch: last };
    }
    // Older than everything known: what it wrote ended before the first known epoch began.
    const epoch = next === 0 ? leaderEpoch : this.#epochs[next - 1]!;
    return { ...unknown, offset: this.#startOffsets[next]!, leaderEpoch: epoch };
  }

  /** Drops epochs that end at or below the log start; the one that holds it begins there from now on. */
  trim(logStartOffset: number): void {
    let first = 0;
    while (first + 1 < this.#epochs.length && this.#startOffsets[first + 1]! <= logStartOffset) {
      first++;
    }
    this.#epochs.splice(0, first);
    this.#startOffsets.splice(0, first);
    if (this.#startOffsets.length > 0 && this.#startOffsets[0]! < logStartOffset) {
      this.#startOffsets[0] = logStartOffset;
    }
  }

  #drop(): void {
    this.#epochs.pop();
    this.#startOffsets.pop();
  }
}
