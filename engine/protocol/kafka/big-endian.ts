import { INT64_MAX, INT64_MIN } from './constants.js';

export function int16At(view: Uint8Array, at: number): number {
  return ((view[at]! << 24) | (view[at + 1]! << 16)) >> 16;
}

export function int32At(view: Uint8Array, at: number): number {
  return (view[at]! << 24) | (view[at + 1]! << 16) | (view[at + 2]! << 8) | view[at + 3]!;
}

/** Large values as `int64Of` has them. */
export function int64At(view: Uint8Array, at: number): number {
  return int64Of(int32At(view, at), int32At(view, at + 4) >>> 0);
}

export function putInt16(view: Uint8Array, at: number, value: number): void {
  view[at] = value >> 8;
  view[at + 1] = value;
}

export function putInt32(view: Uint8Array, at: number, value: number): void {
  view[at] = value >> 24;
  view[at + 1] = value >> 16;
  view[at + 2] = value >> 8;
  view[at + 3] = value;
}

/** A whole number within ±2^53, INT64_MAX or INT64_MIN; RangeError for any other. */
export function putInt64(view: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  const low = value - high * 0x1_0000_0000;
  // Cheaper than Number.isSafeInteger, which finds the same: no fraction, and 53 bits at most.
  if (low === low >>> 0 && high >= -0x200000 && high < 0x200000) {
    putInt32(view, at, high);
    putInt32(view, at + 4, low);
  } else if (value === INT64_MAX) {
    putInt32(view, at, 0x7fffffff);
    putInt32(view, at + 4, -1);
  } else if (value === INT64_MIN) {
    putInt32(view, at, -0x80000000);
    putInt32(view, at + 4, 0);
  } else {
    throw new RangeError(`${value} is not an int64 that can be written exactly`);
  }
}

/**
 * The number of a signed high and an unsigned low half. Exact within ±2^53. Beyond that
 * Long.MAX_VALUE becomes INT64_MAX, Long.MIN_VALUE INT64_MIN and anything else
 * ±Number.MAX_SAFE_INTEGER: no offset, time or id in use lies there.
 */
export function int64Of(high: number, low: number): number {
  if (high <= 0x1fffff && high >= -0x200000) {
    return Math.max(high * 0x1_0000_0000 + low, Number.MIN_SAFE_INTEGER);
  }
  if (high === 0x7fffffff && low === 0xffffffff) return INT64_MAX;
  if (high === -0x80000000 && low === 0) return INT64_MIN;
  return high < 0 ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;
}
