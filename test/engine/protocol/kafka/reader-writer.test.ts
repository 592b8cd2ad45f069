import t from 'tap';
import {
  INT64_MAX,
  INT64_MIN,
  MAX_ARRAY_ELEMENTS,
  ZERO_UUID,
} from '../../../../engine/protocol/kafka/constants.js';
import { ProtocolError } from '../../../../engine/protocol/kafka/protocol-error.js';
import { Reader } from '../../../../engine/protocol/kafka/reader.js';
import { Writer } from '../../../../engine/protocol/kafka/writer.js';
import fc from '../../../fast-check.js';
import { sharedCopy } from './sameness.js';

const RUNS = { numRuns: 300, seed: 4 };

function written(write: (writer: Writer) => void): Buffer {
  const writer = new Writer();
  write(writer);
  return Buffer.from(writer.finishWhole());
}

function reader(hex: string): Reader {
  return new Reader(sharedCopy(Buffer.from(hex, 'hex')));
}

function roundTrips<T>(
  arbitrary: fc.Arbitrary<T>,
  write: (writer: Writer, value: T) => void,
  read: (reader: Reader) => unknown,
): void {
  fc.assert(
    fc.property(arbitrary, (value) => {
      const source = new Reader(sharedCopy(written((writer) => write(writer, value))));
      return Object.is(read(source), value) && source.remaining === 0;
    }),
    RUNS,
  );
}

t.test('numbers', async (t) => {
  const uint32 = fc.integer({ min: 0, max: 0xffffffff });
  roundTrips(
    fc.integer({ min: -128, max: 127 }),
    (w, v) => w.int8(v),
    (r) => r.int8(),
  );
  roundTrips(
    fc.integer({ min: -32768, max: 32767 }),
    (w, v) => w.int16(v),
    (r) => r.int16(),
  );
  roundTrips(
    fc.integer({ min: 0, max: 65535 }),
    (w, v) => w.uint16(v),
    (r) => r.uint16(),
  );
  roundTrips(
    fc.integer(),
    (w, v) => w.int32(v),
    (r) => r.int32(),
  );
  roundTrips(
    uint32,
    (w, v) => w.uint32(v),
    (r) => r.uint32(),
  );
  roundTrips(
    fc.maxSafeInteger(),
    (w, v) => w.int64(v),
    (r) => r.int64(),
  );
  roundTrips(
    fc.double({ noNaN: true }),
    (w, v) => w.float64(v),
    (r) => r.float64(),
  );
  roundTrips(
    uint32,
    (w, v) => w.uvarint(v),
    (r) => r.uvarint(),
  );
  roundTrips(
    fc.integer(),
    (w, v) => w.varint(v),
    (r) => r.varint(),
  );
  const within52Bits = fc.maxSafeInteger().map((value) => Math.trunc(value / 2) + 0);
  roundTrips(
    within52Bits,
    (w, v) => w.varlong(v),
    (r) => r.varlong(),
  );
  t.pass();
});

t.test('int64 agrees with BigInt, and names what a number cannot hold', async (t) => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64BE(value);
      const got = new Reader(bytes).int64();
      if (Number.isSafeInteger(Number(value))) return got === Number(value);
      if (value === 2n ** 63n - 1n) return got === INT64_MAX;
      if (value === -(2n ** 63n)) return got === INT64_MIN;
      return got === (value < 0n ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER);
    }),
    { ...RUNS, examples: [[2n ** 63n - 1n], [-(2n ** 63n)], [2n ** 53n], [-(2n ** 53n)], [-1n]] },
  );
  t.equal(written((w) => w.int64(INT64_MAX)).toString('hex'), '7fffffffffffffff');
  t.equal(written((w) => w.int64(INT64_MIN)).toString('hex'), '8000000000000000');
  t.equal(written((w) => w.int64(-1)).toString('hex'), 'ffffffffffffffff');
  for (const value of [2 ** 53, 1.5, Number.NaN]) {
    t.throws(() => written((w) => w.int64(value)), RangeError);
  }
});

t.test('varints of every length, and longer ones refused', async (t) => {
  t.equal(written((w) => w.uvarint(300)).toString('hex'), 'ac02');
  t.equal(reader('ffffffff0f').uvarint(), 0xffffffff);
  t.throws(() => reader('ffffffff1f').uvarint(), ProtocolError);
  t.throws(() => reader('8080808080').uvarint(), ProtocolError);
  t.equal(reader('ffffffff0f').varint(), -0x80000000);
  t.equal(reader('feffffffffffffffff01').varlong(), INT64_MAX);
  t.equal(reader('ffffffffffffffffff01').varlong(), INT64_MIN);
  t.throws(() => reader('ffffffffffffffffff02').varlong(), ProtocolError);
  t.throws(() => written((w) => w.varlong(2 ** 53)), RangeError);
});

t.test('strings', async (t) => {
  for (const flexible of [true, false]) {
    const text = fc.string({ unit: 'grapheme', maxLength: 200 });
    roundTrips(
      text,
      (w, v) => w.string(v, flexible),
      (r) => r.string(flexible),
    );
    roundTrips(
      fc.option(text),
      (w, v) => w.nullableString(v, flexible),
      (r) => r.nullableString(flexible),
    );
    const longest = 'x'.repeat(0x7fff);
    t.equal(new Reader(written((w) => w.string(longest, flexible))).string(flexible), longest);
    t.throws(() => written((w) => w.string(`${longest}x`, flexible)), RangeError);
    t.throws(() => written((w) => w.string('ß'.repeat(0x4000), flexible)), RangeError);
  }
  t.throws(() => reader('ffff').string(false), ProtocolError);
  t.throws(() => reader('00').string(true), ProtocolError);
  t.throws(() => reader('fffe').string(false), ProtocolError);
  t.equal(reader('fffe').nullableString(false), null, 'every negative length is null, as in Kafka');
  t.equal(reader('80000000').nullableArrayLength(false), -1);
  t.throws(() => reader('80000000').arrayLength(false), ProtocolError);
  t.throws(() => reader('000361').string(false), ProtocolError);
});

