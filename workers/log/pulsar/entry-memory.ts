/** Kept for entries to come; what is given back beyond it is the collector's. */
const maxIdleBytes = 32 * 2 ** 20;
const leastRoomBytes = 16 * 2 ** 10;

/**
 * What one thread makes entries in, lent until they are stored. Fresh memory for each would cost a page fault for
 * every 4 KiB and a collection for every few MB: a third of the thread's time at 64 KiB an entry.
 */
export class EntryMemory {
  /** By their size, a power of two; the one that was used last is the next: it is still in the processor's cache. */
  readonly #idle = new Map<number, ArrayBuffer[]>();
  /** Nothing keeps what is never given back: its borrower ended. */
  readonly #lent = new WeakSet<ArrayBufferLike>();
  #idleBytes = 0;

  /** At least `sizeBytes`, with whatever was there before. */
  lend(sizeBytes: number): Buffer {
    const roomBytes = 2 ** Math.ceil(Math.log2(Math.max(leastRoomBytes, sizeBytes)));
    let room = this.#idle.get(roomBytes)?.pop();
    if (room === undefined) room = Buffer.allocUnsafeSlow(roomBytes).buffer as ArrayBuffer;
    else this.#idleBytes -= roomBytes;
    this.#lent.add(room);
    return Buffer.from(room);
  }

  /** Takes back what was lent of these views; memory of others is none of its business. */
  giveBack(views: readonly Uint8Array[]): void {
    for (const { buffer } of views) {
      if (!this.#lent.delete(buffer)) continue;
      const { byteLength } = buffer;
      if (this.#idleBytes + byteLength > maxIdleBytes) continue;
      const idle = this.#idle.get(byteLength);
      if (idle === undefined) this.#idle.set(byteLength, [buffer as ArrayBuffer]);
      else idle.push(buffer as ArrayBuffer);
      this.#idleBytes += byteLength;
    }
  }
}
