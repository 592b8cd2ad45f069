import type { Disk } from './disk.js';
import { EntryFile } from './entry-file.js';

/** int32 relative offset, int32 position. */
const entryBytes = 8;

/**
 * The sparse index of a segment: for a batch every `index.interval.bytes`, its last offset and where it starts.
 * In memory while the segment is in use; the file is appended to when asked, and never trusted beyond what
 * can be checked.
 */
export class OffsetIndex {
  readonly baseOffset: number;
  count = 0;
  #relative = new Int32Array(16);
  #positions = new Int32Array(16);
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
    return this.#relative.byteLength + this.#positions.byteLength;
  }

  append(lastOffset: number, position: number): void {
    if (this.count === this.#relative.length) this.#grow();
    this.#relative[this.count] = lastOffset - this.baseOffset;
    this.#positions[this.count] = position;
    this.count++;
  }

  lastOffset(entry: number): number {
    return this.baseOffset + this.#relative[entry]!;
  }

  position(entry: number): number {
    return this.#positions[entry]!;
  }

  /** The entry of the last batch known to end at or below `offset`; -1: none. */
  entryFor(offset: number): number {
    return lastAtOrBelow(this.#relative, this.count, offset - this.baseOffset);
  }

  /** Start of a batch at or before the one that holds `offset`: where a scan for it begins. */
  positionFor(offset: number): number {
    const entry = this.entryFor(offset);
    return entry === -1 ? 0 : this.#positions[entry]!;
  }

  /** Greatest batch start at or below `position` before which every batch lies below `endOffset`; 0: none. */
  boundaryBelow(position: number, endOffset: number): number {
    const byPosition = lastAtOrBelow(this.#positions, this.count, position);
    const byOffset = lastAtOrBelow(this.#relative, this.count, endOffset - this.baseOffset);
    const entry = Math.min(byPosition, byOffset);
    return entry === -1 ? 0 : this.#positions[entry]!;
  }

  /** The file lacks entries. */
  get isUnwritten(): boolean {
    return this.count > this.#file.written;
  }

  truncateTo(count: number): void {
    this.count = Math.min(this.count, count);
    this.#file.truncateTo(this.count);
  }

  /** Takes the sound entries of the file: rising, inside the segment, up to the first that is not. */
  load(segmentBytes: number): void {
    const bytes = this.#file.read();
    if (bytes === null) return;
    const entries = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let lastRelative = -1;
    let lastPosition = 0;
    for (let at = 0; at + entryBytes <= bytes.length; at += entryBytes) {
      const relative = entries.getInt32(at);
      const position = entries.getInt32(at + 4);
      // Kafka preallocates index files: a broker that was killed leaves zeros behind.
      if (relative <= lastRelative || position <= lastPosition || position >= segmentBytes) break;
      this.append(this.baseOffset + relative, position);
      lastRelative = relative;
      lastPosition = position;
    }
    this.#file.accept(this.count, bytes.length);
  }

  /** Appends what the file does not have yet. */
  write(): void {
    this.#file.append(this.count, (out, entry, at) => {
      out.setInt32(at, this.#relative[entry]!);
      out.setInt32(at + 4, this.#positions[entry]!);
    });
  }

  #grow(): void {
    const relative = new Int32Array(this.count * 2);
    const positions = new Int32Array(this.count * 2);
    relative.set(this.#relative);
    positions.set(this.#positions);
    this.#relative = relative;
    this.#positions = positions;
  }
}

/** Index of the last value at or below `limit` among the first `count`, which rise; -1 if none. */
export function lastAtOrBelow(
  values: Int32Array | Float64Array,
  count: number,
  limit: number,
): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
