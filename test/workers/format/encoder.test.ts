import t from 'tap';
import {
  BATCH_FIELD,
  partitionLeaderEpoch,
  setBatchCrc,
  setLastOffsetDelta,
  setPartitionLeaderEpoch,
  setProducer,
} from '../../../engine/protocol/kafka/record-batch.js';
import { RecordBatchBuilder } from '../../../engine/protocol/kafka/record-batch-builder.js';
import { MAX_MERGED_BATCHES } from '../../../workers/format/batch-list.js';
import { Entry } from '../../../workers/format/entry.js';
import { EntryEncoder, type EntryFormat } from '../../../workers/format/entry-encoder.js';
import { type BatchShape, buildBatch } from './arbitraries.js';
import { buildEntry, message, property } from './build-entry.js';
import { decodeEntry, maxInflatedBytes } from './decoding.js';
import { bytesOf, type GoldenEntry, goldenPartitions } from './golden.js';
import { codecs, readBatches } from './read-records.js';

const nowMs = 1_760_000_000_000;

function encode(format: EntryFormat, batches: Uint8Array[], keepsCompression = false): Buffer {
  const encoder = new EntryEncoder(codecs, maxInflatedBytes);
  encoder.keepsCompression = keepsCompression;
  const out = Buffer.alloc(1 << 20);
  const end = encoder.encode(format, batches, 0, batches.length, nowMs, out, 0, out.length);
  return out.subarray(0, end);
}

const shape = (changes: Partial<BatchShape> = {}): BatchShape => ({
  records: [{ key: Buffer.from('k'), value: Buffer.from('v'), timestamp: 5, headers: [] }],
  producer: null,
  transactional: false,
  appendTime: false,
  compression: 0,
  ...changes,
});

/** The entry without our property, its size and CRC as if it had never been there. */
function withoutProperty(entry: Buffer, value: string): Buffer {
  const ours = message([4, property('kopje.batches', value)]);
  const at = entry.indexOf(ours);
  if (at === -1) return entry;
  const size = entry.readUInt32BE(6) - ours.length;
  const rest = Buffer.concat([entry.subarray(10, at), entry.subarray(at + ours.length)]);
  const head = Buffer.from(entry.subarray(0, 10));
  head.writeUInt32BE(size, 6);
  head.writeUInt32BE(codecs.crc32c(Buffer.concat([head.subarray(6), rest]), 0, rest.length + 4), 2);
  return Buffer.concat([head, rest]);
}

/** The batch that KoP serves. */
function batchOf(golden: GoldenEntry): Uint8Array {
  const bytes = bytesOf(golden);
  const entry = new Entry(codecs, maxInflatedBytes);
  entry.open(bytes, 0, bytes.length);
  const out = new Uint8Array(entry.boundBytes);
  return out.subarray(0, entry.write(out, 0, 0, 0));
}

/** Our bytes for what KoP stored, without our property. */
function encodeAgain(golden: GoldenEntry, sequence: number): Buffer {
  const batch = batchOf(golden);
  const [found] = readBatches(batch);
  const { n, txn, control, pid, epoch } = found!;
  if (control) return encode('pulsar', [batch]);
  if (!txn && sequence === -1) return withoutProperty(encode('pulsar', [batch]), `${n}`);
  // KoP stores sequences, and serves none.
  const [id, own] = txn ? [pid, epoch] : [1, 0];
  setProducer(batch, 0, id, own, sequence);
  const text = `${n}:${id}:${own}:${sequence}:${sequence + n - 1}${txn ? 't' : ''}`;
  return withoutProperty(encode('pulsar', [batch]), text);
}

t.test('the pulsar format is that of KoP to the byte, but for one property', async (t) => {
  let same = 0;
  const others: string[] = [];
  for (const { partition, entries } of goldenPartitions()) {
    if (partition.includes('__')) continue;
    for (const golden of entries) {
      const stored = Buffer.from(golden.data, 'base64');
      // Without a checksum it is KoP's kafka format, with a name a Pulsar client's.
      if (stored.readUInt16BE(0) !== 0x0e01 || stored[11] !== 0) continue;
      const isSame =
        encodeAgain(golden, -1).equals(stored) || encodeAgain(golden, stored[13]!).equals(stored);
      if (isSame) same++;
      else others.push(`${partition} ${golden.index}`);
    }
  }
  // Records that came without a time: KoP reads the time of publishing from its own entries.
  t.strictSame(others, [
    'public/default/p-raw-partition-0 1',
    'public/default/p-raw-partition-2 2',
  ]);
  t.equal(same, 100);
});

