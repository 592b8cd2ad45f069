/** The records of the contract, as the client programs make them in their own languages. */

const alphabet = 'abcdefghijklmnopqrstuvwxyz'.repeat(21);

/** The key of record i, null for a null key. */
export function recordKey(i: number): Buffer | null {
  // Two of the clients refuse a record with neither key nor value.
  if (i % 7 === 0 && i % 13 !== 0) return null;
  return Buffer.from(i % 11 === 0 ? '' : `k${i % 1000}`);
}

/** The value of record i, null for a null value. */
export function recordValue(i: number): Buffer | null {
  if (i % 13 === 0) return null;
  if (i % 17 === 0) return Buffer.alloc(0);
  const start = i % 26;
  return Buffer.from(`${i}:${alphabet.slice(start, start + ((i * 37) % 500))}`);
}

/** The headers of record i in order. */
export function recordHeaders(i: number, withNull: boolean): [string, Buffer | null][] {
  if (i % 3 === 0) return [];
  const first: [string, Buffer | null] = ['h', Buffer.from(String(i))];
  if (i % 5 !== 0) return [first];
  return [
    first,
    ['h', Buffer.from('again')],
    ['n', withNull ? null : Buffer.from('0')],
    ['e', Buffer.alloc(0)],
    ['b', Buffer.from([0xff, 0xfe, 0x80 | (i & 0x7f)])],
  ];
}
