/**
 * Hands out contiguous ranges of a slab in whole pages, lowest address first, so that resident memory
 * follows the peak use and not the budget. One thread only. First fit over a byte per page.
 */
export class PageAllocator {
  readonly #firstByte: number;
  readonly #pageBytes: number;
  /** Length in pages of the range that begins at a page; 0: no range begins there. */
  readonly #lengths: Int32Array;
  readonly #used: Uint8Array;
  #lowestFree = 0;
  #usedPages = 0;

  /** Manages `[firstByte, firstByte + sizeBytes)`; both in whole pages. */
  constructor(firstByte: number, sizeBytes: number, pageBytes: number) {
    this.#firstByte = firstByte;
    this.#pageBytes = pageBytes;
    const pages = Math.floor(sizeBytes / pageBytes);
    this.#lengths = new Int32Array(pages);
    this.#used = new Uint8Array(pages);
  }

  get usedBytes(): number {
    return this.#usedPages * this.#pageBytes;
  }

  get sizeBytes(): number {
    return this.#used.length * this.#pageBytes;
  }

  /** Whether a byte position lies in this allocator's part of the slab. */
  owns(start: number): boolean {
    return start >= this.#firstByte && start < this.#firstByte + this.sizeBytes;
  }

  /** Start of a free range of at least `sizeBytes`, or -1 if there is none. */
  allocate(sizeBytes: number): number {
    const wanted = Math.max(1, Math.ceil(sizeBytes / this.#pageBytes));
    const used = this.#used;
    let page = this.#lowestFree;
    while (page < used.length && used[page] === 1) page += this.#lengths[page] || 1;
    this.#lowestFree = page;
    while (page + wanted <= used.length) {
      let end = page;
      const limit = page + wanted;
      while (end < limit && used[end] === 0) end++;
      if (end === limit) return this.#take(page, wanted);
      // A used page met on a walk from a free one is the first of its range.
      page = end;
      while (page < used.length && used[page] === 1) page += this.#lengths[page] || 1;
    }
    return -1;
  }

  #take(page: number, pages: number): number {
    this.#used.fill(1, page, page + pages);
    this.#lengths[page] = pages;
    this.#usedPages += pages;
    if (page === this.#lowestFree) this.#lowestFree = page + pages;
    return this.#firstByte + page * this.#pageBytes;
  }

  /** Bytes of the range that begins at `start`. */
  lengthOf(start: number): number {
    return (this.#lengths[this.#pageOf(start)] as number) * this.#pageBytes;
  }

  /** Gives back the range that begins at `start`. Throws if none does: a range is returned once. */
  release(start: number): void {
    const page = this.#pageOf(start);
    const pages = this.#lengths[page];
    if (pages === undefined || pages === 0) throw new Error(`no slab range begins at ${start}`);
    this.#lengths[page] = 0;
    this.#used.fill(0, page, page + pages);
    this.#usedPages -= pages;
    if (page < this.#lowestFree) this.#lowestFree = page;
  }

  #pageOf(start: number): number {
    return (start - this.#firstByte) / this.#pageBytes;
  }
}
