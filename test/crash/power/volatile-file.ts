import type { Random } from '../random.js';

/** A write, or a truncation to `position` where there are no bytes. */
interface Change {
  readonly position: number;
  readonly bytes: Uint8Array | null;
}

/** Bytes that grow; what lies between the end and a write behind it is zeros. */
class Content {
  sizeBytes = 0;
  #bytes = Buffer.alloc(0);

  get view(): Uint8Array {
    return this.#bytes.subarray(0, this.sizeBytes);
  }

  apply({ position, bytes }: Change): void {
    const end = bytes === null ? position : position + bytes.length;
    if (bytes === null) this.resize(end);
    else {
      if (end > this.sizeBytes) this.resize(end);
      this.#bytes.set(bytes, position);
    }
  }

  resize(sizeBytes: number): void {
    if (sizeBytes > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(sizeBytes, 2 * this.#bytes.length));
      grown.set(this.view);
      this.#bytes = grown;
    } else if (sizeBytes < this.sizeBytes) this.#bytes.fill(0, sizeBytes, this.sizeBytes);
    this.sizeBytes = sizeBytes;
  }

  copy(): Content {
    const copy = new Content();
    copy.resize(this.sizeBytes);
    copy.#bytes.set(this.view);
    return copy;
  }
}

/**
 * A file as programs see it, and as the platter has it. The changes between the two are kept in order: a sync
 * makes them durable, a power cut all but a random few undone.
 */
export class VolatileFile {
  readonly mode: number;
  mtimeMs = Date.now();
  #seen = new Content();
  #durable = new Content();
  #unsynced: Change[] = [];

  constructor(mode: number) {
    this.mode = mode;
  }

  get sizeBytes(): number {
    return this.#seen.sizeBytes;
  }

  read(position: number, sizeBytes: number): Uint8Array {
    return this.#seen.view.subarray(position, position + sizeBytes);
  }

  /** Copies the bytes. */
  write(position: number, bytes: Uint8Array): void {
    this.#change({ position, bytes: Uint8Array.from(bytes) });
  }

  truncate(sizeBytes: number): void {
    this.#change({ position: sizeBytes, bytes: null });
  }

  sync(): void {
    for (const change of this.#unsynced) this.#durable.apply(change);
    this.#unsynced = [];
  }

  /**
   * Of the changes that were not synced, writes over bytes that the platter has survive whole and in any choice. Growth
   * and truncations survive in order, the last one up to a random byte: journaling file systems move the end of a
   * file only behind bytes that are there, and reuse nothing before a truncation is in the journal.
   */
  cutPower(random: Random): void {
    const all = this.#unsynced;
    const extent = random.pick(['nothing', 'some', 'all']);
    const ordered = { nothing: 0, some: random.below(all.length + 1), all: all.length }[extent]!;
    let isOrdered = false;
    for (const [i, change] of all.entries()) {
      const end = change.position + (change.bytes?.length ?? 0);
      isOrdered ||= change.bytes === null || end > this.#durable.sizeBytes;
      if (!isOrdered) {
        if (random.oneIn(2)) this.#durable.apply(change);
      } else if (i < ordered) this.#durable.apply(change);
      else {
        if (extent === 'some') this.#durable.apply(torn(change, random));
        break;
      }
    }
    this.#unsynced = [];
    this.#seen = this.#durable.copy();
  }

  #change(change: Change): void {
    this.#seen.apply(change);
    this.#unsynced.push(change);
    this.mtimeMs = Date.now();
  }
}

function torn({ position, bytes }: Change, random: Random): Change {
  return { position, bytes: bytes?.subarray(0, random.below(bytes.length + 1)) ?? bytes };
}
