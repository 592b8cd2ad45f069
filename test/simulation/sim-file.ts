import type { Random } from './random.js';

/** What a disk writes at once or not at all. */
const sectorBytes = 512;

/** How a power cut treats what was written and not synced. */
export type Loss = 'all' | 'none' | 'tail' | 'scattered';

/** A file: what programs read, and what would be left of it after a power cut. */
export class SimFile {
  sizeBytes = 0;
  modifiedMs: number;
  #bytes = new Uint8Array(256);
  #durable = new Uint8Array(0);
  #version = 0;
  #durableVersion = 0;
  /** Pages that a failed sync left behind as clean: no sync writes them until they are written again. */
  #stale: [number, number][] = [];

  constructor(modifiedMs: number) {
    this.modifiedMs = modifiedMs;
  }

  get view(): Uint8Array {
    return this.#bytes.subarray(0, this.sizeBytes);
  }

  write(position: number, bytes: Uint8Array): void {
    const end = position + bytes.length;
    if (end > this.#bytes.length) this.#grow(end);
    this.#bytes.set(bytes, position);
    this.sizeBytes = Math.max(this.sizeBytes, end);
    this.#version++;
    if (this.#stale.length > 0) this.#refresh(position, end);
  }

  truncate(sizeBytes: number): void {
    if (sizeBytes === this.sizeBytes) return;
    if (sizeBytes > this.#bytes.length) this.#grow(sizeBytes);
    this.#bytes.fill(0, sizeBytes, Math.max(sizeBytes, this.sizeBytes));
    this.sizeBytes = sizeBytes;
    this.#version++;
  }

  /** What a sync that begins now makes durable when the returned function is called. */
  beginSync(): () => void {
    const version = this.#version;
    if (version === this.#durableVersion) return () => {};
    const bytes = this.view.slice();
    return () => {
      if (this.#durableVersion >= version) return;
      for (const [start, end] of this.#stale) {
        const old = this.#durable.subarray(start, end);
        bytes.fill(0, start, end);
        bytes.set(
          old.subarray(0, Math.max(0, bytes.length - start)),
          Math.min(start, bytes.length),
        );
      }
      this.#durable = bytes;
      this.#durableVersion = version;
    };
  }

  /** The kernel drops what it could not write, and takes the pages for clean. */
  failSync(): void {
    const common = Math.min(this.#durable.length, this.sizeBytes);
    let start = 0;
    while (start < common && this.#durable[start] === this.#bytes[start]) start++;
    if (start < this.sizeBytes) this.#stale.push([start, this.sizeBytes]);
  }

  /** Leaves only what a power cut leaves. */
  cutPower(loss: Loss, random: Random): void {
    if (this.#version !== this.#durableVersion) this.#lose(loss, random);
    else this.#become(this.#durable);
    this.#stale = [];
    this.#durable = this.view.slice();
    this.#durableVersion = this.#version;
  }

  #lose(loss: Loss, random: Random): void {
    const now = this.view.slice();
    const old = this.#durable;
    if (loss === 'none' && this.#stale.length === 0) return;
    if (loss === 'all' || this.#stale.length > 0) this.#become(old);
    else if (loss === 'tail') this.#become(tailLost(old, now, random));
    else this.#scatter(old, now, random);
  }

  /** Sector by sector, what was there or what was to be. */
  #scatter(old: Uint8Array, now: Uint8Array, random: Random): void {
    const size = random.pick([now.length, old.length, Math.max(now.length, old.length)]);
    const left = new Uint8Array(size);
    left.set(old.subarray(0, size));
    for (let at = 0; at < size; at += sectorBytes) {
      if (random.chance(0.5)) continue;
      const sector = now.subarray(at, Math.min(at + sectorBytes, size));
      left.fill(0, at, Math.min(at + sectorBytes, size));
      left.set(sector, at);
    }
    this.#become(left);
  }

  #become(bytes: Uint8Array): void {
    this.#bytes = bytes.slice();
    this.sizeBytes = bytes.length;
    this.#version++;
  }

  #refresh(start: number, end: number): void {
    this.#stale = this.#stale.flatMap(([from, to]): [number, number][] => {
      const rest: [number, number][] = [];
      if (from < Math.min(to, start)) rest.push([from, Math.min(to, start)]);
      if (Math.max(from, end) < to) rest.push([Math.max(from, end), to]);
      return rest;
    });
  }

  #grow(sizeBytes: number): void {
    const bytes = new Uint8Array(Math.max(sizeBytes, this.#bytes.length * 2));
    bytes.set(this.view);
    this.#bytes = bytes;
  }
}

/** Written in order up to some byte: what was appended is torn, what was cut off may be back. */
function tailLost(old: Uint8Array, now: Uint8Array, random: Random): Uint8Array {
  const common = Math.min(old.length, now.length);
  let same = 0;
  while (same < common && old[same] === now[same]) same++;
  if (same < common || now.length < old.length) return random.chance(0.5) ? old : now;
  return now.subarray(0, random.between(same, now.length));
}
