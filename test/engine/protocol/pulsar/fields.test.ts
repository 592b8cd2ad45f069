import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import t from 'tap';
import {
  FieldReader,
  maxVarintBytes,
  putVarint,
  varintSizeBytes,
} from '../../../../engine/protocol/pulsar/fields.js';
import { PulsarFormatError } from '../../../../engine/protocol/pulsar/format-error.js';
import fc from '../../../fast-check.js';

const safe = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(),
  fc.integer({ min: 0, max: 53 }).map((power) => Math.max(0, 2 ** power - 1)),
);

/** Before the first field of a message. */
function readerOf(...bytes: number[]): FieldReader {
  return new FieldReader().open(Uint8Array.from(bytes), 0, bytes.length);
}

/** Behind a field of a number. */
function numberOf(value: bigint): FieldReader {
  const bytes = new BinaryWriter().tag(1, WireType.Varint).uint64(value).finish();
  const fields = readerOf(...bytes);
  fields.next();
  return fields;
}

t.test('what is written is what the library writes, and is read again', async (t) => {
  fc.assert(
    fc.property(safe, fc.nat(5), (value, at) => {
      const expected = new BinaryWriter().uint64(BigInt(value)).finish();
      const target = new Uint8Array(at + 1 + maxVarintBytes);
      target[at] = 0x08;
      const end = putVarint(target, at + 1, value);
      const written = target.subarray(at + 1, end);
      if (varintSizeBytes(value) !== written.length) return false;
      const fields = new FieldReader().open(target, at, end);
      const isRead = fields.next() && fields.value === value && fields.id === value;
      return isRead && Buffer.compare(written, expected) === 0 && !fields.next();
    }),
    { numRuns: 2000 },
  );
  t.pass('2000 values');
});

t.test('the ends of the range', async (t) => {
  const none = numberOf(2n ** 64n - 1n);
  t.equal(none.id, -1, "Pulsar's none");
  t.equal(none.value, Number.MAX_SAFE_INTEGER);
  for (const power of [53n, 63n]) {
    const large = numberOf(2n ** power);
    t.equal(large.value, Number.MAX_SAFE_INTEGER);
    t.throws(() => large.id, { name: 'PulsarFormatError' });
  }
  t.throws(() => readerOf(8, 0x80, 0x80).next(), PulsarFormatError, 'it ends too early');
  t.throws(() => readerOf(8, ...Array<number>(11).fill(0x80)).next(), PulsarFormatError);
  t.throws(() => readerOf(0x0a, 5, 1, 2).next(), PulsarFormatError, 'a length beyond the end');
  t.throws(() => readerOf(0x0d, 1, 2).next(), PulsarFormatError);
  t.throws(() => readerOf(0x0b, 1, 2).next(), PulsarFormatError, 'groups do not exist here');
  const own = new FieldReader((message) => new RangeError(message));
  t.throws(() => own.open(Uint8Array.of(0x0b), 0, 1).next(), RangeError);
});

t.test('fields of all kinds, one after the other', async (t) => {
  const fields = readerOf(
    0x08,
    0xff,
    0x01,
    0x11,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    0x1a,
    2,
    0,
    0,
    0x25,
    1,
    2,
    3,
    4,
  );
  const found: [tag: number, value: number, sizeBytes: number][] = [];
  while (fields.next()) found.push([fields.tag, fields.value, fields.stop - fields.start]);
  t.strictSame(found, [
    [0x08, 255, 0],
    [0x11, 255, 8],
    [0x1a, 255, 2],
    [0x25, 255, 4],
  ]);
});
