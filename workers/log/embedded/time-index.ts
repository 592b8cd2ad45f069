import type { Disk } from './disk.js';
import { EntryFile } from './entry-file.js';
import { lastAtOrBelow } from './offset-index.js';

/** int64 timestamp, int32 relative offset. */
const entryBytes = 12;

/**
 * For moments of a segment's growth, the greatest timestamp so far (ms) and the last offset of the batch that
 * brought it. Both rise from entry to entry.
 */
export class TimeIndex {
  readonly baseOffset: number;
  count = 0;
  #timestamps = new Float64Array(8);
  #relative = new Int32Array(8);
  readonly #file: EntryFile;

  constructor(disk: Disk, path: string, baseOffset: number) {
    this.baseOffset = baseOffset;
    this.#file = new EntryFile(disk, path, entryBytes);
  }

  get sizeBytes(): number {
    return this.count * entryBytes;
  }

  /** Bytes of memory that the entries take. */
  get heldBytes(): number {
    return this.#timestamps.byteLength + this.#relative.byteLength;
  }

  /** -1: no entry. */
  get lastTimestamp(): number {
    return this.count === 0 ? -1 : this.#timestamps[this.count - 1]!;
  }

  get lastOffset(): number {
    return this.count === 0 ? this.baseOffset : this.offset(this.count - 1);
  }

  offset(entry: number): number {
    return this.baseOffset + this.#relative[entry]!;
  }

  /** Nothing happens unless the timestamp is above the last entry's. */
  append(timestamp: number, offset: number): void {
    if (timestamp <= this.lastTimestamp) return;
    if (this.count === this.#timestamps.length) this.#grow();
    this.#timestamps[this.count] = timestamp;
    this.#relative[this.count] = offset - this.baseOffset;
    this.count++;
  }

  /** Every record with a timestamp >= `timestamp` has at least this offset. */
  offsetBefore(timestamp: number): number {
    const entry = lastAtOrBelow(this.#timestamps, this.count, timestamp - 1);
    return entry === -1 ? this.baseOffset : this.offset(entry);
  }

  truncateTo(count: number): void {
    this.count = Math.min(this.count, count);
    this.#file.truncateTo(this.count);
  }

  /** Takes the sound entries of the file; false if the file is missing or holds anything else but zeros. */
  load(): boolean {
    const bytes = this.#file.read();
    if (bytes === null) return false;
    const entries = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    let lastRelative = -1;
    for (; at + entryBytes <= bytes.length; at += entryBytes) {
      const timestamp = entries.getInt32(at) * 2 ** 32 + entries.getUint32(at + 4);
      const relative = entries.getInt32(at + 8);
      if (timestamp <= this.lastTimestamp || relative <= lastRelative) break;
      if (timestamp === 0 && relative === 0) break;
      this.append(timestamp, this.baseOffset + relative);
      lastRelative = relative;
    }
    this.#file.accept(this.count, bytes.length);
    return bytes.subarray(at).every((byte) => byte === 0);
  }

  /** Appends what the file does not have yet; `isSynced`: so that a power cut leaves it. */
  write(isSynced: boolean): void {
    const put = (out: DataView, entry: number, at: number) => {
      const timestamp = this.#timestamps[entry]!;
      out.setInt32(at, Math.floor(timestamp / 2 ** 32));
      out.setUint32(at + 4, timestamp % 2 ** 32);
      out.setInt32(at + 8, this.#relative[entry]!);
    };
    this.#file.append(this.count, put, isSynced);
  }

  #grow(): void {
    const timestamps = new Float64Array(this.count * 2);
    const relative = new Int32Array(this.count * 2);
    timestamps.set(this.#timestamps);
    relative.set(this.#relative);
    this.#timestamps = timestamps;
    this.#relative = relative;
  }
}
