import type { Segment } from './segment.js';

/** The segments of a log by base offset, ascending; the last one is active, and there is always one. */
export class Segments {
  #list: Segment[] = [];
  /** Of all segments. */
  sizeBytes = 0;

  get active(): Segment {
    return this.#list[this.#list.length - 1]!;
  }

  get first(): Segment {
    return this.#list[0]!;
  }

  get all(): readonly Segment[] {
    return this.#list;
  }

  add(segment: Segment): void {
    this.#list.push(segment);
    this.sizeBytes += segment.sizeBytes;
  }

  /** Takes a segment out; its files stay. */
  remove(segment: Segment): void {
    const index = this.#list.indexOf(segment);
    if (index === -1) throw new Error(`segment ${segment.baseOffset} is not in the log`);
    this.#list.splice(index, 1);
    this.sizeBytes -= segment.sizeBytes;
  }

  /** Puts one segment in the place of several neighbours. */
  replace(old: readonly Segment[], by: Segment): void {
    const index = this.#list.indexOf(old[0]!);
    for (const segment of old) this.remove(segment);
    this.#list.splice(index, 0, by);
    this.sizeBytes += by.sizeBytes;
  }

  /** Index of the segment that holds an offset, or the first if it lies below all. */
  indexFor(offset: number): number {
    let low = 0;
    let high = this.#list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#list[middle]!.baseOffset <= offset) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** Offset at which the next segment begins, or the log ends. */
  endOffset(index: number): number {
    const next = this.#list[index + 1];
    return next === undefined ? this.active.nextOffset : next.baseOffset;
  }

  isStart(offset: number): boolean {
    return this.#list[this.indexFor(offset)]?.baseOffset === offset;
  }
}
