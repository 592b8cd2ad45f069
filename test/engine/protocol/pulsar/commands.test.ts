import t from 'tap';
import {
  commandNumber,
  decodeCommand,
  encodeCommand,
  serverErrorName,
} from '../../../../engine/protocol/pulsar/commands.js';
import { PulsarFormatError } from '../../../../engine/protocol/pulsar/format-error.js';
import { commandFrame } from '../../../../engine/protocol/pulsar/frames.js';
import fc from '../../../fast-check.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

t.test('frames are those that a real broker was seen to take', async (t) => {
  const connect = commandFrame('connect', {
    clientVersion: 'x',
    protocolVersion: 20,
    featureFlags: { brokerEntryMetadata: true },
  });
  t.equal(hex(connect), '000000110000000d080212090a017820145202' + '1001');
  const flow = commandFrame('flow', { consumerId: 1, messagePermits: 100 });
  t.equal(hex(flow), '0000000c00000008080b5a0408011064');
  const subscribe = commandFrame('subscribe', {
    topic: 'persistent://a/b/c',
    subscription: 's',
    subType: 0,
    consumerId: 0,
    requestId: 1,
    durable: false,
    startMessageId: { ledgerId: 3, entryId: 1 },
  });
  const command = decodeCommand(subscribe.subarray(8));
  t.match(command, { name: 'subscribe', fields: { startMessageId: { ledgerId: 3, entryId: 1 } } });
  t.equal(hex(subscribe).slice(-16), '40004a0408031001', 'non-durable, from 3:1');
});

t.test('commands come back as they were written', async (t) => {
  const topics = ['persistent://a/b/c-partition-0', 'persistent://a/b/ü'];
  const list = { requestId: 7, topics, filtered: false, topicsHash: 'h', changed: true };
  t.strictSame(decodeCommand(encodeCommand('getTopicsOfNamespaceResponse', list)), {
    name: 'getTopicsOfNamespaceResponse',
    fields: list,
  });
  const none = { producerId: 3, requestId: -1 };
  t.strictSame(decodeCommand(encodeCommand('closeProducer', none))?.fields, none, '2^64 - 1');
  t.strictSame(decodeCommand(encodeCommand('ping', {})), { name: 'ping', fields: {} });
  t.equal(serverErrorName(25), 'ProducerFenced');
  t.equal(serverErrorName(99), 'ServerError 99');
});

t.test('what is unknown is passed over; what is broken is refused', async (t) => {
  const success = encodeCommand('success', { requestId: 5 });
  // CommandSuccess.schema (2) is none of ours.
  const longer = Buffer.from([...success.subarray(0, 3), 5, ...success.subarray(4), 0x12, 1, 0x41]);
  t.strictSame(decodeCommand(longer), { name: 'success', fields: { requestId: 5 } });
  t.equal(decodeCommand(Uint8Array.of(0x08, 10, 0x52, 0)), null, 'ACK is not for us');
  t.throws(() => decodeCommand(Uint8Array.of(0x08, 13, 0x6a, 0)), /requestId is missing/);
  t.throws(() => decodeCommand(Uint8Array.of(0x08, 13)), PulsarFormatError);
  t.throws(() => commandNumber(Uint8Array.of(0x10, 13)), PulsarFormatError);
  t.throws(() => decodeCommand(Uint8Array.of(0x08, 13, 0x6a, 9, 1)), PulsarFormatError);
});

t.test('any bytes are decoded or refused with PulsarFormatError', async (t) => {
  const sample = encodeCommand('producerSuccess', {
    requestId: 9,
    producerName: 'p',
    topicEpoch: 4,
  });
  const mutated = fc
    .array(fc.tuple(fc.nat(sample.length - 1), fc.nat(255)), { maxLength: 4 })
    .map((edits) => {
      const bytes = Uint8Array.from(sample);
      for (const [at, byte] of edits) bytes[at] = byte;
      return bytes;
    });
  let refused = 0;
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 40 })), (bytes) => {
      try {
        decodeCommand(bytes);
      } catch (error) {
        refused++;
        return error instanceof PulsarFormatError;
      }
      return true;
    }),
    { numRuns: 3000 },
  );
  t.ok(refused > 0, `${refused} of 3000 refused`);
});
