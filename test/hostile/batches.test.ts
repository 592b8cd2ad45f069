/** Record sets that lie: each gets Kafka's error, none of it is ever read, and the next sound one is taken. */
import t, { type Test } from 'tap';
import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import { Compression, loadCodecs } from '../../native/index.js';
import { metadataExchange, produceExchange } from '../exchanges.js';
import { encodeBatch, encodeRecord } from '../native/samples.js';
import { frameOf, type RawClient } from '../raw-client.js';
import { batchOf, createTopic, fetch, produce, valuesIn } from '../whole/records.js';
import { buildBatch, seal } from '../workers/batch/build-batch.js';
import { Neighbour } from './neighbour.js';
import { WatchedBroker } from './watched-broker.js';

// All of it together, on a machine with other work to do.
t.setTimeout(120_000);

const mebibyte = 2 ** 20;
const headerBytes = 61;
const { CORRUPT_MESSAGE, INVALID_RECORD, MESSAGE_TOO_LARGE, INVALID_TIMESTAMP } = ErrorCode;
const { INVALID_TXN_STATE, UNSUPPORTED_COMPRESSION_TYPE } = ErrorCode;

/** A sound batch with something done to it; `sealed`: with the right CRC again. */
function changed(change: (batch: Buffer) => void, sealed = true): Buffer {
  const batch = Buffer.from(buildBatch({ records: [{ key: 'a' }, { key: 'b' }] }));
  change(batch);
  if (sealed) seal(batch);
  return batch;
}

/** A message set of magic 0 or 1, as clients before 0.11 sent them. */
function messageSet(magic: 0 | 1): Buffer {
  const times = magic === 1 ? 8 : 0;
  const message = Buffer.alloc(34 + times);
  message.writeInt32BE(message.length - 12, 8);
  message[16] = magic;
  message.writeInt32BE(-1, 18 + times);
  message.writeInt32BE(8, 22 + times);
  return message;
}

const liars: readonly [string, Buffer, number][] = [
  ['nothing', Buffer.alloc(0), INVALID_RECORD],
  ['a byte', Buffer.alloc(1), INVALID_RECORD],
  ['zeros', Buffer.alloc(100), CORRUPT_MESSAGE],
  ['a message set v0', messageSet(0), INVALID_RECORD],
  ['a message set v1', messageSet(1), INVALID_RECORD],
  ['a magic to come', changed((batch) => batch.writeInt8(3, 16)), CORRUPT_MESSAGE],
  ['a wrong CRC', changed((batch) => batch.writeInt32BE(0, 17), false), CORRUPT_MESSAGE],
  [
    'a flipped bit',
    changed((batch) => batch.writeInt8(1, headerBytes + 5), false),
    CORRUPT_MESSAGE,
  ],
  ['a negative length', changed((batch) => batch.writeInt32BE(-1, 8)), CORRUPT_MESSAGE],
  [
    'a length beyond the set',
    changed((batch) => batch.writeInt32BE(2 ** 31 - 1, 8)),
    INVALID_RECORD,
  ],
  [
    'more records than bytes',
    changed((batch) => batch.writeInt32BE(2 ** 31 - 1, 57)),
    INVALID_RECORD,
  ],
  ['fewer records', changed((batch) => batch.writeInt32BE(1, 57)), INVALID_RECORD],
  ['no records', changed((batch) => batch.writeInt32BE(0, 57)), INVALID_RECORD],
  ['a negative count', changed((batch) => batch.writeInt32BE(-1, 57)), INVALID_RECORD],
  ['a last delta beyond', changed((batch) => batch.writeInt32BE(9, 23)), INVALID_RECORD],
  ['a negative last delta', changed((batch) => batch.writeInt32BE(-1, 23)), INVALID_RECORD],
  ['a base offset', changed((batch) => batch.writeInt32BE(7, 4)), INVALID_RECORD],
  ['a control batch', changed((batch) => batch.writeInt16BE(0x20, 21)), INVALID_RECORD],
  ['a codec of nobody', changed((batch) => batch.writeInt16BE(7, 21)), INVALID_RECORD],
  ['no zstd inside', changed((batch) => batch.writeInt16BE(4, 21)), INVALID_RECORD],
  [
    'a record that is too long',
    changed((batch) => batch.writeUInt8(0x7e, headerBytes)),
    INVALID_RECORD,
  ],
  [
    'a record of negative length',
    changed((batch) => batch.writeUInt8(1, headerBytes)),
    INVALID_RECORD,
  ],
  ['two batches', Buffer.concat([batchOf('x'), batchOf('y')]), INVALID_RECORD],
  [
    'a day in the far future',
    Buffer.from(buildBatch({ baseTimestamp: 2 ** 48 })),
    INVALID_TIMESTAMP,
  ],
];

