/** Whether `view[start, end)` is UTF-8 that a string gives back unchanged (RFC 3629: no surrogates, no overlong form). */
export function isUtf8(view: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const first = view[at++]!;
    if (first < 0x80) continue;
    if (first < 0xc2 || first > 0xf4) return false;
    const more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if (end - at < more) return false;
    const second = view[at]!;
    if (second < leastSecond(first) || second > greatestSecond(first)) return false;
    for (let i = 1; i < more; i++) if ((view[at + i]! & 0xc0) !== 0x80) return false;
    at += more;
  }
  return true;
}

function leastSecond(first: number): number {
  if (first === 0xe0) return 0xa0;
  return first === 0xf0 ? 0x90 : 0x80;
}

function greatestSecond(first: number): number {
  if (first === 0xed) return 0x9f;
  return first === 0xf4 ? 0x8f : 0xbf;
}
