import t from 'tap';
import { RecordBatchBuilder } from '../../../engine/protocol/kafka/record-batch-builder.js';
import { decodeMessage, type PulsarMessage } from '../../../workers/payload/pulsar-payload.js';
import { codecs } from '../format/read-records.js';

/** A message with the interface of the `pulsar-client` package, which installs only where its binary is. */
function messageOf(data: Buffer, properties = { 'entry.format': 'kafka' }): PulsarMessage {
  return {
    getTopicName: () => 'persistent://public/default/t-partition-1',
    getProperties: () => properties,
    getData: () => data,
    getMessageId: () => ({ toString: () => '(3,4,1,-1)' }),
  };
}

function batch(compression = 0): Buffer {
  const builder = new RecordBatchBuilder({});
  builder.append(5, Buffer.from('k'), Buffer.alloc(500, 'v'), [{ key: 'h', value: null }]);
  builder.append(7, null, null);
  const plain = Buffer.from(builder.finish());
  if (compression === 0) return plain;
  const packed = codecs.compress(compression, plain, 61, plain.length);
  const whole = Buffer.concat([plain.subarray(0, 61), packed]);
  whole.writeInt32BE(whole.length - 12, 8);
  whole.writeUInt16BE(compression, 21);
  whole.writeUInt32BE(codecs.crc32c(whole, 21, whole.length), 17);
  return whole;
}

const origin = {
  topic: 'persistent://public/default/t-partition-1',
  messageId: '(3,4,1,-1)',
  offset: null,
  isTransactional: false,
};
const records = [
  {
    ...origin,
    key: Buffer.from('k'),
    value: Buffer.alloc(500, 'v'),
    headers: [{ key: 'h', value: null }],
    timestamp: 5,
  },
  { ...origin, key: null, value: null, headers: [], timestamp: 7 },
];

t.test('every compression, and several batches', async (t) => {
  for (const compression of [0, 1, 2, 3, 4]) {
    t.strictSame(decodeMessage(messageOf(batch(compression))), records, `codec ${compression}`);
  }
  const two = Buffer.concat([batch(), batch(4)]);
  t.strictSame(decodeMessage(messageOf(two, { 'entry.format': 'mixed_kafka' })), [
    ...records,
    ...records,
  ]);
});

t.test('any other message is left to its client', async (t) => {
  t.equal(decodeMessage(messageOf(batch(), { 'entry.format': 'pulsar' })), null);
  t.equal(decodeMessage(messageOf(batch(), {} as { 'entry.format': string })), null);
});

t.test('what is not whole is refused', async (t) => {
  const refused = {
    name: 'UnreadablePayload',
    message: /t-partition-1: the message \(3,4,1,-1\).*Do not acknowledge it/s,
  };
  t.throws(() => decodeMessage(messageOf(Buffer.alloc(0))), refused);
  for (const size of [1, 16, 17, 60, 61, batch().length - 1]) {
    t.throws(() => decodeMessage(messageOf(batch().subarray(0, size))), refused, `${size} bytes`);
  }
  const damaged = batch(1);
  damaged[80] = (damaged[80] as number) ^ 1;
  t.throws(() => decodeMessage(messageOf(damaged)), refused);
  t.throws(() => decodeMessage(messageOf(batch(4)), { maxInflatedBytes: 100 }), refused);
});
