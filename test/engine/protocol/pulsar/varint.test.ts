import { BinaryWriter } from '@bufbuild/protobuf/wire';
import t from 'tap';
import { PulsarFormatError } from '../../../../engine/protocol/pulsar/format-error.js';
import {
  maxVarintBytes,
  VarintReader,
  varintBytes,
  writeVarint,
} from '../../../../engine/protocol/pulsar/varint.js';
import fc from '../../../fast-check.js';

const safe = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(),
  fc.integer({ min: 0, max: 53 }).map((power) => Math.max(0, 2 ** power - 1)),
);

function readerOf(...bytes: number[]): VarintReader {
  const reader = new VarintReader();
  reader.take(Uint8Array.from(bytes), 0, bytes.length);
  return reader;
}

t.test('what is written is what the library writes, and is read again', async (t) => {
  fc.assert(
    fc.property(safe, fc.nat(5), (value, at) => {
      const expected = new BinaryWriter().uint64(BigInt(value)).finish();
      const target = new Uint8Array(at + maxVarintBytes);
      const end = writeVarint(target, at, value);
      if (end - at !== expected.length || varintBytes(value) !== expected.length) return false;
      const reader = new VarintReader();
      reader.take(target, at, end);
      const same = Buffer.compare(target.subarray(at, end), expected) === 0;
      return same && reader.uint64() === value && reader.isAtEnd;
    }),
    { numRuns: 2000 },
  );
  t.pass('2000 values');
});

t.test('int32 of any sign', async (t) => {
  fc.assert(
    fc.property(fc.integer(), (value) => {
      return readerOf(...new BinaryWriter().int32(value).finish()).int32() === value;
    }),
  );
  t.pass('100 values');
});

t.test('the ends of the range', async (t) => {
  const none = new BinaryWriter().uint64(2n ** 64n - 1n).finish();
  t.equal(readerOf(...none).uint64(), -1, "Pulsar's none");
  t.throws(() => readerOf(...new BinaryWriter().uint64(2n ** 53n).finish()).uint64(), {
    name: 'PulsarFormatError',
  });
  t.throws(() => readerOf(0x80, 0x80).uint64(), PulsarFormatError, 'it ends too early');
  t.throws(() => readerOf(...Array<number>(11).fill(0x80)).uint64(), PulsarFormatError);
  t.throws(() => readerOf(...Array<number>(11).fill(0x80)).int32(), PulsarFormatError);
  t.throws(() => readerOf(5, 1, 2).length(), PulsarFormatError, 'a length beyond the end');
  t.throws(() => readerOf(1, 2).skip(5), PulsarFormatError);
  t.throws(() => readerOf(1, 2).skip(3), PulsarFormatError, 'groups do not exist here');
  const reader = readerOf(0xff, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 2, 0, 0, 1, 2, 3, 4, 9);
  for (const wireType of [0, 1, 2, 5]) reader.skip(wireType);
  t.equal(reader.int32(), 9);
});