t.test('uuids', async (t) => {
  const uuid = fc
    .uint8Array({ minLength: 16, maxLength: 16 })
    .map((id) => Buffer.from(id).toString('base64url'));
  roundTrips(
    uuid,
    (w, v) => w.uuid(v),
    (r) => r.uuid(),
  );
  roundTrips(
    fc.constant(ZERO_UUID),
    (w, v) => w.uuid(v),
    (r) => r.uuid(),
  );
  for (const wrong of ['', 'abc', `${ZERO_UUID}A`, '!'.repeat(22)]) {
    t.throws(() => written((w) => w.uuid(wrong)), RangeError);
  }
});

t.test('bytes are views of the memory read from', async (t) => {
  const memory = sharedCopy(Buffer.from('00000002aabb', 'hex'));
  const view = new Reader(memory).view(false);
  t.equal(view.buffer, memory.buffer);
  t.equal(view.byteOffset, memory.byteOffset + 4);
  t.equal(reader('ffffffff').nullableView(false), null);
  t.equal(reader('00').nullableView(true), null);
  t.throws(() => reader('ffffffff').view(false), ProtocolError);
  t.equal(reader('fffffffe').nullableView(false), null);
  t.throws(() => reader('00000003aabb').view(false), ProtocolError);
});

t.test('array lengths are held against the bytes that are left', async (t) => {
  t.equal(reader('0000000200ff').arrayLength(false), 2);
  t.equal(reader('0300ff').arrayLength(true), 2);
  t.equal(reader('ffffffff').nullableArrayLength(false), -1);
  t.equal(reader('00').nullableArrayLength(true), -1);
  t.throws(() => reader('ffffffff').arrayLength(false), ProtocolError);
  t.throws(() => reader('00000003aabb').arrayLength(false), ProtocolError);
  t.throws(() => reader('7fffffff').arrayLength(false), ProtocolError);
  t.throws(() => reader('80000000').arrayLength(false), ProtocolError);
  const large = Buffer.alloc(MAX_ARRAY_ELEMENTS + 8);
  large.writeInt32BE(MAX_ARRAY_ELEMENTS);
  large.writeInt32BE(1, 4);
  const source = new Reader(large);
  t.equal(source.arrayLength(false), MAX_ARRAY_ELEMENTS);
  t.throws(() => source.arrayLength(false), ProtocolError);
});

t.test('tagged fields of every size', async (t) => {
  for (const size of [0, 1, 126, 127, 128, 200, 20_000]) {
    const content = Buffer.alloc(size, 7);
    const bytes = written((w) => {
      w.uvarint(1);
      const at = w.openTagged(9);
      w.raw(content);
      w.closeTagged(at);
      w.int8(-5);
    });
    const source = new Reader(bytes);
    source.skipTags();
    t.equal(source.int8(), -5);
    t.same(bytes.subarray(-1 - size, -1), content);
  }
  t.throws(() => reader('010905aabb').skipTags(), ProtocolError);
  t.throws(() => reader('ffffffff0f').skipTags(), ProtocolError);
});

t.test('record views are sent from where they lie', async (t) => {
  const first = Buffer.from('aaaa', 'hex');
  const second = Buffer.from('bbbbbb', 'hex');
  const writer = new Writer();
  writer.int32(0);
  writer.records(first, false);
  writer.records([first, Buffer.alloc(0), second], true);
  writer.records(null, false);
  writer.records([], true);
  t.equal(writer.byteLength, 4 + 4 + 2 + 1 + 5 + 4 + 1);
  writer.setInt32(0, writer.byteLength - 4);
  const chunks = writer.finish();
  t.equal(chunks[1], first);
  t.equal(chunks[3], first);
  t.equal(chunks[4], second);
  t.equal(
    Buffer.concat(chunks).toString('hex'),
    ['00000011', '00000002', 'aaaa', '06', 'aaaa', 'bbbbbb', 'ffffffff', '01'].join(''),
  );
  t.throws(() => writer.finish(), RangeError);
});

t.test('writers that are open together, and ones that outgrow a slab, keep apart', async (t) => {
  const writers = Array.from({ length: 5 }, () => new Writer());
  for (let i = 0; i < 40_000; i++) {
    for (const [id, writer] of writers.entries()) writer.int32(i * 5 + id);
  }
  for (const [id, writer] of writers.entries()) {
    const source = new Reader(writer.finishWhole());
    let wrong = 0;
    for (let i = 0; i < 40_000; i++) if (source.int32() !== i * 5 + id) wrong++;
    t.equal(wrong, 0);
  }
  const parts = Array.from({ length: 100 }, (_, id) =>
    written((w) => w.string(`text ${id}`, true)),
  );
  t.same(
    parts.map((part) => new Reader(part).string(true)),
    parts.map((_, id) => `text ${id}`),
  );
});

t.test('a reader stays within its range', async (t) => {
  const bytes = Buffer.from('0011223344', 'hex');
  const source = new Reader(bytes, 1, 3);
  t.equal(source.int16(), 0x1122);
  t.throws(() => source.int8(), ProtocolError);
  t.throws(() => source.skip(1), ProtocolError);
  t.throws(() => new Reader(bytes, 4, 3), RangeError);
  t.throws(() => new Reader(bytes, 0, 6), RangeError);
});
