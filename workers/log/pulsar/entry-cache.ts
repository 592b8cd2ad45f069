/** What one thread keeps of the entries that its partitions' readers want: bounded, the oldest go first. */

/** What an entry takes in memory beside its bytes, about. */
const overheadBytes = 200;

/** An entry, or a hole between two. */
export interface CachedEntry {
  readonly baseOffset: number;
  /** Behind its last offset. */
  readonly nextOffset: number;
  /** As it is stored, from its checksum or its metadata's size on; null for a hole. */
  readonly bytes: Uint8Array | null;
  readonly cache: EntryCache;
}

function sizeOf({ bytes }: CachedEntry): number {
  return overheadBytes + (bytes?.length ?? 0);
}

/** The budget of a thread. */
export class CacheMemory {
  readonly #maxBytes: number;
  /** In the order in which they came. */
  readonly #entries = new Set<CachedEntry>();
  #usedBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  take(entry: CachedEntry): void {
    this.#entries.add(entry);
    this.#usedBytes += sizeOf(entry);
    for (const oldest of this.#entries) {
      if (this.#usedBytes <= this.#maxBytes || oldest === entry) break;
      oldest.cache.drop(oldest);
    }
  }

  give(entry: CachedEntry): void {
    if (this.#entries.delete(entry)) this.#usedBytes -= sizeOf(entry);
  }
}

/** The entries of one partition, by offset. */
export class EntryCache {
  readonly #memory: CacheMemory;
  /** Ordered, none overlaps another. */
  readonly #entries: CachedEntry[] = [];

  constructor(memory: CacheMemory) {
    this.#memory = memory;
  }

  /** Takes an entry, whose bytes it owns from now on; false if its first offset is there already. */
  add(baseOffset: number, nextOffset: number, bytes: Uint8Array | null): boolean {
    const at = this.#behind(baseOffset);
    const before = this.#entries[at - 1];
    if (before !== undefined && before.nextOffset > baseOffset) return false;
    const after = this.#entries[at];
    if (after !== undefined && after.baseOffset < nextOffset) return false;
    const entry = { baseOffset, nextOffset, bytes, cache: this };
    if (at === this.#entries.length) this.#entries.push(entry);
    else this.#entries.splice(at, 0, entry);
    this.#memory.take(entry);
    return true;
  }

  /** Takes a hole, where there is nothing yet: a reader that began inside of it has left a part of it here. */
  fill(baseOffset: number, nextOffset: number): void {
    for (let next = baseOffset; next < nextOffset; ) {
      const known = this.#entries[this.find(next)];
      if (known === undefined) {
        const after = this.#entries[this.#behind(next)];
        const end = Math.min(nextOffset, after?.baseOffset ?? nextOffset);
        this.add(next, end, null);
        next = end;
      } else next = known.nextOffset;
    }
  }

  /** Place of the entry that holds an offset, -1 if it is not there. */
  find(offset: number): number {
    const at = this.#behind(offset) - 1;
    const entry = this.#entries[at];
    return entry !== undefined && offset < entry.nextOffset ? at : -1;
  }

  at(place: number): CachedEntry | undefined {
    return this.#entries[place];
  }

  /** Bytes of what lies gapless from `offset` on and before `endOffset`. */
  bytesFrom(offset: number, endOffset: number): number {
    let sum = 0;
    let next = offset;
    for (let at = this.find(offset); at !== -1; at++) {
      const entry = this.#entries[at];
      if (entry === undefined || entry.baseOffset > next || next >= endOffset) break;
      sum += sizeOf(entry);
      next = entry.nextOffset;
    }
    return sum;
  }

  drop(entry: CachedEntry): void {
    const at = this.find(entry.baseOffset);
    if (this.#entries[at] !== entry) return;
    if (at === 0) this.#entries.shift();
    else this.#entries.splice(at, 1);
    this.#memory.give(entry);
  }

  clear(): void {
    for (const entry of this.#entries) this.#memory.give(entry);
    this.#entries.length = 0;
  }

  /** Place of the first entry that begins behind an offset. */
  #behind(offset: number): number {
    const entries = this.#entries;
    let low = 0;
    let high = entries.length;
    // Readers go forward: mostly it is the end.
    if (high > 0 && (entries[high - 1] as CachedEntry).baseOffset <= offset) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((entries[middle] as CachedEntry).baseOffset <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
