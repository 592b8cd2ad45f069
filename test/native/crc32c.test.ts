import t from 'tap';
import { crc32cCombine, crc32cTable } from '../../native/fallback/crc32c-table.js';
import fc from '../fast-check.js';
import { available, sharedRange } from './samples.js';

/** The definition, bit by bit. */
function crc32cByBits(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

const implementations = [
  ...available,
  { name: 'table', crc32c: crc32cTable, crc32cCombine },
] as const;

for (const codecs of implementations) {
  t.test(`${codecs.name}: CRC32C`, async (t) => {
    t.equal(codecs.crc32c(Buffer.from('123456789'), 0, 9), 0xe3069283, 'the check value');
    t.equal(codecs.crc32c(new Uint8Array(), 0, 0), 0, 'of nothing');
    // RFC 3720, B.4
    t.equal(codecs.crc32c(new Uint8Array(32), 0, 32), 0x8a9136aa, '32 zero bytes');
    t.equal(codecs.crc32c(new Uint8Array(32).fill(0xff), 0, 32), 0x62a8ab43, '32 bytes of ones');

    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const { view, start, end } = sharedRange(bytes);
        return codecs.crc32c(view, start, end) === crc32cByBits(bytes);
      }),
    );
    t.pass('is the definition, on shared memory at an odd offset');

    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(600), (bytes, cut) => {
        const middle = Math.min(cut, bytes.length);
        const whole = codecs.crc32c(bytes, 0, bytes.length);
        const first = codecs.crc32c(bytes, 0, middle);
        const second = codecs.crc32c(bytes, middle, bytes.length);
        return (
          codecs.crc32c(bytes, middle, bytes.length, first) === whole &&
          codecs.crc32cCombine(first, second, bytes.length - middle) === whole
        );
      }),
    );
    t.pass('continues and combines');

    const [head, tail] = [Buffer.from('header'), new Uint8Array(100_000).fill(7)];
    const crcOf = (...parts: Uint8Array[]): number => {
      const bytes = Buffer.concat(parts);
      return codecs.crc32c(bytes, 0, bytes.length);
    };
    const changed = Buffer.from('HeaDer');
    const difference = (crcOf(head) ^ crcOf(changed)) >>> 0;
    const patched = codecs.crc32cCombine(difference, crcOf(head, tail), tail.length);
    t.equal(patched, crcOf(changed, tail), 'patches a changed start');
  });
}

for (const codecs of available) {
  t.test(`${codecs.name}: a range outside its view is a RangeError`, async (t) => {
    const view = new Uint8Array(8);
    t.throws(() => codecs.crc32c(view, 0, 9), RangeError);
    t.throws(() => codecs.crc32c(view, -1, 4), RangeError);
    t.throws(() => codecs.crc32c(view, 5, 4), RangeError);
    t.throws(() => codecs.crc32c(view, Number.NaN, 4), RangeError);
  });
}