t.test('Kafka’s batches stand behind the envelope as KoP writes it', async (t) => {
  const batch = buildBatch(shape({ compression: 4 }), 77);
  setPartitionLeaderEpoch(batch, 0, 9);
  const fields = [
    [1, ''],
    [2, 0],
    [3, nowMs],
    [4, property('entry.format', 'kafka')],
    [11, 1],
  ] as const;
  const envelope = buildEntry(fields, Buffer.alloc(0)).subarray(6);
  const mixed = encode('mixed_kafka', [batch]);
  t.strictSame(mixed, Buffer.concat([envelope, batch]));
  const kafka = encode('kafka', [batch]);
  t.strictSame(kafka.subarray(0, envelope.length), envelope);
  t.equal(kafka.readBigInt64BE(envelope.length), 0n, 'a producer’s base offset');
  t.equal(partitionLeaderEpoch(kafka, envelope.length), 9);
  t.strictSame(kafka.subarray(envelope.length + 8), Buffer.from(batch.subarray(8)));
});

t.test('several batches in one entry are each told of', async (t) => {
  const batches = [
    shape({ producer: { id: 4001, epoch: 2, sequence: 15 } }),
    shape({ appendTime: true }),
    shape({ producer: { id: 4002, epoch: 0, sequence: 0 }, compression: 1 }),
  ].map((each, i) => buildBatch(each, 100 + i));
  const entry = encode('pulsar', batches);
  t.ok(entry.includes('1:4001:2:15:15,1a,1:4002:0:0:0'));
  const { entry: opened } = decodeEntry(entry);
  const list = opened.batches;
  t.equal(list.count, 3);
  const of = (array: ArrayLike<number>) => Array.from(array).slice(0, 3);
  t.strictSame(of(list.producerIds), [4001, -1, 4002]);
  t.strictSame(of(list.producerEpochs), [2, -1, 0]);
  t.strictSame(of(list.firstSequences), [15, -1, 0]);
  t.strictSame(of(list.lastSequences), [15, -1, 0]);
  t.strictSame(of(list.records), [1, 1, 1]);
  const many = Array.from({ length: MAX_MERGED_BATCHES + 1 }, () => batches[0]!);
  t.throws(() => encode('pulsar', many), { name: 'RangeError' });
  const ended = buildBatch(
    shape({ transactional: true, producer: { id: 1, epoch: 0, sequence: 0 } }),
    0,
  );
  t.throws(() => encode('pulsar', [ended, ended]), { name: 'EntryFault', code: 'unsupported' });
});

t.test('a property that is none of ours is no list of batches', async (t) => {
  const batch = buildBatch(shape(), 0);
  const entry = encode('pulsar', [batch]);
  for (const value of [
    '',
    '2',
    '1,',
    '1:1',
    '1:1:1:1',
    '1:1:1:1:2',
    '1:1:99999:1:1',
    '0',
    '1x',
    '9'.repeat(20),
  ]) {
    const payloadAt = 10 + entry.readUInt32BE(6);
    const fields = [
      [1, ''],
      [2, 0],
      [3, 5],
      [4, property('kopje.batches', value)],
      [11, 1],
    ] as const;
    const { entry: opened, batches } = decodeEntry(buildEntry(fields, entry.subarray(payloadAt)));
    t.strictSame([opened.batches.count, batches.length, batches[0]?.pid], [0, 1, -1], value);
  }
});

