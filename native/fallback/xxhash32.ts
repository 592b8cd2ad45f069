/** XXH32 with seed 0: the checksum of LZ4 frames (their header, and optionally blocks, content). */

const prime1 = 0x9e3779b1;
const prime2 = 0x85ebca77;
const prime3 = 0xc2b2ae3d;
const prime4 = 0x27d4eb2f;
const prime5 = 0x165667b1;

const rotateLeft = (value: number, bits: number): number =>
  (value << bits) | (value >>> (32 - bits));

const round = (lane: number, word: number): number =>
  Math.imul(rotateLeft((lane + Math.imul(word, prime2)) | 0, 13), prime1);

const wordAt = (view: Uint8Array, i: number): number =>
  view[i]! | (view[i + 1]! << 8) | (view[i + 2]! << 16) | (view[i + 3]! << 24);

/** XXH32 of `view[start, end)`; uint32. */
export function xxhash32(view: Uint8Array, start: number, end: number): number {
  let i = start;
  let hash: number;
  if (end - start >= 16) {
    let [a, b, c, d] = [(prime1 + prime2) | 0, prime2 | 0, 0, -prime1 | 0];
    for (; i <= end - 16; i += 16) {
      a = round(a, wordAt(view, i));
      b = round(b, wordAt(view, i + 4));
      c = round(c, wordAt(view, i + 8));
      d = round(d, wordAt(view, i + 12));
    }
    hash = (rotateLeft(a, 1) + rotateLeft(b, 7) + rotateLeft(c, 12) + rotateLeft(d, 18)) | 0;
  } else {
    hash = prime5 | 0;
  }
  hash = (hash + (end - start)) | 0;
  for (; i <= end - 4; i += 4) {
    hash = (hash + Math.imul(wordAt(view, i), prime3)) | 0;
    hash = Math.imul(rotateLeft(hash, 17), prime4);
  }
  for (; i < end; i++) {
    hash = (hash + Math.imul(view[i]!, prime5)) | 0;
    hash = Math.imul(rotateLeft(hash, 11), prime1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), prime2);
  hash = Math.imul(hash ^ (hash >>> 13), prime3);
  return (hash ^ (hash >>> 16)) >>> 0;
}
