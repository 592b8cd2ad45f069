/** Castagnoli's polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;

const TABLE = buildTable();

/** Computes CRC32C over `view[start, end)`; the addon's has the same shape. */
export type Crc32c = (view: Uint8Array, start: number, end: number) => number;

/**
 * CRC32C (RFC 3720, B.4) as an unsigned 32-bit number: the plain reference that builders and tests
 * use. The hot path has the addon's.
 */
export function crc32c(view: Uint8Array, start = 0, end = view.length): number {
  let crc = 0xffffffff;
  for (let at = start; at < end; at++) crc = TABLE[(crc ^ view[at]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

function buildTable(): Int32Array {
  const table = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    table[byte] = crc;
  }
  return table;
}
