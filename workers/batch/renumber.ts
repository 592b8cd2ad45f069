import { putUvarint, uvarintSizeBytes, zigzag } from '../../engine/protocol/kafka/varint.js';

/** A delta takes at most this much more than it did, and so may the record's length before it. */
const growthBytes = 8;

/**
 * The same records with the offset deltas 0, 1, 2 … Some old clients number records wrongly; Kafka
 * rewrites their compressed batches, we rewrite the plain ones as well, because a reader computes each
 * record's offset from its delta.
 *
 * @param records plain records back to back, already walked and found sound
 */
export function renumberRecords(records: Uint8Array): Uint8Array {
  let count = 0;
  for (let at = 0; at < records.length; count++) {
    at += varintSizeAt(records, at) + varintAt(records, at);
  }
  const out = new Uint8Array(records.length + count * growthBytes);
  let from = 0;
  let to = 0;
  for (let index = 0; index < count; index++) {
    const length = varintAt(records, from);
    const body = from + varintSizeAt(records, from);
    const next = body + length;
    // One byte of attributes, then the timestamp delta, then the offset delta.
    const delta = body + 1 + varintSizeAt(records, body + 1);
    const rest = delta + varintSizeAt(records, delta);
    const newLength = length - (rest - delta) + uvarintSizeBytes(zigzag(index));
    to = putUvarint(out, to, zigzag(newLength));
    out.set(records.subarray(body, delta), to);
    to = putUvarint(out, to + delta - body, zigzag(index));
    out.set(records.subarray(rest, next), to);
    to += next - rest;
    from = next;
  }
  return out.subarray(0, to);
}

/** Bytes that the varint at `at` takes. */
function varintSizeAt(view: Uint8Array, at: number): number {
  let end = at;
  while ((view[end] as number) >= 0x80) end++;
  return end + 1 - at;
}

/** The zigzag varint of at most 32 bits at `at`. */
function varintAt(view: Uint8Array, at: number): number {
  let value = 0;
  for (let shift = 0; ; shift += 7, at++) {
    const byte = view[at] as number;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
  }
}
