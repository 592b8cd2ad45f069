import { constants, deflateSync } from 'node:zlib';
import t from 'tap';
import { lz4Package, snappyPackage } from '../../../native/fallback/packages.js';
import { Entry } from '../../../workers/format/entry.js';
import { buildEntry, type Field, property, published, single, withBroker } from './build-entry.js';
import { decodeEntry } from './decoding.js';
import { codecs } from './read-records.js';

const text = (value: string | null | undefined): string | null | undefined =>
  value === null || value === undefined ? value : Buffer.from(value, 'base64').toString();

/** Key and value of the records as text. */
function pairs(bytes: Uint8Array): (string | null | undefined)[][] {
  return decodeEntry(bytes).batches.flatMap(({ records }) =>
    records.map(({ key, value }) => [text(key), text(value)]),
  );
}

const fault = (code: string, message?: RegExp) => ({
  name: 'EntryFault',
  code,
  ...(message === undefined ? {} : { message }),
});

t.test("the broker's metadata says where the entry stands", async (t) => {
  const plain = buildEntry(
    [...published('p'), [11, 3]],
    Buffer.concat([single('a'), single('b'), single('c')]),
  );
  const { entry } = decodeEntry(withBroker(plain, [1, 1_700_000_000_123], [2, 41]));
  t.strictSame([entry.index, entry.brokerTimestamp, entry.offsets], [41, 1_700_000_000_123, 3]);
  const bare = decodeEntry(plain).entry;
  t.strictSame([bare.index, bare.brokerTimestamp, bare.offsets], [-1, -1, 3]);
  t.equal(bare.publishTime, 1_700_000_000_000);
});

t.test('a message alone', async (t) => {
  const event: Field = [12, 1_500_000_000_000];
  const { entry, batches } = decodeEntry(
    buildEntry(
      [
        ...published('p'),
        [4, property('a', '1')],
        [4, property('a', '')],
        [6, 'key'],
        event,
        [16, 'v7'],
      ],
      Buffer.from('value'),
    ),
  );
  t.equal(entry.kind, 'pulsar');
  t.match(batches, [{ base: 100, last: 100, n: 1, pid: -1, seq: -1, txn: false, leaderEpoch: 3 }]);
  const base64 = (value: string) => Buffer.from(value).toString('base64');
  t.strictSame(batches[0]?.records, [
    {
      offset: 100,
      key: base64('key'),
      value: base64('value'),
      headers: [
        ['a', base64('1')],
        ['a', ''],
      ],
      timestamp: 1_500_000_000_000,
    },
  ]);
  const untimed = decodeEntry(buildEntry(published('p', 77), Buffer.alloc(0)));
  t.match(untimed.batches[0]?.records, [{ key: null, value: '', timestamp: 77 }]);
  t.strictSame(pairs(buildEntry([...published('p'), [25, 1]], Buffer.alloc(0))), [[null, null]]);
});

t.test('keys: the ordering key first, else the partition key in its encoding', async (t) => {
  const packed = Buffer.from('raw').toString('base64');
  const fields: Field[][] = [
    [[2, 'text']],
    [
      [2, packed],
      [6, 1],
    ],
    [
      [2, packed],
      [6, 1],
      [7, 'order'],
    ],
    [[7, '']],
    [[2, '']],
    [
      [2, ''],
      [6, 1],
    ],
    [],
    [[10, 1]],
  ];
  const payload = Buffer.concat(fields.map((each) => single('v', ...each)));
  t.strictSame(
    pairs(buildEntry([...published('p'), [11, fields.length]], payload)).map(([key]) => key),
    ['text', 'raw', 'order', '', '', '', null, null],
  );
  const broken = buildEntry([...published('p'), [11, 1]], single('v', [2, 'a?b='], [6, 1]));
  t.throws(() => decodeEntry(broken), fault('corrupt', /base64 with the byte 63/));
});

t.test('tombstones, and messages that compaction took out', async (t) => {
  const payload = Buffer.concat([
    single('', [2, 'a'], [9, 1]),
    single('', [2, 'b'], [4, 1]),
    single('', [2, 'c']),
  ]);
  const bytes = buildEntry([...published('p'), [11, 3]], payload);
  const { batches } = decodeEntry(bytes);
  t.match(batches, [{ base: 100, last: 102, n: 2 }]);
  t.strictSame(
    batches[0]?.records.map(({ offset, value }) => [offset, value]),
    [
      [100, null],
      [102, ''],
    ],
  );
});