async function valuesOf(client: RawClient, topic: string): Promise<string[]> {
  const answer = await fetch(client, topic, [{ partition: 0, fetchOffset: 0 }]);
  return valuesIn(answer.responses[0]?.partitions[0]?.records).values;
}

t.test('each gets its error, and nothing of it is kept', async (t) => {
  const broker = await WatchedBroker.start(t);
  const neighbour = await Neighbour.start(t, broker);
  const client = await broker.connect(t);
  await createTopic(client, 'a', 1);
  const before = await broker.holdings();
  for (const [at, [what, records, wanted]] of liars.entries()) {
    const { errorCode, baseOffset } = await produce(client, 'a', 0, records);
    t.same([errorCode, baseOffset], [wanted, -1], what);
    t.equal((await produce(client, 'a', 0, batchOf(`after ${at}`))).baseOffset, at);
  }
  t.same(
    await valuesOf(client, 'a'),
    liars.map((_, at) => `after ${at}`),
  );
  await neighbour.stop();
  t.strictSame(await broker.excess(before), {});
  const [told] = broker.lines;
  const place = { peer: '/127.0.0.1', clientId: 'raw-client', topic: 'a', partition: 0 };
  t.match(told, { ...place, error: 'INVALID_RECORD', msg: /it is too short to hold a batch/ });
  t.ok(broker.lines.every(({ msg }) => /record sets? w(as|ere) refused/.test(msg)));
  t.ok(broker.lines.length < liars.length / 2, `${broker.lines.length} lines`);
});

/** A batch of one record whose value inflates to `bytes` of zeros. */
function bomb(compression: number, bytes: number): Buffer {
  const codecs = loadCodecs();
  const record = encodeRecord({ key: null, value: Buffer.alloc(bytes) }, 0);
  const packed = codecs.compress(compression, record, 0, record.length);
  return encodeBatch(packed, 1, codecs, { attributes: compression });
}

async function explodes(t: Test, maxInflatedBytes: number, bombBytes: number): Promise<void> {
  const broker = await WatchedBroker.start(t, { maxInflatedBytes });
  const neighbour = await Neighbour.start(t, broker);
  const client = await broker.connect(t);
  await createTopic(client, 'a', 1);
  const before = await broker.holdings();
  const { gzip, snappy, lz4, zstd } = Compression;
  for (const [name, compression] of Object.entries({ gzip, snappy, lz4, zstd })) {
    const records = bomb(compression, bombBytes);
    const { errorCode } = await produce(client, 'a', 0, records);
    // A bomb that is larger than any message is refused without a look inside.
    t.equal(errorCode, MESSAGE_TOO_LARGE, `${name}: ${records.length} bytes`);
  }
  t.same(await valuesOf(client, 'a'), []);
  await neighbour.stop();
  t.strictSame(await broker.excess(before), {});
}

t.test('decompression bombs of every codec', (t) => explodes(t, mebibyte, 16 * mebibyte));

t.test(
  'versions of Produce that Kafka has given up, and codecs that they do not know',
  async (t) => {
    const broker = await WatchedBroker.start(t);
    const client = await broker.connect(t);
    await createTopic(client, 'a', 1);
    const topicData = (records: Buffer) => [{ name: 'a', partitionData: [{ index: 0, records }] }];
    const zstd = bomb(Compression.zstd, 10);
    const asked = { acks: 1, timeoutMs: 1_000, topicData: topicData(zstd) };
    const old = await client.ask(produceExchange, asked, 6);
    const { errorCode } = old.responses[0]!.partitionResponses[0]!;
    t.equal(errorCode, UNSUPPORTED_COMPRESSION_TYPE, 'zstd before version 7');
    const transactional = changed((batch) => batch.writeInt16BE(0x10, 21));
    const within = { ...asked, transactionalId: 'x', topicData: topicData(transactional) };
    const refused = await client.ask(produceExchange, within, 9);
    t.equal(refused.responses[0]!.partitionResponses[0]!.errorCode, INVALID_TXN_STATE);
    for (const version of [0, 1, 2]) {
      const frame = frameOf(metadataExchange, { topics: [] }, 4, 1);
      frame.writeInt16BE(0, 4);
      frame.writeInt16BE(version, 6);
      t.equal((await broker.sayAndListen(frame)).length, 0, `version ${version} is closed`);
    }
  },
);
