import { randomFillSync } from 'node:crypto';
import { hashWords, KeyedHash } from './keyed-hash.js';

const startSlots = 2 ** 8;
/** Part of the slots that may be taken. */
const maxLoad = 0.75;
/** A slot's hash and offset. */
const slotBytes = 4 * hashWords + 8;

/**
 * The last offset of each key, bounded in memory: keys are known by their hash, as in Kafka's dedupe buffer, of 128
 * bits, so that two keys are never taken for one. Keys are ranges of a view.
 */
export class KeyMap {
  readonly #maxSlots: number;
  #hashes = new Int32Array(startSlots * hashWords);
  #offsets = new Float64Array(startSlots).fill(-1);
  #slots = startSlots;
  #count = 0;
  readonly #wanted = new Int32Array(hashWords);
  readonly #hash = new KeyedHash(randomFillSync(new Uint32Array(hashWords)));

  /** @param maxBytes of memory; at least 6 KiB */
  constructor(maxBytes: number) {
    const slots = 2 ** Math.floor(Math.log2(maxBytes / slotBytes));
    this.#maxSlots = Math.max(startSlots, slots);
  }

  get count(): number {
    return this.#count;
  }

  /** Keys are put in the order of their offsets. False if the map is full and the key is new. */
  put(view: Uint8Array, start: number, end: number, offset: number): boolean {
    let slot = this.#find(view, start, end);
    if (this.#offsets[slot]! < 0) {
      if (this.#count >= this.#slots * maxLoad) {
        if (this.#slots === this.#maxSlots) return false;
        this.#grow();
        slot = this.#probe(this.#wanted);
      }
      this.#hashes.set(this.#wanted, slot * hashWords);
      this.#count++;
    }
    this.#offsets[slot] = offset;
    return true;
  }

  /** The last offset of a key; -1: none. */
  get(view: Uint8Array, start: number, end: number): number {
    return this.#offsets[this.#find(view, start, end)]!;
  }

  /** The slot of a key, or the empty one where it belongs. */
  #find(view: Uint8Array, start: number, end: number): number {
    this.#hash.compute(view, start, end, this.#wanted);
    return this.#probe(this.#wanted);
  }

  #probe(wanted: Int32Array): number {
    const mask = this.#slots - 1;
    for (let slot = wanted[0]! & mask; ; slot = (slot + 1) & mask) {
      if (this.#offsets[slot]! < 0 || this.#isAt(slot, wanted)) return slot;
    }
  }

  #isAt(slot: number, wanted: Int32Array): boolean {
    const at = slot * hashWords;
    for (let i = 0; i < hashWords; i++) if (this.#hashes[at + i] !== wanted[i]) return false;
    return true;
  }

  #grow(): void {
    const hashes = this.#hashes;
    const offsets = this.#offsets;
    this.#slots *= 2;
    this.#hashes = new Int32Array(this.#slots * hashWords);
    this.#offsets = new Float64Array(this.#slots).fill(-1);
    for (let old = 0; old < offsets.length; old++) {
      if (offsets[old]! < 0) continue;
      const wanted = hashes.subarray(old * hashWords, (old + 1) * hashWords);
      const slot = this.#probe(wanted);
      this.#hashes.set(wanted, slot * hashWords);
      this.#offsets[slot] = offsets[old]!;
    }
  }
}
