/** Small damage to bytes, of the kinds that parsers stumble over. */
import fc from '../fast-check.js';

interface Mutation {
  readonly kind: 'byte' | 'bit' | 'int32' | 'cut' | 'insert' | 'repeat' | 'zeros';
  /** Where, as a share of the length, and with what. */
  readonly place: number;
  readonly value: number;
}

/** Numbers that lie on the edges of what fits. */
const edges = [0, 1, -1, -2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0x7fffffff, -0x80000000, 0x00ffffff];

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom(
    'byte',
    'byte',
    'bit',
    'int32',
    'int32',
    'cut',
    'insert',
    'repeat',
    'zeros',
  ),
  place: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  value: fc.oneof(fc.constantFrom(...edges), fc.nat(255)),
});

export type Mutations = readonly Mutation[];

export function mutations(maxLength: number): fc.Arbitrary<Mutations> {
  return fc.array(mutation, { maxLength });
}

/** The bytes with all of it done to them in turn, from `start` on. */
export function mutated(bytes: Uint8Array, done: Mutations, start = 0): Buffer {
  let result: Buffer = Buffer.from(bytes);
  for (const { kind, place, value } of done) {
    if (result.length <= start) break;
    const at = start + Math.floor(place * (result.length - start));
    result = apply(result, kind, at, value);
  }
  return result;
}

/** The first byte that differs, or the length of the shorter if none does. */
export function firstDamage(before: Uint8Array, after: Uint8Array): number {
  const shorter = Math.min(before.length, after.length);
  for (let at = 0; at < shorter; at++) if (before[at] !== after[at]) return at;
  return before.length === after.length ? Number.POSITIVE_INFINITY : shorter;
}

function apply(bytes: Buffer, kind: Mutation['kind'], at: number, value: number): Buffer {
  const few = 1 + (value & 15);
  switch (kind) {
    case 'byte':
      bytes[at] = value;
      return bytes;
    case 'bit':
      bytes[at] = (bytes[at] as number) ^ (1 << (value & 7));
      return bytes;
    case 'int32':
      if (at + 4 <= bytes.length) bytes.writeInt32BE(value | 0, at);
      return bytes;
    case 'cut':
      return bytes.subarray(0, at);
    case 'insert':
      return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(few, value), bytes.subarray(at)]);
    case 'repeat':
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - few))]);
    case 'zeros':
      bytes.fill(0, at, Math.min(bytes.length, at + few * 16));
      return bytes;
  }
}
