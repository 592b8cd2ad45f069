/** CRC32C (Castagnoli, reflected polynomial 0x82f63b78) in plain JavaScript, eight bytes a turn. */

const polynomial = 0x82f63b78;

/** Eight tables in one array: `tables[k * 256 + b]` is byte `b` followed by `k` zero bytes. */
const tables = buildTables();

function buildTables(): Uint32Array {
  const built = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    built[byte] = crc;
  }
  for (let i = 256; i < built.length; i++) {
    const shorter = built[i - 256]!;
    built[i] = (shorter >>> 8) ^ built[shorter & 0xff]!;
  }
  return built;
}

/** CRC32C of `view[start, end)`, continuing `seed`; uint32. */
export function crc32cTable(view: Uint8Array, start: number, end: number, seed = 0): number {
  let crc = ~seed;
  let i = start;
  for (const last = end - 8; i <= last; i += 8) {
    const low =
      crc ^ (view[i]! | (view[i + 1]! << 8) | (view[i + 2]! << 16) | (view[i + 3]! << 24));
    crc =
      tables[1792 + (low & 0xff)]! ^
      tables[1536 + ((low >>> 8) & 0xff)]! ^
      tables[1280 + ((low >>> 16) & 0xff)]! ^
      tables[1024 + (low >>> 24)]! ^
      tables[768 + view[i + 4]!]! ^
      tables[512 + view[i + 5]!]! ^
      tables[256 + view[i + 6]!]! ^
      tables[view[i + 7]!]!;
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ tables[(crc ^ view[i]!) & 0xff]!;
  return ~crc >>> 0;
}

/**
 * CRC32C of A followed by B, from their CRCs and B's length: A's, times x to the power of B's bits,
 * plus B's.
 */
export function crc32cCombine(crcA: number, crcB: number, lengthB: number): number {
  let shifted = crcA;
  // From the third power on: a byte is 2^3 bits.
  for (let rest = lengthB, n = 3; rest > 0; rest = Math.floor(rest / 2), n++) {
    if (rest % 2 === 1) shifted = multiply(powers[n]!, shifted);
  }
  return (shifted ^ crcB) >>> 0;
}

/** x^(2^n) modulo the polynomial, whose highest bit is the coefficient of x^0. */
const powers = buildPowers();

function buildPowers(): Int32Array {
  const built = new Int32Array(64);
  built[0] = 1 << 30;
  for (let n = 1; n < built.length; n++) built[n] = multiply(built[n - 1]!, built[n - 1]!);
  return built;
}

/** The product of two polynomials modulo the polynomial. */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let rest = a; rest !== 0; rest <<= 1) {
    if (rest < 0) product ^= shifted;
    shifted = shifted & 1 ? (shifted >>> 1) ^ polynomial : shifted >>> 1;
  }
  return product;
}