t.test('the end of a transaction', async (t) => {
  for (const type of [0, 1]) {
    const builder = new RecordBatchBuilder({
      producerId: 12,
      producerEpoch: 3,
      transactional: true,
      control: true,
      baseOffset: 100,
    });
    builder.append(nowMs, Buffer.from([0, 0, 0, type]), Buffer.from([0, 0, 0, 0, 0, 8]));
    const batch = builder.finish();
    setPartitionLeaderEpoch(batch, 0, 3);
    for (const format of ['pulsar', 'kafka', 'mixed_kafka'] as const) {
      const { entry, batches } = decodeEntry(encode(format, [batch]));
      t.equal(entry.kind, format === 'pulsar' ? 'control' : 'kafka');
      t.strictSame(batches, readBatches(batch), format);
    }
  }
  const odd = new RecordBatchBuilder({ producerId: 1, transactional: true, control: true });
  odd.append(nowMs, Buffer.from([0, 0, 0, 2]), null);
  t.throws(() => encode('pulsar', [odd.finish()]), { name: 'EntryFault', code: 'unsupported' });
});

t.test('headers that are no text are told beside what Pulsar’s clients read', async (t) => {
  const headers = [
    { key: 'text', value: Buffer.from('ok') },
    { key: 'binary', value: Buffer.from([0xff, 0x00, 0xc3]) },
    { key: 'none', value: null },
    { key: '~~', value: Buffer.from('odd name') },
  ];
  const batch = Buffer.from(
    buildBatch(shape({ records: [{ key: null, value: null, timestamp: 1, headers }] }), 100),
  );
  batch.set([0xc0, 0x80], batch.indexOf('~~'));
  setBatchCrc(batch, 0, codecs.crc32c(batch, BATCH_FIELD.attributes, batch.length));
  const entry = encode('pulsar', [batch]);
  t.ok(entry.includes(message([1, property('binary', '\ufffd\0\ufffd')])));
  t.ok(entry.includes(message([1, property('none', '')])));
  t.ok(entry.includes(message([1, property('kopje.headers', '1:/wDD,2,3@wIA=')])));
  const decoded = new Entry(codecs, maxInflatedBytes);
  decoded.open(entry, 0, entry.length);
  const out = Buffer.alloc(decoded.boundBytes);
  const end = decoded.write(out, 0, 100, -1);
  t.strictSame(out.subarray(61, end), batch.subarray(61));
});

t.test('an entry that does not fit is told by -1, at every size', async (t) => {
  const records = shape().records.concat({
    key: null,
    value: Buffer.alloc(300),
    timestamp: 1,
    headers: [{ key: 'a', value: Buffer.from('b') }],
  });
  for (const format of ['pulsar', 'kafka'] as const) {
    for (const keeps of [false, true]) {
      const batches = [buildBatch(shape({ records, compression: 3 }), 0)];
      const whole = encode(format, batches, keeps);
      const encoder = new EntryEncoder(codecs, maxInflatedBytes);
      encoder.keepsCompression = keeps;
      for (let room = 0; room < whole.length; room++) {
        const out = Buffer.alloc(room + 8, 0xaa);
        const end = encoder.encode(format, batches, 0, 1, nowMs, out, 0, room);
        if (end !== -1) t.fail(`${format} in ${room} bytes: ${end}`);
        if (!out.subarray(room).every((byte) => byte === 0xaa)) t.fail(`${format} past ${room}`);
      }
      t.ok(whole.length > 100);
    }
  }
});

t.test('batches that cannot be encoded', async (t) => {
  const holed = buildBatch(shape(), 0);
  setLastOffsetDelta(holed, 0, 5);
  t.throws(() => encode('pulsar', [holed]), { name: 'EntryFault', code: 'unsupported' });
  const cut = buildBatch(shape(), 0);
  cut[61] = 0x7f;
  t.throws(() => encode('pulsar', [cut]), { name: 'EntryFault', code: 'corrupt' });
  const packed = buildBatch(shape({ compression: 4 }), 0);
  packed.fill(0, 61);
  t.throws(() => encode('pulsar', [packed]), { name: 'EntryFault', code: 'corrupt' });
  const records = [{ key: null, value: Buffer.alloc(5000), timestamp: 1, headers: [] }];
  const large = buildBatch(shape({ records, compression: 4 }), 0);
  const small = new EntryEncoder(codecs, 1000);
  const out = Buffer.alloc(10_000);
  t.throws(() => small.encode('pulsar', [large], 0, 1, nowMs, out, 0, out.length), {
    name: 'EntryFault',
    code: 'too-large',
  });
});
