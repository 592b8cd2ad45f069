/**
 * What the load's records hold. A record begins with its number, so that whoever reads it back knows what it must be;
 * the rest is text that codecs compress to about half.
 */

/** Of the number. */
export const numberBytes = 4;

/** Writes record `number` of `sizeBytes` at `start`. */
export function putRecord(view: Buffer, start: number, sizeBytes: number, number: number): void {
  const end = start + sizeBytes;
  view.writeUInt32BE(number, start);
  let state = (Math.imul(number, 2_654_435_761) + 1) >>> 0;
  for (let at = start + numberBytes; at < end; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    view[at] = 32 + ((state >>> 24) & 0x0f) + ((state >>> 16) & 0x30);
  }
}