t.test('compressed by a Pulsar client', async (t) => {
  const values = ['a', 'b'.repeat(5000), 'c'];
  const payload = Buffer.concat(values.map((value) => single(value)));
  const packed: [number, Uint8Array][] = [
    [1, lz4Package().compressSync(payload).subarray(4)],
    [2, deflateSync(payload)],
    // As the Java client does, who never ends the stream.
    [2, deflateSync(payload, { finishFlush: constants.Z_SYNC_FLUSH })],
    [3, codecs.compress(4, payload, 0, payload.length)],
    [4, snappyPackage().compressSync(payload, { copyOutputData: true })],
  ];
  for (const [compression, bytes] of packed) {
    const entry = (sizeBytes: number) =>
      buildEntry([...published('p'), [8, compression], [9, sizeBytes], [11, 3]], bytes);
    t.strictSame(
      pairs(entry(payload.length)).map(([, value]) => value),
      values,
      `compression ${compression}`,
    );
    t.throws(() => decodeEntry(entry(payload.length - 1)), fault('corrupt'));
    t.throws(() => decodeEntry(entry(payload.length + 1)), fault('corrupt'));
    t.throws(() => decodeEntry(entry(1 << 23)), fault('too-large', /maxInflatedBytes/));
    bytes.fill(0x55, 3);
    t.throws(() => decodeEntry(entry(payload.length)), fault('corrupt'));
  }
  const unknown = buildEntry([...published('p'), [8, 9], [9, 1]], payload);
  t.throws(() => decodeEntry(unknown), fault('unsupported', /compression 9/));
  t.throws(() => decodeEntry(buildEntry([...published('p'), [8, 1]], payload)), fault('corrupt'));
});

t.test('what is no record for Kafka is an empty batch over its offsets', async (t) => {
  const batch = Buffer.concat([single('a'), single('b')]);
  const holes: [string, number, Field[], Uint8Array][] = [
    ['marker', 1, [...published(''), [20, 10]], Buffer.alloc(4)],
    ['marker', 1, [...published('pulsar.txn.marker'), [20, 21], [22, 1], [23, 2]], Buffer.alloc(0)],
    ['chunk', 1, [...published('p'), [26, 'u'], [27, 3], [28, 99], [29, 0]], Buffer.alloc(33)],
    ['encrypted', 2, [...published('p'), [11, 2], [13, 'key']], Buffer.alloc(50, 7)],
    // A batch of Pulsar's own transaction takes one offset only.
    ['transaction', 1, [...published('p'), [11, 2], [22, 1], [23, 2]], batch],
  ];
  for (const [reason, offsets, fields, payload] of holes) {
    const { entry, batches } = decodeEntry(buildEntry(fields, payload));
    t.strictSame([entry.kind, entry.holeReason, entry.offsets], ['hole', reason, offsets]);
    t.match(batches, [{ base: 100, last: 99 + offsets, n: 0, control: false, maxTimestamp: -1 }]);
  }
  const whole = buildEntry([...published('p'), [27, 1]], Buffer.from('x'));
  t.strictSame(pairs(whole), [[null, 'x']], 'one chunk is the whole message');
});

t.test('times beyond what Kafka can hold are set to the greatest', async (t) => {
  const payload = Buffer.concat([single('a', [5, 5]), single('b', [5, 2n ** 63n]), single('c')]);
  const { batches } = decodeEntry(buildEntry([...published('p', 9), [11, 3]], payload));
  t.strictSame(
    batches[0]?.records.map(({ timestamp }) => timestamp),
    [5, 2 ** 52 - 2, 9],
  );
});

t.test('damaged entries', async (t) => {
  const good = buildEntry([...published('p'), [11, 1]], single('value'));
  const flipped = Buffer.from(good);
  flipped[flipped.length - 1]! ^= 1;
  t.throws(() => decodeEntry(flipped), fault('corrupt', /wrong CRC/));
  const wrong: [RegExp, Uint8Array][] = [
    [/0 messages/, buildEntry([...published('p'), [11, 0]], single('v'))],
    [/messages in a payload/, buildEntry([...published('p'), [11, -1]], single('v'))],
    [/messages in a payload/, buildEntry([...published('p'), [11, 1 << 30]], single('v'))],
    [/message 1 of 2 ends behind/, buildEntry([...published('p'), [11, 2]], single('vvvvvvvvv'))],
    [
      /no whole record batch/,
      buildEntry([...published(''), [4, property('entry.format', 'kafka')]], Buffer.alloc(70, 9)),
    ],
    [/does not say of which/, buildEntry([...published(''), [11, 1], [20, 21]], single('v'))],
    [/field number 0/, buildEntry([[0, 1]], single('v'))],
    [/metadata that ends beyond its entry|an entry without metadata/, Buffer.from([0, 0, 1, 0, 1])],
    [/an entry without metadata/, Buffer.alloc(0)],
    [/broker entry metadata that ends/, Buffer.from([0x0e, 2, 0, 0, 1, 0, 1, 1])],
    [/wire type 3/, Buffer.from([0, 0, 0, 1, 0x0b])],
    [/does not end/, Buffer.from([0, 0, 0, 12, 8, ...Array.from({ length: 11 }, () => 0xff)])],
    [/a field of 100 bytes/, Buffer.from([0, 0, 0, 2, 0x0a, 100])],
  ];
  for (const [message, bytes] of wrong) {
    t.throws(() => decodeEntry(bytes), fault('corrupt', message));
  }
});

t.test('a target without room is refused before anything is written', async (t) => {
  const bytes = buildEntry([...published('p'), [11, 1]], single('value'));
  const entry = new Entry(codecs, 100);
  entry.open(bytes, 0, bytes.length);
  const out = new Uint8Array(entry.boundBytes);
  t.throws(() => entry.write(out, 1, 0, 0), { name: 'RangeError' });
  t.ok(out.every((byte) => byte === 0));
});
